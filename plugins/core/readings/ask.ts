import type { TallyQuery } from '../events/store.ts';
import { topics, type Tally, type Topic } from '../events/tallies.ts';

/** What a report asks of a store of events. */
export type AskTallies = (query: TallyQuery) => Promise<readonly Tally[]>;

/** From when on, and until when, in milliseconds since 1970. */
export interface Period {
  readonly since: number;
  readonly until: number;
}

/** A tally by the names of its keys. */
export type Counted<T extends Topic> = Omit<Tally, 'topic' | 'keys'> &
  Readonly<Record<(typeof topics)[T]['keys'][number], string>>;

/** Asks for what was counted of a topic, by the names of its keys. */
export async function ask<T extends Topic>(
  tallies: AskTallies,
  topic: T,
  { since, until }: Period,
  how: Pick<TallyQuery, 'where' | 'by' | 'isOverTime' | 'most' | 'amounts'> = {},
): Promise<readonly Counted<T>[]> {
  const rows = await tallies({ topic, since: new Date(since), until: new Date(until), ...how });
  return rows.map((row) => named(row) as Counted<T>);
}

/** Built property by property, all of a topic in the same order: a report has a hundred thousand of them. */
function named({ topic, keys, at, count, recipients, bytes, first, last, hours, sample }: Tally): object {
  const row: Record<string, string | number> = { at, count, recipients, bytes, first, last, hours, sample };
  const names = topics[topic].keys;
  for (let index = 0; index < names.length; index += 1) row[names[index] ?? ''] = keys[index] ?? '';
  return row;
}
