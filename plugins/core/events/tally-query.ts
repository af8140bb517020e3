import type { TallyQuery } from './store.ts';
import {
  amounts,
  beginningOf,
  dayMs,
  hourMs,
  keyText,
  topics,
  type Amount,
  type Tally,
  type Topic,
} from './tallies.ts';

/** What differs between databases. */
export interface Dialect {
  /** How the parameter is written that comes next. */
  readonly parameter: (number: number) => string;
  /** All hours of several rows: as one number, or as a text of numbers with commas between them. */
  readonly hours: string;
  /** The sample of one of several rows, of the last that has one. */
  readonly sample: string;
}

export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** Hours or days; beyond it a span of time is looked through. */
const mostSteps = 1000;

/** Adds up what was counted in the table `tally`, with its keys in k0 and so on; its rows are for `tallyReader`. */
export function tallyStatement(table: string, query: TallyQuery, dialect: Dialect): Statement {
  const { topic, isOverTime = false, most, amounts: asked = amounts } = query;
  const values: (string | number)[] = [];
  const given: Given = (value) => dialect.parameter(values.push(value));
  const conditions = conditionsOf(query, given);
  const keys = keptKeys(query).map((index) => `k${index}`);
  const isWhole = asksForRows(query);
  const columns = isWhole ? ofOne : ofSeveral(dialect, topic);
  const groups = [...(isOverTime ? ['at'] : []), ...keys];
  const newestFirst = [...(isOverTime ? ['at DESC'] : []), ...keys];
  const order = most === undefined ? groups : [`${columns.count} DESC`, ...newestFirst];
  const sql = [
    `SELECT ${[isOverTime ? 'at' : 'min(at)', ...keys, ...asked.map((each) => columns[each])].join(', ')}`,
    `FROM ${table} WHERE ${conditions.join(' AND ')}`,
    isWhole ? '' : `GROUP BY ${groups.join(', ') || 'topic'}`,
    order.length > 0 ? `ORDER BY ${order.join(', ')}` : '',
    most === undefined ? '' : `LIMIT ${given(most)}`,
  ].join(' ');
  return { sql, values };
}

type Given = (value: string | number) => string;

function conditionsOf(query: TallyQuery, given: Given): string[] {
  const names: readonly string[] = topics[query.topic].keys;
  return [
    `topic = ${given(query.topic)}`,
    ...timesOf(query).map((part) => part(given)),
    ...Object.entries(query.where ?? {}).map(
      ([name, value]) =>
        `k${placeOf(names, name)} IN (${[value]
          .flat()
          .map((each) => given(keyText(each)))
          .join(', ')})`,
    ),
  ];
}

type Part = (given: Given) => string;

/** Hours or days one by one where the first key is given: with it they lead to the rows, where a span of time leads to all that lie in it. */
function timesOf({ topic, since, until, where }: TallyQuery): readonly Part[] {
  const [from, to] = [beginningOf(topic, since.getTime()), until.getTime()];
  const { per, keys } = topics[topic];
  const step = per === 'hour' ? hourMs : dayMs;
  const steps = Math.ceil((to - from) / step);
  if (where?.[keys[0]] === undefined || steps < 1 || steps > mostSteps) {
    return [(given) => `at >= ${given(from)}`, (given) => `at < ${given(to)}`];
  }
  const each = Array.from({ length: steps }, (_, index) => from + index * step);
  return [(given) => `at IN (${each.map(given).join(', ')})`];
}

function placeOf(names: readonly string[], name: string): number {
  const place = names.indexOf(name);
  if (place === -1) throw new Error(`no tally has the key ${name}`);
  return place;
}

/** As it stands in one row. */
const ofOne: Readonly<Record<Amount, string>> = {
  ...{ count: 'count', recipients: 'recipients', bytes: 'bytes' },
  ...{ first: 'first', last: 'last', hours: 'hours', sample: 'sample' },
};

/** Of several rows. Where there is an hour to each row nobody asks for hours, and such rows have no samples. */
function ofSeveral({ hours, sample }: Dialect, topic: Topic): Readonly<Record<Amount, string>> {
  const isHourly = topics[topic].per === 'hour';
  return {
    ...{ count: 'sum(count)', recipients: 'sum(recipients)', bytes: 'sum(bytes)' },
    ...{ first: 'min(first)', last: 'max(last)' },
    ...(isHourly ? { hours: '0', sample: "''" } : { hours, sample }),
  };
}

/** What decides of which values a row of an answer is. */
type Asked = Pick<TallyQuery, 'topic' | 'by' | 'amounts'>;

/** Which keys stay apart, by their places. */
export function keptKeys({ topic, by }: Asked): number[] {
  const names: readonly string[] = topics[topic].keys;
  return [...names.keys()].filter((place) => by === undefined || by.includes(names[place] ?? ''));
}

/** Whether nothing is added up. */
export function asksForRows(query: TallyQuery): boolean {
  return query.isOverTime === true && keptKeys(query).length === topics[query.topic].keys.length;
}

/** How many values a row of an answer has. */
export function widthOf(query: Asked): number {
  return 1 + keptKeys(query).length + (query.amounts ?? amounts).length;
}

/** What makes tallies of the rows of an answer. A report has many: nothing is cut or spread for each. */
export function tallyReader(query: Asked): (row: readonly unknown[]) => Tally {
  const { topic, amounts: asked = amounts } = query;
  const kept = keptKeys(query);
  const keyPlaces = topics[topic].keys.map((_, index) => 1 + kept.indexOf(index));
  const placeOf = (amount: Amount) => (asked.includes(amount) ? 1 + kept.length + asked.indexOf(amount) : -1);
  const [count, recipients, bytes] = [placeOf('count'), placeOf('recipients'), placeOf('bytes')];
  const [first, last, hours, sample] = [
    placeOf('first'),
    placeOf('last'),
    placeOf('hours'),
    placeOf('sample'),
  ];
  const number = (row: readonly unknown[], place: number) => (place === -1 ? 0 : Number(row[place]));
  // The same text for the same key: so little is kept, and compared fast by whoever groups the rows.
  const texts = new Map<unknown, string>();
  const text = (key: unknown) => {
    const known = texts.get(key);
    if (known === undefined) texts.set(key, String(key));
    return known ?? String(key);
  };
  return (row) => {
    const keys: string[] = [];
    for (const place of keyPlaces) keys.push(place === 0 ? '' : text(row[place]));
    return {
      topic,
      keys,
      at: Number(row[0]),
      count: number(row, count),
      recipients: number(row, recipients),
      bytes: number(row, bytes),
      first: number(row, first),
      last: number(row, last),
      hours: hours === -1 ? 0 : bitsIn(row[hours]),
      sample: sample === -1 ? '' : String(row[sample]),
    };
  };
}

/** Of a number, or of several in one text. */
function bitsIn(hours: unknown): number {
  if (typeof hours !== 'string' || !hours.includes(',')) return Number(hours);
  return hours.split(',').reduce((bits, each) => bits | Number(each), 0);
}
