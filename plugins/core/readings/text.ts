import { aligned, table, type Fact } from '../aligned.ts';
import type { Column, Finding, Report, Row, Section, Table } from './report.ts';

/** A report for a terminal or a mail: what was found and what to do first, then the figures. */
export function reportLines({ since, until, sections }: Report, most: number): string[] {
  return [
    `${timeText(since)} to ${timeText(until)} UTC`,
    ...sections.flatMap(findingLines),
    ...sections.flatMap((section) => tableLines(section, most)),
  ];
}

/** Of a section that reads something; some only count. */
function findingLines({ title, findings, noFindings }: Section): string[] {
  if (findings.length === 0) return noFindings === '' ? [] : ['', `${title}: ${noFindings}`];
  return [
    '',
    `${title}: ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`,
    ...findings.flatMap(linesOf),
  ];
}

function linesOf({ reading, subject, says, evidence, remedy }: Finding): string[] {
  const facts: Fact[] = [
    ['what', says],
    ['evidence', evidence],
    ['do', remedy],
  ];
  return ['', `  ${reading}: ${subject}`, ...aligned(facts).map((line) => `    ${line}`)];
}

function tableLines({ title, tables }: Section, most: number): string[] {
  const filled = tables.filter(({ rows }) => rows.length > 0);
  if (filled.length === 0) return ['', `${title}: ${tables[0]?.empty ?? 'nothing'}`];
  return filled.flatMap((each) => ['', `${title}: ${lowerFirst(each.title)}`, ...rowLines(each, most)]);
}

/** An abbreviation stays one. */
function lowerFirst(text: string): string {
  if (/^\p{Lu}{2}/u.test(text)) return text;
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function rowLines({ columns, rows, omitted }: Table, most: number): string[] {
  const shown = rows.slice(0, most);
  const cells = [
    columns.map(({ title }) => title),
    ...shown.map((row) => columns.map((column) => cellText(column, row))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const lines = cells.map((row) =>
    row.map((cell, index) => (isNumber(columns[index]) ? cell.padStart(widths[index] ?? 0) : cell)),
  );
  const more = rows.length - shown.length + omitted;
  const isWide = widths.reduce((total, width) => total + width + 2, 0) > widestTable;
  if (isWide) return [...shown.flatMap((row) => recordLines(columns, row)), ...moreLines(more)];
  return [...table(lines).map((line) => `  ${line}`), ...moreLines(more)];
}

function moreLines(more: number): string[] {
  return more > 0 ? [`  and ${more} more: -n shows more`] : [];
}

/** Wider than that a row is not read as one: its cells stand below each other then. */
const widestTable = 150;

function recordLines(columns: readonly Column[], row: Row): string[] {
  const facts = columns.map((column): Fact => [column.title, cellText(column, row)]);
  return ['', ...aligned(facts.filter(([, value]) => value !== '')).map((line) => `  ${line}`)];
}

function isNumber(column: Column | undefined): boolean {
  return column?.kind === 'count' || column?.kind === 'bytes';
}

function cellText({ name, kind }: Column, row: Row): string {
  const value = row[name] ?? '';
  if (typeof value === 'string') return value;
  if (kind === 'time') return timeText(value);
  return kind === 'bytes' ? bytesText(value) : String(value);
}

/** In UTC, to the minute. */
function timeText(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

function bytesText(octets: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, Math.abs(octets))) / 3));
  const value = octets / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power] ?? ''}`;
}
