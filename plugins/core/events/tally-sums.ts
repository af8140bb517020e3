import { joinedInto } from './rows.ts';
import type { TallyQuery } from './store.ts';
import { amounts, beginningOf, keyOf, keyText, topics, type Tally } from './tallies.ts';

/** Adds tallies up as a query demands, one after the other. */
export class TallySums {
  /** What fell before that is of no interest. */
  readonly since: Date;
  readonly #query: TallyQuery;
  readonly #where: readonly (readonly [name: string, values: ReadonlySet<string>])[];
  readonly #isKept: readonly boolean[];
  readonly #sums = new Map<string, Tally>();

  /** Throws where a key is asked for that there is not. */
  constructor(query: TallyQuery) {
    const { topic, since, where = {}, by } = query;
    const names: readonly string[] = topics[topic].keys;
    const unknown = Object.keys(where).find((name) => !names.includes(name));
    if (unknown !== undefined) throw new Error(`no tally has the key ${unknown}`);
    this.#query = query;
    this.since = new Date(beginningOf(topic, since.getTime()));
    this.#where = Object.entries(where).map(([name, value]) => [name, new Set([value].flat().map(keyText))]);
    this.#isKept = names.map((name) => by === undefined || by.includes(name));
  }

  add(tally: Tally): void {
    const { topic, until, isOverTime = false } = this.#query;
    const isInTime = tally.at >= this.since.getTime() && tally.at < until.getTime();
    if (tally.topic !== topic || !isInTime) return;
    if (!this.#where.every(([name, values]) => values.has(keyOf(tally, name)))) return;
    const keys = tally.keys.map((key, index) => (this.#isKept[index] ? key : ''));
    joinedInto(this.#sums, { ...tally, keys }, isOverTime);
  }

  /** By time and keys; with `most`, by count first. */
  sorted(): readonly Tally[] {
    const { isOverTime = false, most } = this.#query;
    const sorted = [...this.#sums.values()].sort((a, b) => (isOverTime ? a.at - b.at : 0) || byKeys(a, b));
    const shown = most === undefined ? sorted : sorted.sort((a, b) => b.count - a.count).slice(0, most);
    return shown.map((tally) => onlyAsked(tally, this.#query));
  }
}

/** A tally with what is asked of it. */
export function onlyAsked(tally: Tally, { amounts: asked = amounts }: Pick<TallyQuery, 'amounts'>): Tally {
  const other = Object.fromEntries(amounts.filter((each) => !asked.includes(each)).map((each) => [each, 0]));
  return { ...tally, ...other, ...('sample' in other && { sample: '' }) };
}

/** Octet by octet, as databases do. */
function byKeys(one: Tally, other: Tally): number {
  const order = one.keys.map((key, index) =>
    Buffer.compare(Buffer.from(key), Buffer.from(other.keys[index] ?? '')),
  );
  return order.find((each) => each !== 0) ?? 0;
}
