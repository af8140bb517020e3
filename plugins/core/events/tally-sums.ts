import type { Digest, Numbers } from './digest.ts';
import { noKeys, rowsIn, wantedBy, type Wanted } from './digest-rows.ts';
import type { TallyQuery } from './store.ts';
import { amounts, beginningOf, topics, type Amount, type Tally } from './tallies.ts';
import { keptKeys } from './tally-query.ts';
import { PairPlaces } from './pair-places.ts';
import { Places } from './value-places.ts';

/** Adds tallies up as a query demands, one after the other or a day at once. */
export class TallySums {
  /** What fell before that is of no interest. */
  readonly since: Date;
  readonly #query: TallyQuery;
  readonly #wanted: Wanted;
  /** The keys that stay apart, by their places, and which values each has. */
  readonly #kept: readonly number[];
  readonly #times = new Places<number>();
  readonly #values: readonly Places<string>[];
  /** For the time and each of the keys: the group that a value makes of the group so far. */
  readonly #groups: readonly PairPlaces[];
  /** By group: its values, and a column for each thing that is asked. */
  readonly #groupValues: (readonly number[])[] = [];
  readonly #at: number[] = [];
  readonly #figures: Readonly<Record<Figure, number[]>>;
  readonly #samples: string[] = [];
  readonly #sampledAt: number[] = [];

  /** Throws where a key is asked for that there is not. */
  constructor(query: TallyQuery) {
    const { topic, since } = query;
    this.#query = query;
    this.#wanted = wantedBy(query);
    this.since = new Date(beginningOf(topic, since.getTime()));
    this.#kept = keptKeys(query);
    this.#values = this.#kept.map(() => new Places());
    this.#groups = [0, ...this.#kept].map(() => new PairPlaces());
    this.#figures = { count: [], recipients: [], bytes: [], first: [], last: [], hours: [] };
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
    const values = this.#kept.map((place, index) => this.#values[index]?.of(tally.keys[place] ?? '') ?? 0);
    const group = values.reduce(
      (one, value, index) => this.#groups[index + 1]?.of(one, value) ?? 0,
      this.#groupOfTime(tally.at),
    );
    this.#begin(group, tally.at, () => values);
    for (const figure of figures) {
      const column = this.#figures[figure];
      column[group] = joins[figure](column[group], tally[figure]);
    }
    this.#sample(group, tally.last, tally.sample);
  }

  /** All that a day has of the topic: column by column. */
  addDay(digest: Digest): void {
    const rows = rowsIn(digest, this.#query);
    const groups = this.#groupsOf(digest, rows);
    const { amounts: asked = amounts, most } = this.#query;
    for (const figure of figures) {
      if (!asked.includes(figure) && (figure !== 'count' || most === undefined)) continue;
      const since = figure === 'first' || figure === 'last' ? digest.day : 0;
      joinColumn(this.#figures[figure], groups, { rows, column: digest[figure], since, join: joins[figure] });
    }
    if (digest.samples !== '' && asked.includes('sample')) this.#sampleDay(digest, rows, groups);
  }

  #sampleDay({ day, last, samples }: Digest, rows: Int32Array, groups: Int32Array): void {
    const texts = samples.split('\0');
    for (const [index, row] of rows.entries()) {
      this.#sample(groups[index] ?? 0, day + (last[row] ?? 0), texts[row] ?? '');
    }
  }

  /** The group of each row, key by key. */
  #groupsOf({ day, keys }: Digest, rows: Int32Array): Int32Array {
    const columns = this.#kept.map((place, index) => {
      const { codes, names } = keys[place] ?? noKeys;
      return { codes, values: Int32Array.from(names.map((name) => this.#values[index]?.of(name) ?? 0)) };
    });
    const groups = new Int32Array(rows.length).fill(this.#groupOfTime(day));
    for (const [index, column] of columns.entries()) joinPairs(groups, rows, this.#groups[index + 1], column);
    for (const [index, group] of groups.entries()) {
      this.#begin(group, day, () =>
        columns.map(({ codes, values }) => values[codes[rows[index] ?? 0] ?? 0] ?? 0),
      );
    }
    return groups;
  }

  #groupOfTime(at: number): number {
    return this.#groups[0]?.of(0, this.#query.isOverTime === true ? this.#times.of(at) : 0) ?? 0;
  }

  #begin(group: number, at: number, values: () => readonly number[]): void {
    if (group === this.#groupValues.length) this.#groupValues.push(values());
    this.#at[group] = Math.min(at, this.#at[group] ?? at);
  }

  #sample(group: number, last: number, sample: string): void {
    if (sample === '' || last < (this.#sampledAt[group] ?? -Infinity)) return;
    this.#samples[group] = sample;
    this.#sampledAt[group] = last;
  }

  /** By time and keys; with `most`, by count first. */
  sorted(): readonly Tally[] {
    const { isOverTime = false, most } = this.#query;
    const order = this.#orderOfKeys();
    const byTime = (one: number, other: number) =>
      isOverTime ? (this.#at[one] ?? 0) - (this.#at[other] ?? 0) : 0;
    const byCount = (one: number, other: number) =>
      (this.#figures.count[other] ?? 0) - (this.#figures.count[one] ?? 0);
    const groups = [...this.#groupValues.keys()];
    const shown =
      most === undefined
        ? groups.sort((a, b) => byTime(a, b) || order(a, b))
        : groups.sort((a, b) => byCount(a, b) || byTime(b, a) || order(a, b)).slice(0, most);
    return shown.map(this.#tallyMaker());
  }

  /** What makes tallies of groups: there are many, nothing is spread or looked up for each. */
  #tallyMaker(): (group: number) => Tally {
    const { topic, amounts: asked = amounts } = this.#query;
    const figure = (name: Figure): readonly number[] => (asked.includes(name) ? this.#figures[name] : []);
    const [count, recipients, bytes] = [figure('count'), figure('recipients'), figure('bytes')];
    const [first, last, hours] = [figure('first'), figure('last'), figure('hours')];
    const samples = asked.includes('sample') ? this.#samples : [];
    const columns = topics[topic].keys.map((_, place) => this.#kept.indexOf(place));
    return (group) => {
      const values = this.#groupValues[group] ?? [];
      return {
        topic,
        keys: columns.map((index) => this.#values[index]?.at(values[index] ?? 0) ?? ''),
        at: this.#at[group] ?? 0,
        count: count[group] ?? 0,
        recipients: recipients[group] ?? 0,
        bytes: bytes[group] ?? 0,
        first: first[group] ?? 0,
        last: last[group] ?? 0,
        hours: hours[group] ?? 0,
        sample: samples[group] ?? '',
      };
    };
  }

  #orderOfKeys(): (one: number, other: number) => number {
    const columns = this.#values.map((values, index) => {
      const ranks = values.ranks();
      return Int32Array.from(this.#groupValues, (group) => ranks[group[index] ?? 0] ?? 0);
    });
    return (one, other) => {
      for (const column of columns) {
        const order = (column[one] ?? 0) - (column[other] ?? 0);
        if (order !== 0) return order;
      }
      return 0;
    };
  }
}

type Figure = Exclude<Amount, 'sample'>;
type Join = (one: number | undefined, other: number) => number;

const sum: Join = (one = 0, other) => one + other;

/** How each is made of that of several tallies. */
const joins: Readonly<Record<Figure, Join>> = {
  ...{ count: sum, recipients: sum, bytes: sum },
  first: (one = Infinity, other) => Math.min(one, other),
  last: (one = -Infinity, other) => Math.max(one, other),
  hours: (one = 0, other) => one | other,
};

const figures = Object.keys(joins) as Figure[];

interface Joined {
  readonly rows: Int32Array;
  readonly column: Numbers;
  readonly since: number;
  readonly join: Join;
}

function joinColumn(sums: number[], groups: Int32Array, { rows, column, since, join }: Joined): void {
  for (let index = 0; index < groups.length; index += 1) {
    const group = groups[index] ?? 0;
    sums[group] = join(sums[group], since + (column[rows[index] ?? 0] ?? 0));
  }
}

interface Column {
  readonly codes: Numbers;
  readonly values: Int32Array;
}

/** Makes of each row's group that of the group and the row's value. */
function joinPairs(
  groups: Int32Array,
  rows: Int32Array,
  pairs: PairPlaces | undefined,
  { codes, values }: Column,
): void {
  for (let index = 0; index < groups.length; index += 1) {
    const value = values[codes[rows[index] ?? 0] ?? 0] ?? 0;
    groups[index] = pairs?.of(groups[index] ?? 0, value) ?? 0;
  }
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
