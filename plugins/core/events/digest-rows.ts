import type { Digest, KeyColumn } from './digest.ts';
import type { TallyQuery } from './store.ts';
import { beginningOf, hourMs, keyText, topics } from './tallies.ts';

export const hoursOfDay = 24;

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
export function rowsIn({ topic, day, length, hour, keys }: Digest, query: TallyQuery): Int32Array {
  const hourOf = (time: number) => (time - day) / hourMs;
  const [from, until] = [hourOf(beginningOf(topic, query.since.getTime())), hourOf(query.until.getTime())];
  const isIn = (at: number) => at >= from && at < until;
  let rows = new Int32Array(length).map((_, row) => row);
  if (!isIn(0) || !isIn(hoursOfDay - 1)) rows = rows.filter((row) => isIn(hour[row] ?? 0));
  for (const [place, values] of wantedBy(query)) {
    const { names, codes } = keys[place] ?? noKeys;
    const isWanted = Uint8Array.from(names, (name) => Number(values.has(name)));
    rows = rows.filter((row) => isWanted[codes[row] ?? 0] === 1);
  }
  return rows;
}
