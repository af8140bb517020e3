import type { Change, Ground, Span } from './ground.ts';
import { columnsOf, storedEvent, type Query } from './postgresql-rows.ts';
import { countRows, editRows, uncountRows } from './postgresql-schema.ts';
import { movedHashes, sixKeys } from './rows.ts';
import type { StoredEvent } from './store.ts';
import { tallyReader } from './tally-query.ts';
import { topics, type Tally, type Topic } from './tallies.ts';

type InTransaction = <T>(work: (query: Query) => Promise<T>) => Promise<T>;

/** Nobody else writes until the transaction ends, as when events are appended. */
const takeTurn = 'SELECT place FROM gatekeeper.state FOR UPDATE';

/** What an event takes on disk beside its text: row, two keys, some five terms with theirs. */
const octetsPerEvent = 450;

export class PostgresqlGround implements Ground {
  readonly key: string;
  readonly #query: Query;
  readonly #inTransaction: InTransaction;

  constructor(key: string, query: Query, inTransaction: InTransaction) {
    this.key = key;
    this.#query = query;
    this.#inTransaction = inTransaction;
  }

  async begin(before: number): Promise<number> {
    const [row] = await this.#query('UPDATE gatekeeper.state SET clearing = $1 RETURNING cleared', [before]);
    return Number(row?.[0]);
  }

  async finish(before: number): Promise<boolean> {
    const rows = await this.#query(
      'UPDATE gatekeeper.state SET cleared = $1 WHERE clearing = $1 RETURNING cleared',
      [before],
    );
    return rows.length > 0;
  }

  async oldest(
    { from, before }: Span,
    behind: StoredEvent | undefined,
    count: number,
  ): Promise<StoredEvent[]> {
    const [time, place] = behind ? [Date.parse(behind.event.time), behind.place] : [from, 0];
    const rows = await this.#query(
      `SELECT place, body FROM gatekeeper.event WHERE time >= $1 AND time < $2 AND (time > $1 OR place > $3)
       ORDER BY time, place LIMIT $4`,
      [time, before, place, count],
    );
    return rows.map(storedEvent);
  }

  edit(changes: readonly Change[]): Promise<number> {
    const moved = changes.map((change) => ({ place: change.place, ...movedHashes(this.key, change) }));
    const termsOf = (name: 'lost' | 'found') =>
      moved.flatMap(({ place, [name]: hashes }) => hashes.map((hash) => [hash, place] as const));
    const [lost, found] = [termsOf('lost'), termsOf('found')];
    return this.#inTransaction(async (query) => {
      await query(takeTurn, []);
      const done = await query(editRows, [
        changes.map(({ place }) => place),
        changes.map(({ before }) => JSON.stringify(before)),
        changes.map(({ after }) => (after ? JSON.stringify(after) : null)),
        ...[lost, found].flatMap((each) => [each.map(([hash]) => hash), each.map(([, place]) => place)]),
      ]);
      return done.length;
    });
  }

  async counted(
    topic: Topic,
    { from, before }: Span,
    behind: Tally | undefined,
    count: number,
  ): Promise<readonly Tally[]> {
    const columns = topics[topic].keys.map((_, index) => `k${index}`).join(', ');
    const start = behind ? '(at, k0, k1, k2, k3, k4, k5) > ($3, $5, $6, $7, $8, $9, $10)' : 'at >= $3';
    const rows = await this.#query(
      `SELECT at, ${columns}, count, recipients, bytes, first, last, hours, sample FROM gatekeeper.tally
       WHERE topic = $1 AND at < $2 AND ${start} ORDER BY at, k0, k1, k2, k3, k4, k5 LIMIT $4`,
      [topic, before, behind?.at ?? from, count, ...(behind ? sixKeys(behind) : [])],
    );
    return rows.map(tallyReader({ topic }));
  }

  recount(instead: readonly Tally[], of: readonly Tally[]): Promise<boolean> {
    return this.#inTransaction(async (query) => {
      await query(takeTurn, []);
      await query('SAVEPOINT counted', []);
      const gone = await query(`${uncountRows} RETURNING 1`, columnsOf(of).slice(0, 13));
      const isSame = gone.length === of.length;
      if (isSame) await query(countRows, columnsOf(instead));
      else await query('ROLLBACK TO counted', []);
      return isSame;
    });
  }

  async needed(): Promise<number> {
    const [row] = await this.#query(
      `SELECT (SELECT count(*) FROM gatekeeper.event),
        (SELECT avg(octet_length(body)) FROM (SELECT body FROM gatekeeper.event ORDER BY place LIMIT 1000) AS first)`,
      [],
    );
    return Number(row?.[0]) * (Number(row?.[1] ?? 0) + octetsPerEvent);
  }
}
