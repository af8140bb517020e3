import type { GatekeeperEvent } from '../../../plugins/core/events/event.ts';
import { joined } from '../../../plugins/core/events/rows.ts';
import type { EventQuery, TallyQuery } from '../../../plugins/core/events/store.ts';
import {
  beginningOf,
  keyOf,
  keyText,
  talliesOf,
  topics,
  type Amount,
  type Tally,
} from '../../../plugins/core/events/tallies.ts';
import { termOf, termsOf } from '../../../plugins/core/events/terms.ts';

/** What a store is to answer: from all events in memory, looked through from the first to the last. */

export function eventsIn(
  events: readonly GatekeeperEvent[],
  { since, until, mentions, order }: EventQuery,
): readonly GatekeeperEvent[] {
  const found = events.filter((event) => {
    const time = Date.parse(event.time);
    const isInTime = (!since || time >= since.getTime()) && (!until || time < until.getTime());
    return isInTime && (mentions === undefined || termsOf(event).includes(termOf(mentions)));
  });
  return order === 'newest-first' ? found.toReversed() : found;
}

export function talliesIn(
  events: readonly GatekeeperEvent[],
  { topic, since, until, where = {}, by, isOverTime = false, most, amounts: asked }: TallyQuery,
): readonly Tally[] {
  const names: readonly string[] = topics[topic].keys;
  const chosen = events
    .flatMap((event) => talliesOf(event))
    .filter((tally) => tally.topic === topic)
    .filter(({ at }) => at >= beginningOf(topic, since.getTime()) && at < until.getTime())
    .filter((tally) =>
      Object.entries(where).every(([name, value]) =>
        [value].flat().some((each) => keyOf(tally, name) === keyText(each)),
      ),
    );
  const first = new Map<string, number>();
  const grouped = chosen.map((tally) => {
    const keys = tally.keys.map((key, index) =>
      by === undefined || by.includes(names[index] ?? '') ? key : '',
    );
    const group = keys.join('\0');
    first.set(group, Math.min(first.get(group) ?? Infinity, tally.at));
    return { ...tally, keys };
  });
  const sums = joined(
    grouped.map((tally) => ({
      ...tally,
      at: isOverTime ? tally.at : (first.get(tally.keys.join('\0')) ?? 0),
    })),
  );
  const sorted = sums.toSorted((a, b) => (isOverTime ? a.at - b.at : 0) || byKeys(a, b));
  const newest = (a: Tally, b: Tally) => (isOverTime ? b.at - a.at : 0);
  const shown =
    most === undefined ? sorted : sorted.toSorted((a, b) => b.count - a.count || newest(a, b)).slice(0, most);
  return asked === undefined
    ? shown
    : shown.map((tally) => ({ ...tally, ...blank, ...amountsOf(tally, asked) }));
}

const blank = { count: 0, recipients: 0, bytes: 0, first: 0, last: 0, hours: 0, sample: '' };

function amountsOf(tally: Tally, asked: readonly Amount[]): Partial<Tally> {
  return Object.fromEntries(asked.map((amount) => [amount, tally[amount]]));
}

/** Octet by octet. */
function byKeys(one: Tally, other: Tally): number {
  const order = one.keys.map((key, index) =>
    Buffer.compare(Buffer.from(key), Buffer.from(other.keys[index] ?? '')),
  );
  return order.find((each) => each !== 0) ?? 0;
}
