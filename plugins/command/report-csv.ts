import { printable } from '../core/json-line.ts';
import type { Column, Report, Row, Section, Table } from '../core/readings/report.ts';

/** A report as one table (RFC 4180): each row names its section and table, and has the columns of all. */
export function reportCsv({ sections }: Report): string {
  const tables = sections.flatMap((section) =>
    [findingsTable(section), ...section.tables].map((table) => ({ section: section.name, ...table })),
  );
  const names = [...new Set(tables.flatMap(({ columns }) => columns.map(({ name }) => name)))];
  const lines = tables.flatMap(({ section, name, columns, rows }) =>
    rows.map((row) => [section, name, ...names.map((each) => cellOf(row, columns, each))]),
  );
  return [['section', 'table', ...names], ...lines]
    .map((cells) => `${cells.map(quoted).join(',')}\r\n`)
    .join('');
}

function findingsTable({ findings }: Section): Pick<Table, 'name' | 'columns' | 'rows'> {
  const texts = ['reading', 'subject', 'says', 'evidence', 'remedy', 'networks'];
  return {
    name: 'findings',
    columns: [
      ...texts.map((name): Column => ({ name, title: name, kind: 'text' })),
      { name: 'count', title: 'count', kind: 'count' },
      ...['first', 'last'].map((name): Column => ({ name, title: name, kind: 'time' })),
    ],
    rows: findings.map(({ evidence, networks = [], ...finding }) => ({
      ...finding,
      evidence: evidence.join('; '),
      networks: networks.join(' '),
    })),
  };
}

function cellOf(row: Row, columns: readonly Column[], name: string): string | number {
  const value = row[name] ?? '';
  const isTime = columns.some((column) => column.name === name && column.kind === 'time');
  return isTime && typeof value === 'number' ? new Date(value).toISOString() : value;
}

/** A text that a spreadsheet would take for a formula begins with an apostrophe, by which it is a text there. */
function quoted(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const inert = /^\s*[=+\-@]|^[\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]|^\s|\s$/.test(inert) ? `"${printable(inert).replaceAll('"', '""')}"` : printable(inert);
}
