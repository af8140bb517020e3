import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type Pg from 'pg';
import { messageOf } from '../message-of.ts';
import { readPasswordFile } from '../password-file.ts';
import type { GatekeeperEvent } from './event.ts';
import { PostgresqlGround } from './postgresql-ground.ts';
import { appendRows, schemaLock, schemaVersion, tables } from './postgresql-schema.ts';
import { columnsOf, readEvents, readTallies, type Query } from './postgresql-rows.ts';
import { eraseIn, maintainIn } from './maintenance.ts';
import { rowsOf } from './rows.ts';
import {
  EventsUnavailable,
  type Erased,
  type EventQuery,
  type EventStore,
  type Limits,
  type Maintained,
  type StoredEvent,
  type TallyQuery,
} from './store.ts';
import { beginningOf, type Tally } from './tallies.ts';

/** Where the server is, who we are there, and with what the index is keyed. */
export interface PostgresqlOptions {
  /** Its name, its address, or the folder of its socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly passwordFile?: string | undefined;
  /** Whether its certificate has to be good for its name; else it is spoken to in clear. */
  readonly tls: boolean;
  /** Authorities that sign it; those of Node.js where absent. */
  readonly caFile?: string | undefined;
  readonly key: string;
}

/** So long it may take until a connection stands, or one is free. */
const connectMs = 5000;

/** So long the server works on one statement; it is waited a little longer for its answer. */
const statementMs = 30_000;
const answerMs = 35_000;

/** One for who writes, and others for who reads meanwhile. */
const mostConnections = 4;

/** The events in a database that several gateways share. Nothing is asked of the server before the first use. */
export function openPostgresqlEvents(options: PostgresqlOptions): EventStore {
  // Loaded here and not before: who does not use it does not wait for it.
  const { Pool } = createRequire(import.meta.url)('pg') as typeof Pg;
  return translatedNow(() => new PostgresqlEvents(new Pool(poolOf(options)), options.key));
}

/** How the driver is told of it. */
export function poolOf(options: Omit<PostgresqlOptions, 'key'>): Pg.PoolConfig {
  const { host, port, database, user, passwordFile, tls, caFile } = options;
  const whose = `the user ${user} of PostgreSQL`;
  return {
    ...{ host, port, database, user, max: mostConnections, keepAlive: true },
    ...(passwordFile !== undefined && { password: () => passwordIn(passwordFile, whose) }),
    ssl: tls && {
      rejectUnauthorized: true,
      ...(caFile !== undefined && { ca: readFileSync(caFile, 'utf8') }),
    },
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    query_timeout: answerMs,
    application_name: 'gatekeeper',
  };
}

/** Read for each connection: it may have been changed meanwhile. */
function passwordIn(file: string, whose: string): string {
  return readPasswordFile(file, whose).reveal((bytes) => bytes.toString('utf8'));
}

class PostgresqlEvents implements EventStore {
  readonly #pool: Pg.Pool;
  readonly #key: string;
  readonly #ground: PostgresqlGround;
  #isReady: Promise<void> | undefined;

  constructor(pool: Pg.Pool, key: string) {
    this.#pool = pool;
    this.#key = key;
    // A connection that breaks while nobody uses it: the next use opens another.
    pool.on('error', () => undefined);
    this.#ground = new PostgresqlGround(key, this.#query, (work) => this.#inTransaction(work));
  }

  async append(events: readonly GatekeeperEvent[]): Promise<void> {
    if (events.length === 0) return;
    const { times, bodies, terms, tallies } = rowsOf(this.#key, events);
    await this.#query(appendRows, [
      ...columnsOf(tallies),
      times,
      bodies,
      terms.map(({ hash }) => hash),
      terms.map(({ index }) => index + 1),
      beginningOf('login', Math.min(...times)),
    ]);
  }

  events(query: EventQuery): AsyncGenerator<readonly StoredEvent[]> {
    return readEvents(this.#query, this.#key, query);
  }

  tallies(query: TallyQuery): Promise<readonly Tally[]> {
    return readTallies(this.#query, query);
  }

  async size(): Promise<number> {
    const [row] = await this.#query(
      `SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'gatekeeper' AND c.relkind = 'r'`,
      [],
    );
    return Number(row?.[0]);
  }

  maintain(limits: Limits): Promise<Maintained> {
    return maintainIn(this.#ground, limits);
  }

  erase(names: readonly string[]): Promise<Erased> {
    return eraseIn(this.#ground, names);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** Rows as arrays. */
  readonly #query: Query = (text, values) =>
    translated(async () => {
      await this.#ready();
      const { rows } = await this.#pool.query({ text, values: [...values], rowMode: 'array' });
      return rows as unknown[][];
    });

  async #inTransaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return translated(async () => {
      await this.#ready();
      return inTransaction(this.#pool, work);
    });
  }

  /** Once; where it fails, the next use tries again. */
  #ready(): Promise<void> {
    this.#isReady ??= inTransaction(this.#pool, (query) => prepare(query, this.#key)).catch(
      (error: unknown) => {
        this.#isReady = undefined;
        throw error;
      },
    );
    return this.#isReady;
  }
}

async function inTransaction<T>(pool: Pg.Pool, work: (query: Query) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  const query: Query = async (text, values) => {
    const { rows } = await client.query({ text, values: [...values], rowMode: 'array' });
    return rows as unknown[][];
  };
  try {
    await client.query('BEGIN');
    const result = await work(query);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    // Whatever it was doing ends with the connection.
    client.release(true);
    throw error;
  }
}

/** Makes what is missing, by one gateway at a time. */
async function prepare(query: Query, key: string): Promise<void> {
  await query('SELECT pg_advisory_xact_lock($1)', [schemaLock]);
  const [there] = await query("SELECT to_regclass('gatekeeper.state') IS NOT NULL", []);
  if (there?.[0] !== true) await makeTables(query, keyNumber(key));
  const [[version, theirs] = []] = await query('SELECT version, key FROM gatekeeper.state', []);
  refuseForeign(version, theirs, key);
}

/** Throws where tables are not for this gateway, by what they say of themselves. */
export function refuseForeign(version: unknown, theirs: unknown, key: string): void {
  if (Number(version) > schemaVersion) {
    throw new Error(`the tables are of version ${String(version)}, and this gateway knows ${schemaVersion}`);
  }
  if (Number(theirs) !== keyNumber(key)) {
    throw new Error('another gateway began with another key: copy its events.key into data_directory');
  }
}

async function makeTables(query: Query, key: number): Promise<void> {
  // Who may make no schema may have been given one.
  const [there] = await query("SELECT to_regnamespace('gatekeeper') IS NOT NULL", []);
  if (there?.[0] !== true) await query('CREATE SCHEMA gatekeeper', []);
  for (const statement of tables.split(';').filter((each) => each.trim() !== '')) await query(statement, []);
  await query('INSERT INTO gatekeeper.state VALUES ($1, $2, 0, 0, 0)', [schemaVersion, key]);
}

/** By which gateways that share a database find that they have the same key; nobody can tell the key from it. */
function keyNumber(key: string): number {
  return Number.parseInt(createHash('sha256').update(`which key\0${key}`).digest('hex').slice(0, 12), 16);
}

/** What is broken there is for who looks after the server: nothing that a gateway could set aside. */
function unavailable(error: unknown): EventsUnavailable {
  if (error instanceof EventsUnavailable) return error;
  const { code } = Object(error) as { code?: unknown };
  return new EventsUnavailable(messageOf(error) || String(code), {
    cause: error,
    isFull: code === '53100',
  });
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unavailable(error);
  }
}

function translatedNow<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unavailable(error);
  }
}
