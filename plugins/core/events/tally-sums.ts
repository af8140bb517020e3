import type { Digest, Numbers } from './digest.ts';
import { hoursOfDay, noKeys, rowsIn, wantedBy, type Wanted } from './digest-rows.ts';
import type { TallyQuery } from './store.ts';
import { amounts, beginningOf, hourMs, topics, type Amount, type Tally } from './tallies.ts';
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
  readonly #groups: readonly Map<number, number>[];
  /** By group: its values, and a column for each thing that is asked. */
  readonly #groupValues: (readonly number[])[] = [];
  readonly #at: number[] = [];
  readonly #figures: Readonly<Record<Figure, number[]>>;
  readonly #samples: string[] = [];
  readonly #sampledAt: number[] = [];

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
    const group = this.#groupOf(tally.at, values);
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

  /** The group of each row; what the keys of a row make together is looked for once. */
  #groupsOf({ day, hour, keys }: Digest, rows: Int32Array): Int32Array {
    const columns = this.#kept.map((place) => keys[place] ?? noKeys);
    const together = new Float64Array(rows.length);
    if (this.#query.isOverTime === true) addDigits(together, rows, hour, hoursOfDay);
    for (const { codes, names } of columns) addDigits(together, rows, codes, names.length);
    const valuesOf = columns.map(({ names }, index) =>
      names.map((name) => this.#values[index]?.of(name) ?? 0),
    );
    const known = new Map<number, number>();
    return rows.map((row, index) => {
      const name = together[index] ?? 0;
      const group = known.get(name);
      if (group !== undefined) return group;
      const values = columns.map(({ codes }, column) => valuesOf[column]?.[codes[row] ?? 0] ?? 0);
      const fresh = this.#groupOf(day + (hour[row] ?? 0) * hourMs, values);
      known.set(name, fresh);
      return fresh;
    });
  }

  /** The group of a time and of values of the keys that stay apart; each has a number. */
  #groupOf(at: number, values: readonly number[]): number {
    let group = this.#groupIn(0, 0, this.#query.isOverTime === true ? this.#times.of(at) : 0);
    for (const [index, value] of values.entries()) group = this.#groupIn(index + 1, group, value);
    if (group === this.#groupValues.length) this.#groupValues.push(values);
    this.#at[group] = Math.min(at, this.#at[group] ?? at);
    return group;
  }

  #groupIn(level: number, group: number, value: number): number {
    const name = group * mostValues + value;
    const groups = this.#groups[level];
    const known = groups?.get(name);
    if (known !== undefined) return known;
    const fresh = groups?.size ?? 0;
    groups?.set(name, fresh);
    return fresh;
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
    const ranks = this.#values.map((values) => values.ranks());
    return (one, other) => {
      const [those, these] = [this.#groupValues[one] ?? [], this.#groupValues[other] ?? []];
      for (const [index, ranked] of ranks.entries()) {
        const order = (ranked[those[index] ?? 0] ?? 0) - (ranked[these[index] ?? 0] ?? 0);
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

/** Makes one number of those of several columns, each of which has so many values. */
function addDigits(together: Float64Array, rows: Int32Array, column: Numbers, values: number): void {
  for (let index = 0; index < rows.length; index += 1) {
    together[index] = (together[index] ?? 0) * values + (column[rows[index] ?? 0] ?? 0);
  }
}

/** More than there are keys in a store, and so few that the number of a group and this make a whole number. */
const mostValues = 2 ** 26;

/** What leaves in a tally only what is asked of it. */
export function onlyAsked({
  amounts: asked = amounts,
}: Pick<TallyQuery, 'amounts'>): (tally: Tally) => Tally {
  const others = amounts.filter((each) => !asked.includes(each));
  if (others.length === 0) return (tally) => tally;
  const nothing = Object.fromEntries(others.map((each) => [each, each === 'sample' ? '' : 0]));
  return (tally) => ({ ...tally, ...nothing });
}
