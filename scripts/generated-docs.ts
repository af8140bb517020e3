import type { z } from 'zod';
import { eventSchema } from '../plugins/core/event.ts';
import { replies } from '../plugins/core/replies.ts';

/** Tables of the documentation that are made from the source, by the name in their marker. */
const tables: Readonly<Record<string, () => string>> = {
  replies: () =>
    table(
      ['reason', 'reply'],
      Object.entries(replies).map(([reason, { code, status, text }]) => [
        `\`${reason}\``,
        `${code} ${status} ${text}`,
      ]),
    ),
  refusals: () =>
    table(
      ['the client heard', 'reason'],
      Object.entries(replies)
        .map(([reason, { code, status, text }]) => [`${code} ${status} ${text}`, `[${reason}](#${reason})`])
        .sort(([left = ''], [right = '']) => left.localeCompare(right, 'en')),
    ),
  event: () =>
    table(
      ['field', 'what'],
      Object.entries(eventSchema.shape).map(([name, schema]) => [`\`${name}\``, descriptionOf(schema)]),
    ),
};

/** A page of the documentation with its tables as the source has them today. */
export function withTables(page: string): string {
  return page.replace(
    /(<!-- begin (\w+): [^\n]*-->\n)[\s\S]*?(<!-- end \2 -->)/g,
    (_match, begin: string, name: string, end: string) => {
      const make = tables[name];
      if (!make) throw new Error(`no table ${name}`);
      return `${begin}\n${make()}\n\n${end}`;
    },
  );
}

function descriptionOf(schema: z.ZodType): string {
  const optional = schema.safeParse(undefined).success ? ' (not always there)' : '';
  return `${schema.description ?? ''}${optional}`;
}

/** A table of Markdown, padded as prettier pads it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
