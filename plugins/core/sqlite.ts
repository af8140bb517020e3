import { createRequire } from 'node:module';
import type Libsql from 'libsql';
import { messageOf } from './message-of.ts';

/**
 * Opens a file that several may write to, which wait for each other so many milliseconds, and has it prepared. The library is
 * loaded here and not before: a platform that has none must be able to go without.
 */
export function openSqlite(
  file: string,
  busyMs: number,
  prepare: (database: Libsql.Database) => void,
): Libsql.Database {
  const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
  const database = new Database(file);
  try {
    untilFree(busyMs, () => {
      // Before anything that may have to wait.
      database.pragma(`busy_timeout = ${busyMs}`);
      database.pragma('journal_mode = WAL');
      prepare(database);
    });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const againMs = 5;

/** SQLite itself does not wait where two begin the log of a file at the same moment. */
function untilFree(milliseconds: number, work: () => void): void {
  const end = performance.now() + milliseconds;
  while (!isDone(work, end)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, againMs);
}

function isDone(work: () => void, end: number): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (performance.now() < end && isLocked(error)) return false;
    throw error;
  }
}

/** Whether something failed because somebody else writes. */
export function isLocked(error: unknown): boolean {
  return messageOf(error).includes('database is locked');
}

/** Does all of it or nothing, and nobody else writes meanwhile. */
export function inTransaction<T>(database: Libsql.Database, work: () => T): T {
  return within(database, 'BEGIN IMMEDIATE', work);
}

/** Has all that is read be as it is when the first of it is, whoever writes meanwhile. */
export function atOneMoment<T>(database: Libsql.Database, work: () => T): T {
  return within(database, 'BEGIN', work);
}

function within<T>(database: Libsql.Database, begin: string, work: () => T): T {
  database.exec(begin);
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
