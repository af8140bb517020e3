import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import type { TallyQuery } from '../../plugins/core/events/store.ts';
import { onlyAsked } from '../../plugins/core/events/tally-sums.ts';
import {
  added,
  beginningOf,
  keyOf,
  talliesOf,
  topics,
  type Tally,
} from '../../plugins/core/events/tallies.ts';

/** What a store counts, in memory: as slow as it is simple. */
export class MemoryEvents {
  readonly #tallies = new Map<string, Tally>();

  append(events: readonly GatekeeperEvent[]): void {
    for (const tally of events.flatMap(talliesOf)) {
      count(this.#tallies, `${tally.topic} ${tally.at} ${tally.keys.join('\n')}`, tally);
    }
  }

  readonly tallies = (query: TallyQuery): Promise<readonly Tally[]> => {
    const { topic, since, until, where = {}, isOverTime = false, most } = query;
    const names: readonly string[] = topics[topic].keys;
    const by = query.by ?? names;
    const found = new Map<string, Tally>();
    for (const tally of this.#tallies.values()) {
      if (tally.topic !== topic || tally.at < beginningOf(topic, since.getTime())) continue;
      if (tally.at >= until.getTime()) continue;
      if (Object.entries(where).some(([name, value]) => ![value].flat().includes(keyOf(tally, name))))
        continue;
      const keys = names.map((name) => (by.includes(name) ? keyOf(tally, name) : ''));
      count(found, `${isOverTime ? tally.at : ''} ${keys.join('\n')}`, { ...tally, keys });
    }
    const rows = [...found.values()];
    if (most !== undefined) rows.sort((one, other) => other.count - one.count);
    return Promise.resolve(rows.slice(0, most).map(onlyAsked(query)));
  };
}

function count(tallies: Map<string, Tally>, key: string, tally: Tally): void {
  const other = tallies.get(key);
  tallies.set(key, other ? added(other, tally) : tally);
}
