import { LRUCache } from 'lru-cache';
import { counted, waitFor, type Allowance } from '../core/guessing/level.ts';
import { accountOf, networksOf } from '../core/guessing/subject.ts';
import { emptyTally, type Tally } from '../core/store/store.ts';

const windowMs = 15 * 60_000;

/** Accounts and networks that are remembered; who wanted to push one out would need as many failures. */
const mostKept = 100_000;

/** All failures together: an attack from everywhere has to wait for itself. */
const factorOfAll = 40;

/** The first failures cost seconds, each twice as long as the one before. */
const firstDelayMs = 250;
const longestDelayMs = 4000;

/** A login that may be tried, after a while, or has to wait; it counts as failed until it is taken back. */
export type Turn =
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'try'; readonly delayMs: number; readonly succeeded: () => void };

/**
 * Slows down who guesses passwords here: each login is counted before it is tried, so that many at once are counted, too. It is
 * apart from what the gateway counts of SMTP: a stale printer behind the same address must not keep the admins out.
 */
export class Throttle {
  readonly #tallies = new LRUCache<string, Tally>({ max: mostKept });
  /** From where accounts have logged in: there, what others fail with elsewhere does not count. */
  readonly #known = new LRUCache<string, true>({ max: 10_000 });
  readonly #limit: number;
  readonly #now: () => number;

  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  turn(login: string, client: string): Turn {
    const now = this.#now();
    const keys = this.#keysOf(login, client);
    const waits = keys.map(({ key, allowance }) => waitFor(this.#of(key), allowance, now));
    const wait = Math.max(...waits);
    if (wait > 0) return { kind: 'wait', seconds: Math.ceil(wait / 1000) };
    this.#count(keys, 1);
    const level = Math.max(...keys.slice(0, 2).map(({ key }) => this.#of(key).level));
    const delayMs = level <= 1 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (level - 1));
    const succeeded = () => {
      this.#count(keys, -1);
      this.#known.set(pairOf(login, client), true);
    };
    return { kind: 'try', delayMs, succeeded };
  }

  #of(key: string): Tally {
    return this.#tallies.get(key) ?? emptyTally;
  }

  #count(keys: readonly Counted[], by: number): void {
    const now = this.#now();
    for (const { key, allowance } of keys) {
      this.#tallies.set(key, counted(this.#of(key), by, allowance, now));
    }
  }

  #keysOf(login: string, client: string): readonly Counted[] {
    const pair = pairOf(login, client);
    const account = this.#known.has(pair) ? pair : accountOf(login, '');
    const allowed = (limit: number): Allowance => ({ limit, windowMs });
    return [
      { key: `account ${account}`, allowance: allowed(this.#limit) },
      { key: `network ${networkOf(client)}`, allowance: allowed(this.#limit) },
      { key: 'all', allowance: allowed(this.#limit * factorOfAll) },
    ];
  }
}

function pairOf(login: string, client: string): string {
  return `${accountOf(login, '')} from ${networkOf(client)}`;
}

function networkOf(client: string): string {
  return networksOf(client)?.own ?? client;
}

interface Counted {
  readonly key: string;
  readonly allowance: Allowance;
}
