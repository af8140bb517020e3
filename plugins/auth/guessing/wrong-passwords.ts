import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Secret } from '../../core/secret.ts';

const mostTags = 100_000;
const dayMs = 86_400_000;

/**
 * Tells a wrong password that comes again, of a telephone that nobody told the new one, from a guess. Of a password it
 * keeps 16 bits of a keyed hash, in memory, under a key that is drawn anew each day: whoever reads them cannot tell which of
 * a list of passwords was meant, since each 65,536th fits.
 */
export class WrongPasswords {
  readonly #seen = new LRUCache<string, true>({ max: mostTags });
  #key = randomBytes(32);
  #day = NaN;

  /** 16 bits that stand for a password of an account today. */
  tag(account: string, password: Secret, now: number): string {
    this.#beginDay(Math.floor(now / dayMs));
    // The length keeps `a` with password `bc` from being `ab` with password `c`.
    const hmac = createHmac('sha256', this.#key).update(`${Buffer.byteLength(account)} ${account} `);
    return password.reveal((bytes) => hmac.update(bytes).digest().readUInt16BE(0).toString(16));
  }

  /** Whether a password was wrong before, for an account, in a network or anywhere. */
  has(account: string, network: string, tag: string): boolean {
    return this.#seen.has(nameOf(account, network, tag));
  }

  add(account: string, network: string, tag: string): void {
    this.#seen.set(nameOf(account, network, tag), true);
  }

  #beginDay(day: number): void {
    if (day === this.#day) return;
    this.#day = day;
    this.#key = randomBytes(32);
    this.#seen.clear();
  }
}

function nameOf(account: string, network: string, tag: string): string {
  return `${tag} ${network} ${account}`;
}
