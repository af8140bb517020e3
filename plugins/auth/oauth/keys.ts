import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { messageOf } from '../../core/message-of.ts';
import { readKeySet } from '../../core/oauth/key-set.ts';
import { oncePerMinute } from '../../core/once-per-minute.ts';

/** The keys of an issuer cannot be had, or cannot be used: nobody knows whether a token is right. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

/** The public keys of an issuer. */
export interface Keys {
  /** The key that a token names. Rejects with `IssuerUnavailable` when the keys cannot be had, else as those of jose do. */
  readonly find: JWTVerifyGetKey;
  /** Fetches keys that are not there yet; never rejects. */
  fetch(): Promise<void>;
}

/** Keys of a file, by its text; throws an Error when none of them is of any use. */
export function keysOfText(text: string): Keys {
  const set = readKeySet(text);
  if (set.keys.length === 0) throw new Error('there is no public key in it');
  return { find: createLocalJWKSet(set), fetch: () => Promise.resolve() };
}

export interface RemoteOptions {
  /** What messages call the place that they come from. */
  readonly from: string;
  /** Resolves to the text of a JWK Set; rejects with an Error that says why there is none. */
  readonly download: () => Promise<string>;
  /** How long keys count that cannot be fetched again, beyond `freshMs`. */
  readonly staleMs: number;
  /** A clock in milliseconds that only moves forward. */
  readonly now: () => number;
  readonly log: (message: string) => void;
}

/** So long keys are used without asking: a key that the issuer has withdrawn counts no longer. */
export const freshMs = 600_000;

/** Who makes up names of keys must not make us ask more often; nor must who waits for a server that is down. */
export const pauseMs = 10_000;

interface Fetched {
  readonly find: JWTVerifyGetKey;
  readonly at: number;
}

/**
 * Keys that are fetched when they are needed. createRemoteJWKSet of jose would do, but for servers that are down: it
 * drops the keys that it has, and asks again for each login.
 */
export class RemoteKeys implements Keys {
  readonly #options: RemoteOptions;
  readonly #complain: (action: () => void) => void;
  #fetched: Fetched | undefined;
  #pending: Promise<Fetched> | undefined;
  /** Why the last try came to nothing, if it did, and when that was. */
  #problem: { readonly error: IssuerUnavailable; readonly at: number } | undefined;

  constructor(options: RemoteOptions) {
    this.#options = options;
    this.#complain = oncePerMinute(options.now);
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    const fetched = await this.#current();
    try {
      return await fetched.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#age(fetched) < pauseMs) throw error;
    }
    // An issuer may have new keys at any time (OpenID Connect Core §10.1.1).
    return (await this.#refreshed()).find(header, token);
  };

  async fetch(): Promise<void> {
    await this.#current().catch(() => undefined);
  }

  async #current(): Promise<Fetched> {
    const known = this.#fetched;
    if (known && this.#age(known) < freshMs) return known;
    try {
      return await this.#refreshed();
    } catch (error) {
      const stale = this.#fetched;
      if (stale && this.#age(stale) < freshMs + this.#options.staleMs) return stale;
      throw error;
    }
  }

  #age({ at }: { readonly at: number }): number {
    return this.#options.now() - at;
  }

  /** One question for all who wait; none soon after one that came to nothing. */
  #refreshed(): Promise<Fetched> {
    if (this.#problem && this.#age(this.#problem) < pauseMs) return Promise.reject(this.#problem.error);
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #ask(): Promise<Fetched> {
    const { from, download, now, log } = this.#options;
    try {
      const set = readKeySet(await download());
      const fetched = { find: createLocalJWKSet(set), at: now() };
      if (set.keys.length === 0) this.#fetched = undefined;
      // It is the issuer who says so: those that it had count no more.
      if (set.keys.length === 0) throw new Error('there is no public key in it');
      if (this.#problem) log(`oauth: ${from}: the keys can be fetched again`);
      this.#problem = undefined;
      return (this.#fetched = fetched);
    } catch (error) {
      const problem = new IssuerUnavailable(`oauth: ${from}: ${messageOf(error)}`, { cause: error });
      this.#problem = { error: problem, at: now() };
      this.#complain(() => log(problem.message));
      throw problem;
    }
  }
}
