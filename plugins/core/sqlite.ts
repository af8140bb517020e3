import { createRequire } from 'node:module';
import type Libsql from 'libsql';

/** Opens a file. The library is loaded here and not before: a platform that has none must be able to go without. */
export function openSqlite(file: string): Libsql.Database {
  const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
  return new Database(file);
}

/** Does all of it or nothing, and nobody else writes meanwhile. */
export function inTransaction<T>(database: Libsql.Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
