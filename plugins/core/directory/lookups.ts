import { LRUCache } from 'lru-cache';
import type { SearchAnswer } from './connection.ts';
import { resultCode, type Entry, type SearchRequest } from './messages.ts';

/** Searches one server as the service account. */
export type Search = (request: SearchRequest) => Promise<SearchAnswer>;

/** How long what was looked up of an account is remembered, in milliseconds, and of how many accounts. */
const rememberedMs = 60_000;
const mostRemembered = 10_000;

/** What further searches tell of an account whose entry is known, remembered for a minute. */
export class Lookups<T extends object> {
  readonly #known: LRUCache<string, T>;
  readonly #ask: (entry: Entry, search: Search) => Promise<T>;
  #forgettings = 0;

  /** `now` is a clock in milliseconds that only moves forward; `ask` rejects with Unavailable for what cannot be found out. */
  constructor(now: () => number, ask: (entry: Entry, search: Search) => Promise<T>) {
    this.#ask = ask;
    this.#known = new LRUCache({
      ...{ max: mostRemembered, ttl: rememberedMs, ttlResolution: 0, perf: { now } },
    });
  }

  /** What is remembered of an account. */
  known(dn: string): T | undefined {
    return this.#known.get(dn);
  }

  forget(): void {
    this.#forgettings += 1;
    this.#known.clear();
  }

  /** Asks one server; rejects as `ask` does, and then nothing is remembered. */
  async lookUp(entry: Entry, search: Search): Promise<T> {
    const before = this.#forgettings;
    const found = await this.#ask(entry, search);
    // What is forgotten while it is asked for must not come back with the answer.
    if (before === this.#forgettings) this.#known.set(entry.dn, found);
    return found;
  }
}

/** The entries of an answer that is complete: of half an answer nobody knows what it leaves out. */
export async function whole(answer: Promise<SearchAnswer>, tooMany: () => Error): Promise<readonly Entry[]> {
  const { entries, result } = await answer;
  if (result.code === resultCode.sizeLimitExceeded) throw tooMany();
  return entries;
}
