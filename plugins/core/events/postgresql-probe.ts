import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import type Pg from 'pg';
import { within } from '../deadline.ts';
import { poolOf, refuseForeign, type PostgresqlOptions } from './postgresql.ts';

/** So long the server may take for everything together. */
export const probeMs = 10_000;

/** So long it may take for goodbye. */
const farewellMs = 1000;

/** What a gateway needs there; the schema is asked for where it is, else the database (as `makeTables` goes on). */
const question = `
  SELECT current_setting('transaction_read_only') = 'on',
    to_regclass('gatekeeper.state') IS NOT NULL,
    coalesce(has_schema_privilege(to_regnamespace('gatekeeper')::oid, 'CREATE'), has_database_privilege(current_database(), 'CREATE'))`;

const mayWrite = `
  SELECT bool_and(has_table_privilege(c.oid, needed.what))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed (what)
  WHERE n.nspname = 'gatekeeper' AND c.relkind = 'r'`;

/** Without a key, as before the first start, it is not asked whose tables these are. */
export type ProbeOptions = Omit<PostgresqlOptions, 'key'> & { readonly key: string | undefined };

/** Connects as a gateway does, changes nothing there, and tells whether the tables are there; rejects where events could not be kept. */
export async function probePostgresqlEvents(options: ProbeOptions): Promise<'tables' | 'none yet'> {
  const { Client } = createRequire(import.meta.url)('pg') as typeof Pg;
  const socket = new Socket();
  // The driver would say of a silent server that a timeout has expired, and not which.
  const { connectionTimeoutMillis: connectMs = probeMs, ...how } = poolOf(options);
  const client = new Client({ ...how, stream: () => socket });
  // A connection that breaks is told to who waits for an answer.
  client.on('error', () => undefined);
  const late = () => new Error(`no answer within ${probeMs / 1000} s`);
  try {
    return await within(probeMs, late, async () => {
      const silent = () => new Error(`no connection within ${connectMs / 1000} s`);
      await within(connectMs, silent, () => client.connect());
      const found = await ask(client, options.key);
      await within(farewellMs, late, () => client.end()).catch(() => undefined);
      return found;
    });
  } finally {
    socket.destroy();
  }
}

async function ask(client: Pg.Client, key: string | undefined): Promise<'tables' | 'none yet'> {
  const row = async (text: string) => {
    const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' });
    return rows[0] ?? [];
  };
  const [isReadOnly, isThere, mayMake] = await row(question);
  if (isReadOnly !== false) throw new Error('the server takes no writes: it is a standby, or read only');
  if (isThere !== true) {
    if (mayMake !== true) throw new Error('the user may not make the schema gatekeeper, or tables in it');
    return 'none yet';
  }
  const [version, theirs] = await row('SELECT version, key FROM gatekeeper.state');
  if (key !== undefined) refuseForeign(version, theirs, key);
  const [isWritable] = await row(mayWrite);
  if (isWritable !== true) throw new Error('the user may not write the tables of the schema gatekeeper');
  return 'tables';
}
