import type { GatekeeperEvent } from './event.ts';
import type { Change } from './ground.ts';
import { termHash } from './pseudonym.ts';
import { added, talliesOf, type Tally } from './tallies.ts';
import { termOf, textsOf } from './terms.ts';

/** What databases keep of some events: made before it is written, since meanwhile nobody else writes. */
export interface Rows {
  readonly times: readonly number[];
  /** As JSON. */
  readonly bodies: readonly string[];
  /** By which of them each event is found; in the order of the hashes. */
  readonly terms: readonly Term[];
  /** Each key once. */
  readonly tallies: readonly Tally[];
}

export interface Term {
  readonly hash: number;
  /** Of the event among the others. */
  readonly index: number;
}

/** The rows of events, in which they are found by hashes under this key. */
export function rowsOf(key: string, events: readonly GatekeeperEvent[]): Rows {
  const known = new Map<string, number>();
  const terms: Term[] = [];
  const tallies = new Map<string, Tally>();
  for (const [index, event] of events.entries()) {
    for (const hash of hashesOf(key, event, known)) terms.push({ hash, index });
    for (const tally of talliesOf(event)) joinedInto(tallies, tally);
  }
  return {
    times: events.map(({ time }) => Date.parse(time)),
    bodies: events.map((event) => JSON.stringify(event)),
    terms: terms.sort((one, other) => one.hash - other.hash),
    tallies: [...tallies.values()],
  };
}

/** What is counted several times added up. */
export function joined(tallies: readonly Tally[]): readonly Tally[] {
  const sums = new Map<string, Tally>();
  for (const tally of tallies) joinedInto(sums, tally);
  return [...sums.values()];
}

/** Adds a tally to what has the same keys, and is of the same hour or day. */
function joinedInto(sums: Map<string, Tally>, tally: Tally): void {
  const name = `${tally.topic}\0${tally.at}\0${tally.keys.join('\0')}`;
  const known = sums.get(name);
  sums.set(name, known ? added(known, tally) : tally);
}

/** Every table of tallies has six columns for keys. */
export function sixKeys({
  keys,
}: Pick<Tally, 'keys'>): readonly [string, string, string, string, string, string] {
  const [k0 = '', k1 = '', k2 = '', k3 = '', k4 = '', k5 = ''] = keys;
  return [k0, k1, k2, k3, k4, k5];
}

/** The numbers under which an event is found. `known` are those of texts of other events: hashes are dear. */
function hashesOf(key: string, event: GatekeeperEvent, known = new Map<string, number>()): readonly number[] {
  const hashes: number[] = [];
  for (const text of textsOf(event)) {
    let hash = known.get(text);
    if (hash === undefined) known.set(text, (hash = termHash(key, termOf(text))));
    if (!hashes.includes(hash)) hashes.push(hash);
  }
  return hashes;
}

/** The numbers under which an event is found no more when it becomes another, and those under which it is found from then on. */
export function movedHashes(key: string, { before, after }: Change): Record<'lost' | 'found', number[]> {
  const [old, fresh] = [before, after].map((event) => (event ? hashesOf(key, event) : []));
  const only = (these: readonly number[] = [], those: readonly number[] = []) =>
    these.filter((hash) => !those.includes(hash));
  return { lost: only(old, fresh), found: only(fresh, old) };
}
