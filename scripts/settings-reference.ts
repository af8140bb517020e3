import { stringify } from 'yaml';
import { z } from 'zod';
import { childrenOf, elementOf } from '../plugins/core/settings/schema-tree.ts';
import { registries, settingsSchema } from '../plugins/core/settings/settings.ts';
import { table } from './generated-docs.ts';

/** The settings as a JSON Schema (draft 2020-12), by which editors complete and check `gatekeeper.yaml`. */
export function settingsJsonSchema(): string {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input' });
  return `${JSON.stringify({ ...schema, title: 'Settings of haraka-plugin-gatekeeper' }, null, 2)}\n`;
}

/** The page that lists every setting. */
export function settingsPage(): string {
  const entries = childrenOf(settingsSchema) ?? [];
  const values = entries.filter(([, schema]) => !childrenOf(schema));
  const sections = entries.filter(([, schema]) => childrenOf(schema));
  const tables = sections.map(
    ([key, schema]) => `## \`${key}\`\n\n${sentence(schema)}\n\n${tableOf(key, childrenOf(schema) ?? [])}`,
  );
  return `${[introduction, `## At the top\n\n${tableOf('', values)}`, ...tables].join('\n\n')}\n`;
}

const introduction = `# Settings

<!-- made by \`npm run generate\` from plugins/core/settings/settings.ts -->

All of these stand in \`config/gatekeeper.yaml\`. The lists ${registries.map((each) => `\`${each}\``).join(', ')} may also
stand in \`config/gatekeeper.d/*.yaml\`: what the files hold is put together, in the order of their names. A file that
begins with the line \`# yaml-language-server: $schema=gatekeeper.schema.json\` is completed and checked by editors that
know YAML; the package brings that schema in its folder \`config\`.`;

function tableOf(section: string, entries: readonly (readonly [string, z.ZodType])[]): string {
  const rows = entries.flatMap(([key, schema]) => rowsOf(section === '' ? key : `${section}.${key}`, schema));
  return table(['setting', 'type', 'default', 'what'], rows);
}

/** A row for a setting, and one for each key of it or of the entries of a list. */
function rowsOf(name: string, schema: z.ZodType): string[][] {
  const cells = [`\`${name}\``, typeOf(schema), defaultOf(schema), sentence(schema)];
  const element = elementOf(schema);
  const below = (element && childrenOf(element)) ?? [];
  const borrowed = sectionWithin(below);
  return [
    cells.map((cell) => cell.replaceAll('|', '\\|')),
    ...(childrenOf(schema) ?? []).flatMap(([key, each]) => rowsOf(`${name}.${key}`, each)),
    ...below
      .filter(([, each]) => !borrowed?.values.includes(each))
      .flatMap(([key, each]) => rowsOf(`${name}[].${key}`, each)),
    ...(borrowed
      ? [[`\`${name}[].…\``, '', '', `Every key of the section [\`${borrowed.key}\`](#${borrowed.key})`]]
      : []),
  ];
}

/** The section whose keys the entries of a list have, too. */
function sectionWithin(entries: readonly (readonly [string, z.ZodType])[]) {
  const schemas = new Set(entries.map(([, schema]) => schema));
  return (childrenOf(settingsSchema) ?? [])
    .map(([key, section]) => ({ key, values: (childrenOf(section) ?? []).map(([, each]) => each) }))
    .find(({ values }) => values.length > 0 && values.every((each) => schemas.has(each)));
}

function sentence(schema: z.ZodType): string {
  return schema.description ?? '';
}

interface JsonType {
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonType[];
  readonly items?: JsonType;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

function typeOf(schema: z.ZodType): string {
  if (childrenOf(schema)) return 'section';
  return describeType(z.toJSONSchema(schema, { io: 'input' }) as JsonType);
}

const words: Readonly<Record<string, string>> = { boolean: '`true` or `false`', object: 'sections' };

function describeType(type: JsonType): string {
  if (type.anyOf) return type.anyOf.map(describeType).join(' or ');
  if (type.const !== undefined) return type.const === '' ? 'empty' : `\`${type.const}\``;
  if (type.enum) return type.enum.map((value) => `\`${value}\``).join(' or ');
  if (type.items) return `list of ${describeType(type.items)}`;
  if (type.type === 'string') return type.maxLength ? `text of at most ${type.maxLength} characters` : 'text';
  if (type.minimum !== undefined)
    return `${type.type === 'integer' ? 'whole number' : 'number'}${range(type)}`;
  return words[type.type ?? ''] ?? 'anything';
}

function range({ minimum, maximum }: JsonType): string {
  const isOpen = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER;
  return isOpen ? ` from ${minimum ?? 0}` : ` from ${minimum ?? 0} to ${maximum}`;
}

function defaultOf(schema: z.ZodType): string {
  const { success, data } = schema.safeParse(undefined);
  if (!success) return 'has to be set';
  if (data === undefined) return 'none';
  return `\`${stringify(data, { lineWidth: 0, collectionStyle: 'flow' }).trim()}\``;
}
