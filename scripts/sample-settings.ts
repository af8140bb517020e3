import { z } from 'zod';
import { stringify } from 'yaml';
import { settingsSchema } from '../plugins/core/settings.ts';

/** What the sample says for settings that have no default, because only the operator knows them. */
const examples: Readonly<Record<string, unknown>> = {
  'directory.urls': ['ldaps://ldap.example.com'],
  'directory.bind_dn': 'cn=gatekeeper,ou=services,dc=example,dc=com',
  'directory.base': 'ou=people,dc=example,dc=com',
};

/** Optional settings: shown commented out. */
const optionalExamples: Readonly<Record<string, unknown>> = {
  'directory.ca_file': 'ldap-ca.pem',
  'directory.bind_password_file': 'ldap.password',
  http: { host: '127.0.0.1', port: 8025 },
};

const heading = `# Settings of Gatekeeper: copy this file to config/gatekeeper.yaml of your Haraka.
# Lines that are commented out show the default, or an example where there is none.
# An unknown key, a wrong type or a key that stands twice stops the start with file, line and key.
`;

/** The commented sample of all settings, made from their schema. */
export function sampleSettings(): string {
  return `${heading}\n${section(settingsSchema.shape, '', '').join('\n')}\n`;
}

type Shape = Readonly<Record<string, z.ZodType>>;

function section(shape: Shape, path: string, indent: string): string[] {
  return Object.entries(shape).flatMap(([key, schema]) => {
    const name = path === '' ? key : `${path}.${key}`;
    const comment = schema.description === undefined ? [] : [`${indent}# ${schema.description}`];
    const body = entry(key, name, schema, indent);
    return indent === '' ? [...comment, ...body, ''] : [...comment, ...body];
  });
}

function entry(key: string, name: string, schema: z.ZodType, indent: string): string[] {
  const inner = unwrap(schema);
  const isOptional = name in optionalExamples;
  if (inner instanceof z.ZodObject && !isOptional) {
    return [`${indent}${key}:`, ...section(inner.shape, name, `${indent}  `)];
  }
  if (name in examples) return yamlLines({ [key]: examples[name] }, indent);
  const shown = isOptional ? optionalExamples[name] : schema.parse(undefined);
  return yamlLines({ [key]: shown }, `${indent}# `);
}

function unwrap(schema: z.ZodType): unknown {
  const wrapped =
    schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional;
  return wrapped ? schema.unwrap() : schema;
}

function yamlLines(value: unknown, indent: string): string[] {
  return stringify(value, { lineWidth: 0, defaultStringType: 'PLAIN' })
    .trimEnd()
    .split('\n')
    .map((line) => indent + line);
}
