import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { openLineEvents } from '../../../plugins/core/events/lines.ts';
import { openPostgresqlEvents } from '../../../plugins/core/events/postgresql.ts';
import { openSqliteEvents } from '../../../plugins/core/events/sqlite.ts';
import type { EventQuery, EventStore, StoredEvent, TallyQuery } from '../../../plugins/core/events/store.ts';
import { dayMs } from '../../../plugins/core/events/tallies.ts';
import { startPostgresql, type Postgresql } from '../../support/postgresql.ts';

import { noon } from './sample-events.ts';

/** A place that nobody used yet: what opens it, once or several times, and what takes it away. */
export interface Place {
  readonly open: () => EventStore;
  readonly takeAway: () => void;
}

export interface StoreKind {
  readonly it: string;
  readonly fresh: () => Place;
}

/** With what the stores of tests are keyed. */
export const key = 'ab'.repeat(32);

let count = 0;

/** Every store, each of which has to do the same. Starts a server for the tests of a file, and stops it. */
export function storeKinds(): readonly StoreKind[] {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-events-'));
  let server: Postgresql | undefined;
  before(async () => {
    server = await startPostgresql();
  });
  after(async () => {
    await server?.stop();
    rmSync(base, { recursive: true, force: true });
  });
  return [
    { it: 'SQLite', fresh: () => inSqlite(base) },
    { it: 'SQLite with digests', fresh: () => withDigests(inSqlite(base)) },
    { it: 'files of lines', fresh: () => inLines(base) },
    { it: 'PostgreSQL', fresh: () => inPostgresql(server) },
  ];
}

function inSqlite(base: string): Place {
  const file = join(base, String((count += 1)), 'events.db');
  return {
    open: () => openSqliteEvents({ file, key }),
    takeAway: () => renameSync(file, `${file}.away`),
  };
}

/** Before anything counted is read days are digested: all, or the first ones. */
function withDigests({ open, takeAway }: Place): Place {
  const limits = { clearBefore: new Date(0), keepAfter: new Date(0), maxBytes: Infinity };
  const digestBefore = new Date(noon + ([2, 3, 1000][count % 3] ?? 0) * dayMs);
  return {
    takeAway,
    open: () => {
      const store = open();
      const tallies = store.tallies.bind(store);
      return Object.assign(store, {
        tallies: async (query: TallyQuery) => {
          await store.maintain({ ...limits, digestBefore });
          return tallies(query);
        },
      });
    },
  };
}

/** Small files, so that everything goes through some. What takes them away puts a folder in their place. */
function inLines(base: string): Place {
  const folder = join(base, String((count += 1)));
  const file = join(folder, 'events.jsonl');
  return {
    open: () => openLineEvents({ file, maxBytes: 20_000, keep: 100, key }),
    takeAway: () => {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(file, { recursive: true });
    },
  };
}

function inPostgresql(server: Postgresql | undefined): Place {
  assert.ok(server);
  const { sql, user, passwordFile, port } = server;
  const database = `events${(count += 1)}`;
  sql('postgres', `CREATE DATABASE ${database}`);
  const options = { ...{ host: '127.0.0.1', port, database, user, passwordFile, key }, tls: false };
  return {
    open: () => openPostgresqlEvents(options),
    takeAway: () => void sql('postgres', `DROP DATABASE ${database} WITH (FORCE)`),
  };
}

/** All that a query finds, in one list. */
export async function found(store: EventStore, query: EventQuery = {}): Promise<readonly StoredEvent[]> {
  const all = [];
  for await (const batch of store.events(query)) all.push(...batch);
  return all;
}
