import type { z } from 'zod';
import { stringify } from 'yaml';
import { childrenOf } from '../plugins/core/settings/schema-tree.ts';
import { settingsSchema } from '../plugins/core/settings/settings.ts';

/** What the sample says for settings that have no default, because only the operator knows them. */
const examples: Readonly<Record<string, unknown>> = {
  'directory.urls': ['ldaps://ldap.example.com'],
  'directory.bind_dn': 'cn=gatekeeper,ou=services,dc=example,dc=com',
  'directory.base': 'ou=people,dc=example,dc=com',
};

/** Optional settings whose default would not show their form. */
const optionalExamples: Readonly<Record<string, unknown>> = {
  listeners: [{ port: 2525, role: 'mx' }],
  emergency: 'observe',
  nodes: [{ name: 'gateway-2', addresses: ['192.0.2.12', '2001:db8::12'] }],
  trusted_relays: [{ name: 'backup-mx', addresses: ['198.51.100.0/28'] }],
  'directory.bind_template': 'uid={login},ou=people,dc=example,dc=com',
  'directory.ca_file': 'ldap-ca.pem',
  'certificates.authorities_file': 'clients-ca.pem',
  'certificates.revocations_file': 'clients.crl',
  'directory.group_base': 'ou=groups,dc=example,dc=com',
  directories: [
    {
      ...{ name: 'other', login_domains: ['other.example', '*.other.example'] },
      ...{ urls: ['ldaps://ldap.other.example'], bind_dn: 'cn=gatekeeper,dc=other,dc=example' },
      ...{ bind_password_file: 'other.password', base: 'ou=people,dc=other,dc=example' },
    },
  ],
  identity_sources: [{ name: 'sqlite', login_domains: ['shop.example'] }],
  'directory.bind_password_file': 'ldap.password',
  'oauth.issuer': 'https://idp.example.com/realms/staff',
  'oauth.audience': 'gatekeeper',
  'oauth.jwks_url': 'https://idp.example.com/realms/staff/protocol/openid-connect/certs',
  'oauth.jwks_file': 'idp-keys.json',
  'audit.webhook.url': 'https://siem.example.com/gatekeeper',
  'audit.webhook.secret_file': 'webhook.key',
  'audit.webhook.authorization_file': 'webhook.token',
  'audit.webhook.ca_file': 'siem-ca.pem',
  'oauth.ca_file': 'idp-ca.pem',
  'tls.min_version': 'TLSv1.3',
  'tls.ciphers': 'ECDHE+AESGCM',
  'audit.spool_directory': '/var/spool/gatekeeper-events',
  'outbound.tls_reports': {
    organization: 'Example Corp',
    contact: 'postmaster@example.com',
    from: 'tls-reports@example.com',
  },
  'audit.digest': { to: ['postmaster@example.com'], at: '07:00' },
  'audit.postgresql': {
    host: 'db.example.com',
    database: 'mail',
    user: 'gatekeeper',
    password_file: 'db.password',
  },
  http: { host: '127.0.0.1', port: 8025 },
  'web.hosts': ['mail-admin.example.com'],
  'web.tls': { cert: 'web.pem', key: 'web.key' },
  'web.admins': ['cn=mail-admins,ou=groups,dc=example,dc=com'],
  'web.viewers': ['cn=helpdesk,ou=groups,dc=example,dc=com'],
};

const heading = `# yaml-language-server: $schema=gatekeeper.schema.json
# Settings of Gatekeeper: copy this file to config/gatekeeper.yaml of your Haraka.
# Lines that are commented out show the default, or an example where there is none.
# An unknown key, a wrong type or a key that stands twice stops the start with file, line and key.
# A change of this file is in force within seconds; one with a mistake is refused, and what was stays in force.
# Lists of domains, hosts, directories and identity sources may also stand in files of their own, gatekeeper.d/*.yaml.
`;

/** The commented sample of all settings, made from their schema. */
export function sampleSettings(): string {
  const lines = Object.entries(settingsSchema.shape).flatMap(([key, schema]) => [
    ...linesOf(key, key, schema, isSet(key, schema)).map(rendered),
    '',
  ]);
  return `${heading}\n${lines.join('\n')}`;
}

/** A line of the sample: `depth` in steps of indentation, commented out with the whole section or by itself. */
interface Line {
  readonly depth: number;
  readonly text: string;
  readonly isCommented: 'with-section' | 'alone' | 'no';
}

/** Inside a section that is commented out, comments must still be comments when the section is not. */
function rendered({ depth, text, isCommented }: Line): string {
  const indent = '  '.repeat(depth);
  if (isCommented === 'with-section') return `# ${indent}${text}`;
  return isCommented === 'alone' ? `${indent}# ${text}` : `${indent}${text}`;
}

function linesOf(key: string, name: string, schema: z.ZodType, isSectionSet: boolean): Line[] {
  const depth = name.split('.').length - 1;
  const isCommented = commentedIf(!isSectionSet && depth > 0);
  const comment = { depth, text: `# ${schema.description ?? ''}`, isCommented };
  const children = name in optionalExamples ? undefined : childrenOf(schema);
  if (!children) return [comment, ...valueLines(key, name, schema, isSectionSet || depth === 0)];
  // A heading with nothing below it would be a section without value.
  const isCommentedHere = isSectionSet && depth > 0 ? 'alone' : commentedIf(!isSectionSet);
  const heading = { depth, text: `${key}:`, isCommented: isCommentedHere } as const;
  const below = children.map(([child, each]) => linesOf(child, `${name}.${child}`, each, isSectionSet));
  return [comment, heading, ...below.flat()];
}

function valueLines(key: string, name: string, schema: z.ZodType, isSectionSet: boolean): Line[] {
  const value: unknown = examples[name] ?? optionalExamples[name] ?? schema.parse(undefined);
  const text = stringify({ [key]: value }, { lineWidth: 0, defaultStringType: 'PLAIN' });
  const alone = name in examples ? 'no' : 'alone';
  const isCommented = isSectionSet ? alone : 'with-section';
  const depth = name.split('.').length - 1;
  return text
    .trimEnd()
    .split('\n')
    .map((each) => ({ depth, text: each, isCommented }));
}

function commentedIf(condition: boolean): Line['isCommented'] {
  return condition ? 'with-section' : 'no';
}

/** Whether anything below a key has to be set by the operator: a key without a value would be a mistake. */
function isSet(name: string, schema: z.ZodType): boolean {
  if (name in examples) return true;
  return childrenOf(schema)?.some(([key, each]) => isSet(`${name}.${key}`, each)) ?? false;
}
