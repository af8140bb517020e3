import type Libsql from 'libsql';
import { LRUCache } from 'lru-cache';
import { dayOf, packed, unpacked, type Digest } from './digest.ts';
import { dayMs, type Tally, type Topic } from './tallies.ts';

export const digestSchema = `
  CREATE TABLE IF NOT EXISTS digest (
    topic TEXT NOT NULL, day INTEGER NOT NULL, claim INTEGER NOT NULL, body BLOB, PRIMARY KEY (topic, day)
  );`;

/** Octets of digests that are kept in memory: a report asks several times for the same ones. */
const mostOctets = 128 * 1024 * 1024;

/**
 * Digests of days that are over, beside the tallies that they are made of. Whoever changes one of these has the digest forgotten in the
 * same step, and one that is being made: it has no `body` yet, and is kept only if its `claim` is still there.
 */
export class Digests {
  readonly #database: Libsql.Database;
  readonly #known = new LRUCache<string, { claim: number; digest: Digest }>({ maxSize: mostOctets });

  constructor(database: Libsql.Database) {
    this.#database = database;
  }

  /** Of all days from one to before another of which there are any, in the order of time. */
  of(topic: Topic, { from, before }: { readonly from: number; readonly before: number }): Digest[] {
    const rows = this.#database
      .prepare(
        'SELECT day, claim FROM digest WHERE topic = ? AND day >= ? AND day < ? AND body NOT NULL ORDER BY day',
      )
      .raw()
      .all(topic, from, before) as [number, number][];
    return rows.map(([day, claim]) => this.#digest(topic, day, claim)).filter((each) => each !== undefined);
  }

  #digest(topic: Topic, day: number, claim: number): Digest | undefined {
    const name = `${topic} ${day}`;
    const known = this.#known.get(name);
    if (known?.claim === claim) return known.digest;
    const [body] =
      (this.#database
        .prepare('SELECT body FROM digest WHERE topic = ? AND day = ? AND claim = ? AND body NOT NULL')
        .raw()
        .get(topic, day, claim) as [Buffer] | undefined) ?? [];
    const digest = body && unpacked(body);
    if (body && digest) this.#known.set(name, { claim, digest }, { size: body.length });
    return digest;
  }

  /** Days of a topic that ended before a time and have no digest. */
  missing(topic: Topic, before: number): number[] {
    const next = this.#database
      .prepare('SELECT min(at) FROM tally WHERE topic = ? AND at >= ? AND at < ?')
      .raw();
    const one = this.#database
      .prepare('SELECT 1 FROM digest WHERE topic = ? AND day = ? AND body NOT NULL')
      .raw();
    const end = dayOf(before);
    const days: number[] = [];
    for (let from = -1e15; ; from = (days.at(-1) ?? 0) + dayMs) {
      const [at] = next.get(topic, from, end) as [number | null];
      if (at === null) return days.filter((day) => one.get(topic, day) === undefined);
      days.push(dayOf(at));
    }
  }

  /** Says that one is being made; whoever made one before has done so in vain. */
  claim(topic: Topic, day: number): number {
    const claim = Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
    this.#database.prepare('INSERT OR REPLACE INTO digest VALUES (?, ?, ?, NULL)').run(topic, day, claim);
    return claim;
  }

  /** Keeps it, unless what it was made of has changed. */
  keep(digest: Digest, claim: number): void {
    this.#database
      .prepare('UPDATE digest SET body = ? WHERE topic = ? AND day = ? AND claim = ? AND body IS NULL')
      .run(packed(digest), digest.topic, digest.day, claim);
  }

  /** Those of which some tallies change. */
  forget(tallies: readonly Tally[]): void {
    const days = new Map(
      tallies.map(({ topic, at }) => [`${topic} ${dayOf(at)}`, { topic, day: dayOf(at) }]),
    );
    const one = this.#database.prepare('DELETE FROM digest WHERE topic = ? AND day = ?');
    for (const { topic, day } of days.values()) one.run(topic, day);
  }
}
