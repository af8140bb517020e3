import type { Digest, KeyColumn, Numbers } from './digest.ts';
import type { TallyQuery } from './store.ts';
import { keyText, topics } from './tallies.ts';

/** Of a key that a topic does not have. */
export const noKeys: KeyColumn = { names: [], codes: new Uint8Array() };

/** By the place of a key, which values are meant. */
export type Wanted = ReadonlyMap<number, ReadonlySet<string>>;

/** Throws where a key is asked for that there is not. */
export function wantedBy({ topic, where = {} }: TallyQuery): Wanted {
  const names: readonly string[] = topics[topic].keys;
  const unknown = Object.keys(where).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`no tally has the key ${unknown}`);
  return new Map(
    Object.entries(where).map(([name, value]) => [names.indexOf(name), new Set([value].flat().map(keyText))]),
  );
}

/** The rows of a day that a query is about, in their order. */
export function rowsIn({ length, keys }: Digest, query: TallyQuery): Int32Array {
  const wanted = [...wantedBy(query)].map(([place, values]) => ({
    ...(keys[place] ?? noKeys),
    values,
    place,
  }));
  const first = wanted.find(({ place }) => place === 0);
  let rows = first ? rowsOfFirst(first) : new Int32Array(length).map((_, row) => row);
  for (const { names, codes, values, place } of wanted) {
    if (place === 0) continue;
    const isWanted = Uint8Array.from(names, (name) => Number(values.has(name)));
    rows = rows.filter((row) => isWanted[codes[row] ?? 0] === 1);
  }
  return rows;
}

/** Those with some of the first keys: a day is in their order. */
function rowsOfFirst({
  names,
  codes,
  values,
}: KeyColumn & { readonly values: ReadonlySet<string> }): Int32Array {
  const spans = [...names.keys()]
    .filter((code) => values.has(names[code] ?? ''))
    .map((code) => ({ begin: placeOf(codes, code), end: placeOf(codes, code + 1) }));
  const rows = new Int32Array(spans.reduce((sum, { begin, end }) => sum + end - begin, 0));
  let filled = 0;
  for (const { begin, end } of spans) {
    for (let row = begin; row < end; row += 1) rows[filled++] = row;
  }
  return rows;
}

/** Where the first is that is no less, of numbers in their order. */
function placeOf(sorted: Numbers, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
