import { LRUCache } from 'lru-cache';
import type { Answer, RecordData, RecordType } from './dns.ts';

export interface CacheOptions {
  /** Most answers that are kept. */
  readonly entries: number;
  /** Most memory that they may take together, about, in octets. */
  readonly octets: number;
  /** Records are kept so many seconds at least and at most, whatever their TTL says. */
  readonly minTtl: number;
  readonly maxTtl: number;
  /** Most seconds for an answer that there is nothing (RFC 2308 §5: one to three hours). */
  readonly maxNegativeTtl: number;
  /** Seconds for trouble (RFC 9520 §3.2). */
  readonly failureTtl: number;
}

/** What was answered, until it is too old. */
export interface Cache {
  /** The same promise of the same answer each time. */
  get(key: string): Promise<Answer<RecordType>> | undefined;
  /** `ttl` in seconds as the answer says it; undefined when it does not say. */
  store(key: string, answer: Answer<RecordType>, ttl: number | undefined): void;
  clear(): void;
}

interface Entry {
  readonly answer: Promise<Answer<RecordType>>;
  readonly size: number;
  readonly expires: number;
}

/** What an entry and a record take besides their octets, roughly. */
const overhead = { entry: 400, record: 60 } as const;

/** `now` is a clock in milliseconds that only moves forward. */
export function createCache(options: CacheOptions, now: () => number): Cache {
  const entries = new LRUCache<string, Entry>({
    max: options.entries,
    maxSize: options.octets,
    sizeCalculation: ({ size }) => size,
  });
  return {
    get: (key) => {
      const entry = entries.get(key);
      return entry === undefined || entry.expires <= now() ? undefined : entry.answer;
    },
    store: (key, answer, ttl) => {
      const seconds = boundedTtl(answer, ttl, options);
      if (seconds <= 0) return;
      const size = sizeOf(key, answer);
      entries.set(key, { answer: Promise.resolve(answer), size, expires: now() + seconds * 1000 });
    },
    clear: () => entries.clear(),
  };
}

function boundedTtl(answer: Answer<RecordType>, ttl: number | undefined, options: CacheOptions): number {
  switch (answer.kind) {
    case 'records':
      return Math.min(Math.max(ttl ?? 0, options.minTtl), options.maxTtl);
    case 'no-data':
    case 'nxdomain':
      // RFC 2308 §5: without an SOA record it says nothing about how long it holds.
      return ttl === undefined ? 0 : Math.min(Math.max(ttl, options.minTtl), options.maxNegativeTtl);
    case 'servfail':
    case 'timeout':
      return options.failureTtl;
  }
}

function sizeOf(key: string, answer: Answer<RecordType>): number {
  const own = overhead.entry + key.length;
  if (answer.kind !== 'records') return own;
  return answer.records.reduce((sum: number, record) => sum + overhead.record + lengthOf(record), own);
}

function lengthOf(record: RecordData[RecordType]): number {
  if (typeof record === 'string') return record.length;
  return 'exchange' in record ? record.exchange.length : record.data.length;
}
