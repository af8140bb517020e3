import type { GatekeeperEvent } from './event.ts';
import { termHash } from './pseudonym.ts';
import { added, talliesOf, type Tally } from './tallies.ts';
import { termOf, textsOf } from './terms.ts';

/** What is counted of several events, each key once. */
export function countedOf(events: readonly GatekeeperEvent[]): readonly Tally[] {
  return joined(events.flatMap((event) => talliesOf(event)));
}

/** What is counted several times added up. */
export function joined(tallies: readonly Tally[]): readonly Tally[] {
  const sums = new Map<string, Tally>();
  for (const tally of tallies) joinedInto(sums, tally);
  return [...sums.values()];
}

/** Adds a tally to what has the same keys, and is of the same hour or day, where these stay apart. */
export function joinedInto(sums: Map<string, Tally>, tally: Tally, isOverTime = true): void {
  const name = `${tally.topic}\0${isOverTime ? tally.at : ''}\0${tally.keys.join('\0')}`;
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
export function hashesOf(
  key: string,
  event: GatekeeperEvent,
  known = new Map<string, number>(),
): ReadonlySet<number> {
  const hashes = new Set<number>();
  for (const text of textsOf(event)) {
    const hash = known.get(text) ?? termHash(key, termOf(text));
    known.set(text, hash);
    hashes.add(hash);
  }
  return hashes;
}
