import { tallyMaker, type Digest } from './digest.ts';
import type { TallyQuery } from './store.ts';
import { amounts, beginningOf, hourMs, keyText, topics, type Tally } from './tallies.ts';

type Sum = { -readonly [Name in keyof Tally]: Tally[Name] };

/** Adds tallies up as a query demands, one after the other or a day at once. */
export class TallySums {
  /** What fell before that is of no interest. */
  readonly since: Date;
  readonly #query: TallyQuery;
  readonly #wanted: Wanted;
  /** The keys that stay apart, by their places. */
  readonly #kept: readonly number[];
  /** For each of them, and for the time before them, which values there are, and what each makes of the group so far. */
  readonly #times = new Places<number>();
  readonly #values: readonly Places<string>[];
  readonly #groups: readonly Map<number, number>[];
  readonly #sums: Sum[] = [];

  /** Throws where a key is asked for that there is not. */
  constructor(query: TallyQuery) {
    const { topic, since, by } = query;
    const names: readonly string[] = topics[topic].keys;
    this.#query = query;
    this.#wanted = wantedBy(query);
    this.since = new Date(beginningOf(topic, since.getTime()));
    this.#kept = [...names.keys()].filter((place) => by === undefined || by.includes(names[place] ?? ''));
    this.#values = this.#kept.map(() => new Places());
    this.#groups = [0, ...this.#kept].map(() => new Map());
  }

  /** One of all that there are. */
  add(tally: Tally): void {
    const { topic, until } = this.#query;
    const isInTime = tally.at >= this.since.getTime() && tally.at < until.getTime();
    if (tally.topic !== topic || !isInTime) return;
    if ([...this.#wanted].every(([place, values]) => values.has(tally.keys[place] ?? '')))
      this.addFound(tally);
  }

  /** One that the query is about. */
  addFound(tally: Tally): void {
    let group = this.#groupIn(0, 0, this.#timeOf(tally.at));
    for (const [index, place] of this.#kept.entries()) {
      group = this.#groupIn(index + 1, group, this.#values[index]?.of(tally.keys[place] ?? '') ?? 0);
    }
    this.#addTo(group, tally);
  }

  /** All that a day has of the topic. What a value is here is found once, and not for each row. */
  addDay(digest: Digest): void {
    const { day, hour, keys } = digest;
    const tallyOf = tallyMaker(digest, this.#query.amounts?.includes('sample') === false ? figures : amounts);
    const columns = this.#kept.map((place, index) => {
      const { names = [], codes = new Uint8Array() } = keys[place] ?? {};
      return { codes, values: this.#values[index], names, known: new Int32Array(names.length).fill(-1) };
    });
    for (const row of rowsIn(digest, this.#query)) {
      let group = this.#groupIn(0, 0, this.#timeOf(day + (hour[row] ?? 0) * hourMs));
      for (const [index, { codes, values, names, known }] of columns.entries()) {
        const code = codes[row] ?? 0;
        if (known[code] === -1) known[code] = values?.of(names[code] ?? '') ?? 0;
        group = this.#groupIn(index + 1, group, known[code] ?? 0);
      }
      this.#addTo(group, tallyOf(row));
    }
  }

  #timeOf(at: number): number {
    return this.#query.isOverTime === true ? this.#times.of(at) : 0;
  }

  /** The group that a value makes of one; each has a number. */
  #groupIn(level: number, group: number, value: number): number {
    const name = group * mostValues + value;
    const groups = this.#groups[level];
    const known = groups?.get(name);
    if (known !== undefined) return known;
    const fresh = groups?.size ?? 0;
    groups?.set(name, fresh);
    return fresh;
  }

  #addTo(group: number, tally: Tally): void {
    const sum = this.#sums[group];
    if (!sum) {
      const keys = tally.keys.map((key, place) => (this.#kept.includes(place) ? key : ''));
      this.#sums[group] = { ...tally, keys };
      return;
    }
    sum.at = Math.min(sum.at, tally.at);
    sum.count += tally.count;
    sum.recipients += tally.recipients;
    sum.bytes += tally.bytes;
    sum.hours |= tally.hours;
    if (tally.sample !== '' && (sum.sample === '' || tally.last >= sum.last)) sum.sample = tally.sample;
    sum.first = Math.min(sum.first, tally.first);
    sum.last = Math.max(sum.last, tally.last);
  }

  /** By time and keys; with `most`, by count first. */
  sorted(): readonly Tally[] {
    const { isOverTime = false, most } = this.#query;
    const ranks = this.#values.map((values) => values.ranks());
    const byKeys = (one: Tally, other: Tally) => {
      for (const [index, place] of this.#kept.entries()) {
        const rank = ranks[index];
        const order = (rank?.get(one.keys[place] ?? '') ?? 0) - (rank?.get(other.keys[place] ?? '') ?? 0);
        if (order !== 0) return order;
      }
      return 0;
    };
    const byTime = (one: Tally, other: Tally) => (isOverTime ? one.at - other.at : 0);
    const shown =
      most === undefined
        ? this.#sums.sort((a, b) => byTime(a, b) || byKeys(a, b))
        : this.#sums.sort((a, b) => b.count - a.count || byTime(b, a) || byKeys(a, b)).slice(0, most);
    return shown.map(onlyAsked(this.#query));
  }
}

const figures = amounts.filter((amount) => amount !== 'sample');

/** More than there are keys in a store, and so few that the number of a group and this make a whole number. */
const mostValues = 2 ** 26;

/** Values, each with its place among those that came. */
class Places<T extends string | number> {
  readonly #places = new Map<T, number>();

  of(value: T): number {
    const known = this.#places.get(value);
    if (known !== undefined) return known;
    this.#places.set(value, this.#places.size);
    return this.#places.size - 1;
  }

  /** Where each stands in order, octet by octet, as databases have it. */
  ranks(): ReadonlyMap<T, number> {
    const octets = [...this.#places.keys()].map((value) => ({ value, octets: Buffer.from(String(value)) }));
    const sorted = octets.sort((one, other) => Buffer.compare(one.octets, other.octets));
    return new Map(sorted.map(({ value }, rank) => [value, rank]));
  }
}

/** By the place of a key, which values are meant. */
type Wanted = ReadonlyMap<number, ReadonlySet<string>>;

function wantedBy({ topic, where = {} }: TallyQuery): Wanted {
  const names: readonly string[] = topics[topic].keys;
  const unknown = Object.keys(where).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`no tally has the key ${unknown}`);
  return new Map(
    Object.entries(where).map(([name, value]) => [names.indexOf(name), new Set([value].flat().map(keyText))]),
  );
}

/** The rows of a day that a query is about, in their order. */
export function rowsIn({ topic, day, length, hour, keys }: Digest, query: TallyQuery): readonly number[] {
  const hourOf = (time: number) => (time - day) / hourMs;
  const [from, until] = [hourOf(beginningOf(topic, query.since.getTime())), hourOf(query.until.getTime())];
  const tests = [...wantedBy(query)].map(([place, values]) => {
    const { names = [], codes = new Uint8Array() } = keys[place] ?? {};
    return { codes, isWanted: Uint8Array.from(names, (name) => Number(values.has(name))) };
  });
  const rows: number[] = [];
  for (let row = 0; row < length; row += 1) {
    const at = hour[row] ?? 0;
    if (at < from || at >= until) continue;
    if (tests.every(({ codes, isWanted }) => isWanted[codes[row] ?? 0] === 1)) rows.push(row);
  }
  return rows;
}

/** What leaves in a tally only what is asked of it. */
export function onlyAsked({
  amounts: asked = amounts,
}: Pick<TallyQuery, 'amounts'>): (tally: Tally) => Tally {
  const others = amounts.filter((each) => !asked.includes(each));
  if (others.length === 0) return (tally) => tally;
  const nothing = Object.fromEntries(others.map((each) => [each, each === 'sample' ? '' : 0]));
  return (tally) => ({ ...tally, ...nothing });
}
