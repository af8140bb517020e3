import { thresholds } from './thresholds.ts';
import type { Column, Finding, Row, Table } from './report.ts';

/** A count with its word: `1 network`, `500 networks`. */
export function so(count: number, word: string, words = `${word}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? word : words}`;
}

/** The first of many, and how many more there are. */
export function few(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** A time as it stands in sentences: to the minute, in UTC. */
export function when(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function span(first: number, last: number): string {
  return first === last ? when(first) : `${when(first)} to ${when(last)}`;
}

/** A word that may be copied to a shell: who attacks chooses the names of accounts and domains. */
export function shellWord(text: string): string {
  if (/^[\w@%+:,./][\w@%+=:,./-]*$/.test(text)) return text;
  return /^[\x20-\x7e]+$/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : 'ACCOUNT';
}

/** Those with the most events first, no more than a section has room for. */
export function mostFirst(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((one, other) => other.count - one.count).slice(0, thresholds.mostFindings);
}

/** A table of the first rows. */
export function tableOf(
  about: Pick<Table, 'name' | 'title' | 'about' | 'empty'>,
  columns: readonly Column[],
  rows: readonly Row[],
): Table {
  const shown = rows.slice(0, thresholds.mostRows);
  return { ...about, columns, rows: shown, omitted: rows.length - shown.length };
}

/** A table of the heaviest of many items, of which the others make no row. */
export function tableOfMost<T>(
  about: Pick<Table, 'name' | 'title' | 'about' | 'empty'>,
  columns: readonly Column[],
  { items, weightOf, rowOf }: Weighed<T>,
): Table {
  const shown = heaviest(items, thresholds.mostRows, weightOf);
  return { ...about, columns, rows: shown.map(rowOf), omitted: items.length - shown.length };
}

interface Weighed<T> {
  readonly items: readonly T[];
  readonly weightOf: (item: T) => number;
  readonly rowOf: (item: T) => Row;
}

/** The first of many items, the heaviest first; each is weighed once. */
export function heaviest<T>(items: readonly T[], most: number, weightOf: (item: T) => number): T[] {
  return items
    .map((item) => ({ item, weight: weightOf(item) }))
    .sort((one, other) => other.weight - one.weight)
    .slice(0, most)
    .map(({ item }) => item);
}

export function text(name: string, title: string): Column {
  return { name, title, kind: 'text' };
}

export function count(name: string, title: string): Column {
  return { name, title, kind: 'count' };
}

export const firstAndLast: readonly Column[] = [
  { name: 'first', title: 'first', kind: 'time' },
  { name: 'last', title: 'last', kind: 'time' },
];

/** Groups in the order in which their first member comes. */
export function groupsBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

export function sum<T>(items: Iterable<T>, amountOf: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += amountOf(item);
  return total;
}

/** Of first and last times, without the limit that a call has on arguments. */
export function reach(items: readonly { readonly first: number; readonly last: number }[]): {
  readonly first: number;
  readonly last: number;
} {
  return {
    first: items.reduce((least, { first }) => Math.min(least, first), Infinity),
    last: items.reduce((most, { last }) => Math.max(most, last), -Infinity),
  };
}

/** In how many hours of a day there was something. */
export function hoursIn(bits: number): number {
  let [rest, hours] = [bits, 0];
  for (; rest !== 0; rest &= rest - 1) hours += 1;
  return hours;
}
