import type { GatekeeperEvent } from './event.ts';
import { termHash } from './pseudonym.ts';
import { sixKeys } from './rows.ts';
import { longestDelayMs, type EventQuery, type StoredEvent, type TallyQuery } from './store.ts';
import { tallyReader, tallyStatement } from './tally-query.ts';
import type { Tally } from './tallies.ts';
import { termOf } from './terms.ts';

/** Asks the server, and gives its rows as arrays. */
export type Query = (text: string, values: readonly unknown[]) => Promise<readonly (readonly unknown[])[]>;

/** Events that are read at once. */
const eventsAtOnce = 500;

/** An array for each column of the table, as `unnest` takes them. */
export function columnsOf(tallies: readonly Tally[]): readonly (readonly (string | number)[])[] {
  const keys = tallies.map(sixKeys);
  const column = (of: (tally: Tally) => string | number) => tallies.map(of);
  return [
    column(({ topic }) => topic),
    column(({ at }) => at),
    ...[0, 1, 2, 3, 4, 5].map((place) => keys.map((each) => each[place] ?? '')),
    column(({ count }) => count),
    column(({ recipients }) => recipients),
    column(({ bytes }) => bytes),
    column(({ first }) => first),
    column(({ last }) => last),
    column(({ hours }) => hours),
    column(({ sample }) => sample),
  ];
}

export function storedEvent([place, body]: readonly unknown[]): StoredEvent {
  return { place: Number(place), event: JSON.parse(String(body)) as GatekeeperEvent };
}

/** By batches, each of which is asked for when the one before was taken. */
export async function* readEvents(
  query: Query,
  key: string,
  { since, until, after = 0, mentions, order }: EventQuery,
): AsyncGenerator<readonly StoredEvent[]> {
  const isBackwards = order === 'newest-first';
  const bounds = await placesBetween(query, since, until);
  const span = [since?.getTime() ?? -1e15, until?.getTime() ?? 1e15];
  const hash = mentions === undefined ? undefined : termHash(key, termOf(mentions));
  let [low, high] = [Math.max(after, bounds.low), bounds.high];
  for (;;) {
    const places = await nextPlaces(query, { low, high, hash, isBackwards });
    const last = places.at(-1);
    if (last === undefined) return;
    if (isBackwards) high = last;
    else low = last;
    const rows = await query(
      `SELECT place, body FROM gatekeeper.event WHERE place = ANY($1::bigint[]) AND time >= $2 AND time < $3
       ORDER BY place ${isBackwards ? 'DESC' : ''}`,
      [places, ...span],
    );
    yield rows.map(storedEvent);
  }
}

interface Next {
  readonly low: number;
  readonly high: number;
  readonly hash: number | undefined;
  readonly isBackwards: boolean;
}

/** First the places alone: so the server goes by the index that is meant, whatever it thinks of how often a name occurs. */
async function nextPlaces(query: Query, { low, high, hash, isBackwards }: Next): Promise<number[]> {
  const table = hash === undefined ? 'event' : 'term';
  const rows = await query(
    `SELECT place FROM gatekeeper.${table} WHERE place > $1 AND place < $2 ${hash === undefined ? '' : 'AND hash = $3'}
     ORDER BY place ${isBackwards ? 'DESC' : ''} LIMIT ${eventsAtOnce}`,
    [low, high, ...(hash === undefined ? [] : [hash])],
  );
  return rows.map(([place]) => Number(place));
}

/** Between which places everything lies that fell in a span of time; both are not among them. */
async function placesBetween(
  query: Query,
  since: Date | undefined,
  until: Date | undefined,
): Promise<{ low: number; high: number }> {
  const one = async (sql: string, time: number) => (await query(sql, [time]))[0]?.[0];
  const low =
    since &&
    (await one(
      'SELECT place FROM gatekeeper.event WHERE time < $1 ORDER BY time DESC LIMIT 1',
      since.getTime() - longestDelayMs,
    ));
  const high =
    until &&
    (await one(
      'SELECT place FROM gatekeeper.event WHERE time >= $1 ORDER BY time LIMIT 1',
      until.getTime() + longestDelayMs,
    ));
  return { low: Number(low ?? 0), high: Number(high ?? Number.MAX_SAFE_INTEGER) };
}

const dialect = {
  parameter: (number: number) => `$${number}`,
  hours: 'bit_or(hours)',
  sample: `substr(max(CASE WHEN sample = '' THEN '' ELSE lpad(last::text, 15, '0') || sample END), 16)`,
};

export async function readTallies(query: Query, asked: TallyQuery): Promise<readonly Tally[]> {
  const { sql, values } = tallyStatement('gatekeeper.tally', asked, dialect);
  return (await query(sql, values)).map(tallyReader(asked));
}
