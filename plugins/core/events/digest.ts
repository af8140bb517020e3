import { deserialize, serialize } from 'node:v8';
import { TallySums } from './tally-sums.ts';
import { Places } from './value-places.ts';
import { amounts, dayMs, topics, type Amount, type Tally, type Topic } from './tallies.ts';

/** Whole numbers, in as few octets as the largest of them needs. */
export type Numbers = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** What was counted of a topic on one day, whole days alone: column by column, read many times as fast as rows. In the order of keys. */
export interface Digest {
  readonly topic: Topic;
  /** When it began, in milliseconds since 1970. */
  readonly day: number;
  readonly length: number;
  readonly keys: readonly KeyColumn[];
  readonly count: Numbers;
  readonly recipients: Numbers;
  readonly bytes: Numbers;
  /** In milliseconds since the day began. */
  readonly first: Numbers;
  readonly last: Numbers;
  readonly hours: Numbers;
  /** With NUL between them, which stands in none; empty where all are. */
  readonly samples: string;
}

/** For each row the place of its key among all that there are, in their order. */
export interface KeyColumn {
  readonly names: readonly string[];
  readonly codes: Numbers;
}

/** Topics of which the first key says what it is about: each of its values has a digest of its own, since whoever asks wants one. */
const divided: ReadonlySet<Topic> = new Set(['flow', 'login', 'adverse']);

/** The name of the part of a day that has a first key; `undefined` where a day is one. It is never empty. */
export function partName(topic: Topic, first: string): string | undefined {
  return divided.has(topic) ? `=${first}` : undefined;
}

/** Digests of one day as octets, by the names of their parts: of what is not divided it is empty. */
export type PackedParts = ReadonlyMap<string, Buffer>;

/** Of all that was counted of a topic on one day. */
export function packedParts(topic: Topic, day: number, tallies: readonly Tally[]): PackedParts {
  const parts = new Map<string, TallySums>();
  for (const tally of tallies) {
    const part = partName(topic, tally.keys[0] ?? '') ?? '';
    const sums =
      parts.get(part) ?? new TallySums({ topic, since: new Date(day), until: new Date(day + dayMs) });
    parts.set(part, sums);
    sums.addFound(tally);
  }
  return new Map([...parts].map(([part, sums]) => [part, serialize(digestOf(topic, day, sums.sorted()))]));
}

function digestOf(topic: Topic, day: number, tallies: readonly Tally[]): Digest {
  const column = (of: (tally: Tally) => number) => numbers(tallies.map(of));
  return {
    ...{ topic, day, length: tallies.length },
    keys: topics[topic].keys.map((_, index) => keyColumn(tallies.map(({ keys }) => keys[index] ?? ''))),
    count: column(({ count }) => count),
    recipients: column(({ recipients }) => recipients),
    bytes: column(({ bytes }) => bytes),
    first: column(({ first }) => first - day),
    last: column(({ last }) => last - day),
    hours: column(({ hours }) => hours),
    samples: tallies.every(({ sample }) => sample === '')
      ? ''
      : tallies.map(({ sample }) => sample).join('\0'),
  };
}

function keyColumn(keys: readonly string[]): KeyColumn {
  const places = new Places<string>();
  const codes = keys.map((key) => places.of(key));
  const ranks = places.ranks();
  const names: string[] = [];
  for (const [place, rank] of ranks.entries()) names[rank] = places.at(place) ?? '';
  return { names, codes: numbers(codes.map((code) => ranks[code] ?? 0)) };
}

function numbers(values: readonly number[]): Numbers {
  let [least, most] = [0, 0];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least >= 0 && most < 2 ** 8) return Uint8Array.from(values);
  if (least >= 0 && most < 2 ** 16) return Uint16Array.from(values);
  return least >= -(2 ** 31) && most < 2 ** 31 ? Int32Array.from(values) : Float64Array.from(values);
}

/** Nothing where a later Node.js has packed it: then what it is made of is read. */
export function unpacked(octets: Buffer): Digest | undefined {
  try {
    return deserialize(octets) as Digest;
  } catch {
    return undefined;
  }
}

/** What makes tallies of rows, with what is asked of them. */
export function tallyMaker(digest: Digest, asked: readonly Amount[] = amounts): (row: number) => Tally {
  const { topic, day, keys, samples } = digest;
  const amountOf = (amount: Exclude<Amount, 'sample'>, since = 0) => {
    const column = digest[amount];
    return asked.includes(amount) ? (row: number) => since + (column[row] ?? 0) : () => 0;
  };
  const [count, recipients, bytes] = [amountOf('count'), amountOf('recipients'), amountOf('bytes')];
  const [first, last, hours] = [amountOf('first', day), amountOf('last', day), amountOf('hours')];
  const sampleOf = asked.includes('sample') && samples !== '' ? samples.split('\0') : [];
  return (row) => ({
    topic,
    keys: keys.map(({ names, codes }) => names[codes[row] ?? 0] ?? ''),
    at: day,
    count: count(row),
    recipients: recipients(row),
    bytes: bytes(row),
    first: first(row),
    last: last(row),
    hours: hours(row),
    sample: sampleOf[row] ?? '',
  });
}
