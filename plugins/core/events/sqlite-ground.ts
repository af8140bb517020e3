import type Libsql from 'libsql';
import type { Change, Ground, Span } from './ground.ts';
import { movedHashes, sixKeys } from './rows.ts';
import { partsOf, sixColumns, type EventWriting } from './sqlite-writing.ts';
import type { StoredEvent } from './store.ts';
import { tallyReader } from './tally-query.ts';
import { topics, type Tally, type Topic } from './tallies.ts';

/** What a ground needs of the store whose database it works in. */
export interface SqliteAccess {
  readonly key: string;
  readonly database: Libsql.Database;
  /** Does it while the file is there; rejects with `EventsUnavailable`. */
  use<T>(work: () => T): Promise<T>;
  /** The same, all or nothing. */
  inTransaction<T>(work: (writing: EventWriting) => T): Promise<T>;
}

export class SqliteGround implements Ground {
  readonly key: string;
  readonly #access: SqliteAccess;

  constructor(access: SqliteAccess) {
    this.key = access.key;
    this.#access = access;
  }

  begin(before: number): Promise<number> {
    return this.#access.inTransaction(() => {
      this.#run("UPDATE state SET value = ? WHERE name = 'clearing'", before);
      return Number(this.#row("SELECT value FROM state WHERE name = 'cleared'")?.[0]);
    });
  }

  finish(before: number): Promise<boolean> {
    return this.#access.use(() =>
      this.#run(
        "UPDATE state SET value = ?1 WHERE name = 'cleared' AND ?1 = (SELECT value FROM state WHERE name = 'clearing')",
        before,
      ),
    );
  }

  oldest({ from, before }: Span, behind: StoredEvent | undefined, count: number): Promise<StoredEvent[]> {
    const [time, place] = behind ? [Date.parse(behind.event.time), behind.place] : [from, 0];
    return this.#access.use(() =>
      this.#rows(
        'SELECT place, body FROM event WHERE (time, place) > (?, ?) AND time < ? ORDER BY time, place LIMIT ?',
        ...[time, place, before, count],
      ).map(([place, body]) => ({
        place: Number(place),
        event: JSON.parse(String(body)) as StoredEvent['event'],
      })),
    );
  }

  edit(changes: readonly Change[]): Promise<number> {
    return this.#access.inTransaction(() => {
      // Nothing that a reader of the file could put together again stays where something was.
      this.#access.database.pragma('secure_delete = ON');
      this.#rememberLast();
      const partOf = partsOf(this.#access.database);
      return changes.filter((change) => this.#editOne(change, partOf(change.place))).length;
    });
  }

  #editOne(change: Change, part: number): boolean {
    const { place, before, after } = change;
    const body = JSON.stringify(before);
    const isDone = after
      ? this.#run(
          'UPDATE event SET body = ? WHERE place = ? AND body = ?',
          JSON.stringify(after),
          place,
          body,
        )
      : this.#run('DELETE FROM event WHERE place = ? AND body = ?', place, body);
    if (!isDone) return false;
    const { lost, found } = movedHashes(this.key, change);
    for (const hash of lost) {
      this.#run('DELETE FROM term WHERE part = ? AND hash = ? AND place = ?', part, hash, place);
    }
    for (const hash of found) {
      this.#run('INSERT OR IGNORE INTO term VALUES (?, ?, ?)', part, hash, place);
    }
    return true;
  }

  /** Where the last event is removed, the next one must not take its place. */
  #rememberLast(): void {
    this.#run(
      "UPDATE state SET value = max(value, coalesce((SELECT max(place) FROM event), 0)) WHERE name = 'place'",
    );
  }

  counted(
    topic: Topic,
    { from, before }: Span,
    behind: Tally | undefined,
    count: number,
  ): Promise<readonly Tally[]> {
    const columns = topics[topic].keys.map((_, index) => `k${index}`).join(', ');
    const order = `at, ${sixColumns.join(', ')}`;
    const start = behind ? `(${order}) > (?, ?, ?, ?, ?, ?, ?)` : 'at >= ?';
    return this.#access.use(() =>
      this.#rows(
        `SELECT at, ${columns}, count, recipients, bytes, first, last, hours, sample FROM tally
         WHERE topic = ? AND ${start} AND at < ? ORDER BY ${order} LIMIT ?`,
        ...[topic, behind?.at ?? from, ...(behind ? sixKeys(behind) : []), before, count],
      ).map(tallyReader({ topic })),
    );
  }

  recount(instead: readonly Tally[], of: readonly Tally[]): Promise<boolean> {
    return this.#access.inTransaction((writing) => {
      this.#access.database.pragma('secure_delete = ON');
      const isSame = of.every((tally) => this.#isThere(tally));
      if (isSame) writing.recount(instead, of);
      return isSame;
    });
  }

  #isThere(tally: Tally): boolean {
    const { topic, at, count, recipients, bytes, last } = tally;
    const values = [topic, at, ...sixKeys(tally), count, recipients, bytes, last];
    return this.#row(sameTally, ...values) !== undefined;
  }

  /** Pages that hold something. */
  needed(): Promise<number> {
    return this.#access.use(() => {
      const pragma = (name: string) => Number(this.#row(`PRAGMA ${name}`)?.[0]);
      return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
    });
  }

  #run(sql: string, ...values: Value[]): boolean {
    return this.#access.database.prepare(sql).run(...values).changes > 0;
  }

  #row(sql: string, ...values: Value[]): readonly unknown[] | undefined {
    return this.#access.database
      .prepare(sql)
      .raw()
      .get(...values) as unknown[] | undefined;
  }

  #rows(sql: string, ...values: Value[]): readonly (readonly unknown[])[] {
    return this.#access.database
      .prepare(sql)
      .raw()
      .all(...values) as unknown[][];
  }
}

type Value = string | number;

const sameTally = `SELECT 1 FROM tally WHERE ${[
  'topic',
  'at',
  ...sixColumns,
  'count',
  'recipients',
  'bytes',
  'last',
]
  .map((name) => `${name} = ?`)
  .join(' AND ')}`;
