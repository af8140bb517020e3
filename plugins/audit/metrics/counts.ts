import { counted, labels, other, type Counted, type CountedName, type Label } from './table.ts';

/** Upper bounds of the buckets of a histogram, in seconds: a decision takes microseconds, or as long as others let it wait. */
const bounds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 20] as const;

/** Amounts by name and label values; the order of the values is that of the labels. */
export type Amounts = Readonly<Record<string, number>>;

/** A metric with its values, as prom-client has it in JSON. */
export interface Exposed {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: 'sum';
  readonly values: readonly Sample[];
}

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

/** What divides a name and the label values in a key; no value has it. */
const divider = '\t';

const known = new Map<Label, ReadonlySet<string>>(
  Object.entries(labels).flatMap(([label, about]) =>
    'values' in about ? [[label as Label, new Set<string>(about.values)] as const] : [],
  ),
);

const labelsIn: ReadonlyMap<string, readonly Label[]> = new Map(
  Object.entries<Counted>(counted).map(([name, { labels: its }]) => [name, Object.values(its)]),
);

/** What a process has counted; the primary's are those of all, and only ever grow. */
export class Counts {
  #amounts = new Map<string, number>();
  readonly #names = new Map<Label, Set<string>>();

  /** Adds to a counter. */
  add(name: CountedName, values: readonly string[], amount = 1): void {
    if (amount > 0) this.#increase(this.#keyOf(name, values), amount);
  }

  /** Adds an observation to a histogram. */
  observe(name: CountedName, values: readonly string[], seconds: number): void {
    if (!(seconds >= 0)) return;
    const key = this.#keyOf(name, values);
    this.#increase(`${key}${divider}sum`, seconds);
    this.#increase(`${key}${divider}${bucketOf(seconds)}`, 1);
  }

  /** Adds what another process has counted. What is no amount of a metric of ours is left out. */
  addAll(amounts: Amounts): void {
    for (const [key, amount] of Object.entries(amounts)) {
      const [name = ''] = key.split(divider, 1);
      if (Object.hasOwn(counted, name) && amount > 0) this.#increase(key, amount);
    }
  }

  /** What was counted since this was asked last; `undefined` where that is nothing. */
  take(): Amounts | undefined {
    if (this.#amounts.size === 0) return undefined;
    const taken = Object.fromEntries(this.#amounts);
    this.#amounts = new Map();
    return taken;
  }

  /** All of it, by metric. */
  exposed(): Exposed[] {
    const samples = new Map<string, Map<string, number>>();
    for (const [key, amount] of [...zeros, ...this.#amounts]) {
      const at = key.indexOf(divider);
      const [name, rest] = at === -1 ? [key, ''] : [key.slice(0, at), key.slice(at + 1)];
      const ofName = samples.get(name) ?? new Map<string, number>();
      samples.set(name, ofName.set(rest, amount));
    }
    return Object.entries<Counted>(counted).map(([name, metric]) => ({
      ...{ name, help: metric.help, type: metric.type, aggregator: 'sum' as const },
      values: valuesOf(name, metric, samples.get(name) ?? new Map<string, number>()),
    }));
  }

  #increase(key: string, amount: number): void {
    this.#amounts.set(key, (this.#amounts.get(key) ?? 0) + amount);
  }

  #keyOf(name: CountedName, values: readonly string[]): string {
    let key: string = name;
    labelsIn.get(name)?.forEach((label, index) => {
      key += divider + this.#bounded(label, values[index] ?? '');
    });
    return key;
  }

  #bounded(label: Label, value: string): string {
    const its = labels[label];
    if (!('most' in its)) return known.get(label)?.has(value) ? value : other;
    const names = this.#names.get(label) ?? new Set<string>();
    this.#names.set(label, names);
    if (names.has(value)) return value;
    if (names.size >= its.most || !its.form.test(value)) return other;
    names.add(value);
    return value;
  }
}

function bucketOf(seconds: number): string {
  for (const bound of bounds) if (seconds <= bound) return String(bound);
  return '+Inf';
}

function valuesOf(name: string, metric: Counted, amounts: ReadonlyMap<string, number>): Sample[] {
  if (metric.type === 'histogram') return histogramOf(name, metric, amounts);
  return [...amounts].map(([rest, value]) => ({ value, labels: labelsOf(metric, rest.split(divider)) }));
}

/** In the text format a bucket also counts what is in those below it. */
function histogramOf(name: string, metric: Counted, amounts: ReadonlyMap<string, number>): Sample[] {
  const subjects = new Set([...amounts.keys()].map((rest) => rest.slice(0, rest.lastIndexOf(divider))));
  return [...subjects].flatMap((subject) => {
    const its = labelsOf(metric, subject.split(divider));
    const amount = (part: string) => amounts.get(`${subject}${divider}${part}`) ?? 0;
    let count = 0;
    const buckets = [...bounds.map(String), '+Inf'].map((le) => {
      count += amount(le);
      return { value: count, labels: { le, ...its }, metricName: `${name}_bucket` };
    });
    return [
      ...buckets,
      { value: amount('sum'), labels: its, metricName: `${name}_sum` },
      { value: count, labels: its, metricName: `${name}_count` },
    ];
  });
}

function labelsOf({ labels: its }: Counted, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.keys(its).map((label, index) => [label, values[index] ?? '']));
}

/** What is there from the start. */
const zeros: ReadonlyMap<string, number> = new Map(
  Object.entries<Counted>(counted).flatMap(([name, { labels: its, isFromZero }]) =>
    isFromZero ? combinations(name, Object.values(its)).map((key) => [key, 0] as const) : [],
  ),
);

function combinations(key: string, [label, ...others]: readonly Label[]): string[] {
  if (label === undefined) return [key];
  return [...(known.get(label) ?? [])].flatMap((value) => combinations(`${key}${divider}${value}`, others));
}
