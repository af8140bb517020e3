import type Libsql from 'libsql';
import { LRUCache } from 'lru-cache';
import { partName, unpacked, type Digest, type PackedParts } from './digest.ts';
import type { TallyQuery } from './store.ts';
import { beginningOf, dayMs, dayOf, keyText, topics, type Tally, type Topic } from './tallies.ts';

export const digestSchema = `
  CREATE TABLE IF NOT EXISTS digest (
    topic TEXT NOT NULL, day INTEGER NOT NULL, part TEXT NOT NULL, claim INTEGER NOT NULL, body BLOB,
    PRIMARY KEY (topic, day, part)
  );`;

/** Octets of digests that are kept in memory: a report asks several times for the same ones. */
const mostOctets = 128 * 1024 * 1024;

/** Fewer days are read from their rows as fast. */
const fewestDays = 3;

/** That somebody makes the digests of a day, or has made them. */
interface Claim {
  readonly topic: Topic;
  readonly day: number;
  readonly claim: number;
}

/** What is known of one day. */
export interface DigestedDay {
  readonly day: number;
  readonly digests: readonly Digest[];
}

/**
 * Digests of days that are over, beside the tallies that they are made of: for each topic one, or one for each value of its first key.
 * Whoever changes one of these tallies has those of its day forgotten in the same step, and also those that are being made: the row
 * without a name of its part says whose claim it is, and has a body when they are done.
 */
export class Digests {
  readonly #database: Libsql.Database;
  readonly #forget: Libsql.Statement;
  readonly #known = new LRUCache<string, { claim: number; digest: Digest }>({ maxSize: mostOctets });

  constructor(database: Libsql.Database) {
    this.#database = database;
    // Each step that writes asks for it.
    this.#forget = database.prepare('DELETE FROM digest WHERE topic = ? AND day = ?');
  }

  /**
   * Days that a query is wholly about, in their order; none where rows are read as fast, or each hour is asked for. Within a
   * transaction of the caller: a day whose digests went meanwhile would be one on which nothing was.
   */
  of(query: TallyQuery): readonly DigestedDay[] {
    const { topic, since, until, isOverTime = false } = query;
    const isHourly = topics[topic].per === 'hour';
    if (isHourly && isOverTime) return [];
    const from = beginningOf(topic, since.getTime());
    const before = isHourly ? until.getTime() - dayMs + 1 : until.getTime();
    const done = this.#database
      .prepare(
        `SELECT day, claim FROM digest WHERE topic = ? AND part = '' AND day >= ? AND day < ? AND body NOT NULL ORDER BY day`,
      )
      .raw()
      .all(topic, from, before) as [number, number][];
    if (done.length < fewestDays) return [];
    return done.flatMap(([day, claim]) => this.#digestsOf({ topic, day, claim }, query) ?? []);
  }

  /** Nothing where one of them cannot be read. */
  #digestsOf(claim: Claim, query: TallyQuery): DigestedDay | undefined {
    const digests: Digest[] = [];
    for (const part of this.#partsOf(claim, query)) {
      const digest = this.#digest(claim, part);
      if (!digest) return undefined;
      digests.push(digest);
    }
    return { day: claim.day, digests };
  }

  /** Those that a query is about, in the order of their names. */
  #partsOf({ topic, day, claim }: Claim, { where }: TallyQuery): readonly string[] {
    if (partName(topic, '') === undefined) return [''];
    const parts = this.#database
      .prepare(
        "SELECT part FROM digest WHERE topic = ? AND day = ? AND claim = ? AND part <> '' ORDER BY part",
      )
      .raw()
      .all(topic, day, claim) as [string][];
    const first = where?.[topics[topic].keys[0]];
    const wanted =
      first === undefined ? undefined : [first].flat().map((key) => partName(topic, keyText(key)));
    return parts.map(([part]) => part).filter((part) => wanted?.includes(part) !== false);
  }

  #digest({ topic, day, claim }: Claim, part: string): Digest | undefined {
    const name = `${topic} ${day} ${part}`;
    const known = this.#known.get(name);
    if (known?.claim === claim) return known.digest;
    const [body] =
      (this.#database
        .prepare('SELECT body FROM digest WHERE topic = ? AND day = ? AND part = ? AND claim = ?')
        .raw()
        .get(topic, day, part, claim) as [Buffer] | undefined) ?? [];
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
      .prepare("SELECT 1 FROM digest WHERE topic = ? AND day = ? AND part = '' AND body NOT NULL")
      .raw();
    const end = dayOf(before);
    const days: number[] = [];
    for (let from = -1e15; ; from = (days.at(-1) ?? 0) + dayMs) {
      const [at] = next.get(topic, from, end) as [number | null];
      if (at === null) return days.filter((day) => one.get(topic, day) === undefined);
      days.push(dayOf(at));
    }
  }

  /** Says that those of a day are being made; whoever made them before has done so in vain. */
  claim(topic: Topic, day: number): Claim {
    const claim = Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
    this.#database.prepare("INSERT OR REPLACE INTO digest VALUES (?, ?, '', ?, NULL)").run(topic, day, claim);
    return { topic, day, claim };
  }

  /** Keeps them, by the names of their parts, unless the tallies of the day have changed; within a transaction of the caller. */
  keep({ topic, day, claim }: Claim, parts: PackedParts): void {
    const { changes } = this.#database
      .prepare(
        "UPDATE digest SET body = ? WHERE topic = ? AND day = ? AND part = '' AND claim = ? AND body IS NULL",
      )
      .run(parts.get('') ?? Buffer.alloc(0), topic, day, claim);
    if (changes === 0) return;
    const one = this.#database.prepare('INSERT OR REPLACE INTO digest VALUES (?, ?, ?, ?, ?)');
    for (const [part, body] of parts) if (part !== '') one.run(topic, day, part, claim, body);
  }

  /** Those of which some tallies change. */
  forget(tallies: readonly Tally[]): void {
    const days = new Map(
      tallies.map(({ topic, at }) => [`${topic} ${dayOf(at)}`, { topic, day: dayOf(at) }]),
    );
    for (const { topic, day } of days.values()) this.#forget.run(topic, day);
  }
}
