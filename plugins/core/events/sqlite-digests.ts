import type Libsql from 'libsql';
import { LRUCache } from 'lru-cache';
import { dayOf, digestOf, packed, unpacked, withoutHours, type Digest } from './digest.ts';
import type { TallyQuery } from './store.ts';
import { beginningOf, dayMs, topics, type Tally, type Topic } from './tallies.ts';

/** A digest, or that somebody makes one. */
interface Claimed {
  readonly topic: Topic;
  readonly day: number;
  readonly claim: number;
}

export const digestSchema = `
  CREATE TABLE IF NOT EXISTS digest (
    topic TEXT NOT NULL, day INTEGER NOT NULL, claim INTEGER NOT NULL, body BLOB, daily BLOB,
    PRIMARY KEY (topic, day)
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

  /** Of all days from one to before another of which there are any, in the order of time; without hours where they are not asked for. */
  of(query: TallyQuery): Digest[] {
    const { topic, since, until, isOverTime = false, where } = query;
    // Rows of a first key are found hour by hour, and are few beside a day with all of its hours.
    if (isOverTime && topics[topic].per === 'hour' && where?.[topics[topic].keys[0]] !== undefined) return [];
    const from = beginningOf(topic, since.getTime());
    const rows = this.#database
      .prepare(
        'SELECT day, claim, daily NOT NULL FROM digest WHERE topic = ? AND day >= ? AND day < ? AND body NOT NULL ORDER BY day',
      )
      .raw()
      .all(topic, dayOf(from), until.getTime()) as [number, number, number][];
    return rows
      .map(([day, claim, hasDaily]) => {
        const isWhole = day >= from && day + dayMs <= until.getTime();
        const column = hasDaily === 1 && isWhole && !isOverTime ? 'daily' : 'body';
        return this.#digest(column, { topic, day, claim });
      })
      .filter((each) => each !== undefined);
  }

  #digest(column: 'body' | 'daily', { topic, day, claim }: Claimed): Digest | undefined {
    const name = `${column} ${topic} ${day}`;
    const known = this.#known.get(name);
    if (known?.claim === claim) return known.digest;
    const [body] =
      (this.#database
        .prepare(
          `SELECT ${column} FROM digest WHERE topic = ? AND day = ? AND claim = ? AND ${column} NOT NULL`,
        )
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
  claim(topic: Topic, day: number): Claimed {
    const claim = Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
    this.#database
      .prepare('INSERT OR REPLACE INTO digest VALUES (?, ?, ?, NULL, NULL)')
      .run(topic, day, claim);
    return { topic, day, claim };
  }

  /** Keeps it, of all tallies of the day in the order of time and keys, unless these have changed. */
  keep({ topic, day, claim }: Claimed, tallies: readonly Tally[]): void {
    const daily = withoutHours(topic, day, tallies);
    this.#database
      .prepare(
        'UPDATE digest SET body = ?, daily = ? WHERE topic = ? AND day = ? AND claim = ? AND body IS NULL',
      )
      .run(packed(digestOf(topic, day, tallies)), daily ? packed(daily) : null, topic, day, claim);
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
