import { z } from 'zod';
import { eventSchema } from '../plugins/core/events/event.ts';

/** What of a JSON Schema the fields of an event have. */
interface FieldSchema {
  readonly type: string;
  readonly description: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: FieldSchema;
}

const heading = `// Made of the schema of events by \`npm run generate\`.

/** One decision of the gateway. Within a version of the format fields are only added, and what is absent does not apply. */
export interface GatekeeperEvent {`;

/** The type of events as people read it, which TypeScript would show as what the schema library makes of it. */
export function eventInterface(): string {
  const { properties, required } = z.toJSONSchema(eventSchema) as unknown as {
    readonly properties: Readonly<Record<string, FieldSchema>>;
    readonly required: readonly string[];
  };
  const fields = Object.entries(properties).map(([name, schema]) => {
    const type = typeOf(schema);
    const member = required.includes(name) ? `${name}: ${type}` : `${name}?: ${type} | undefined`;
    return `${comment(schema.description)}\n${wrapped(`  readonly ${member};`)}`;
  });
  return `${heading}\n${fields.join('\n')}\n}\n`;
}

function typeOf({ type, items, ...schema }: FieldSchema): string {
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (values) return values.map((value) => literal(value)).join(' | ');
  if (type === 'array' && items) return `readonly ${typeOf(items)}[]`;
  return type === 'integer' ? 'number' : type;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

const longestLine = 110;

/** One value a line, where all of them are too many for one. */
function wrapped(line: string): string {
  if (line.length <= longestLine) return line;
  const [name = '', type = ''] = line.split(/: (.*)/s);
  return [`${name}:`, ...type.split(' | ').map((value) => `    | ${value}`)].join('\n');
}

/** In one line, or in as many as it needs. */
function comment(text: string): string {
  const sentence = text.endsWith('…') ? text : `${text}.`;
  const line = `  /** ${sentence} */`;
  if (line.length <= longestLine) return line;
  const lines = [''];
  for (const word of sentence.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (`   * ${last} ${word}`.length > longestLine) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return ['  /**', ...lines.map((each) => `   * ${each}`), '   */'].join('\n');
}
