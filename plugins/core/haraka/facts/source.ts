import type { Policy } from '../../settings/settings.ts';
import { transactionRecord, type TransactionRecord } from '../transaction.ts';
import type { Connection, Plugin, Transaction } from '../types.ts';

/** Where facts come from: Haraka's objects at one moment. */
export interface Source {
  readonly plugin: Plugin;
  readonly connection: Connection;
  readonly params: readonly unknown[];
  readonly policy: Policy;
}

/** What `make` gave when a check asked for it by this name first. */
export type Once = <T>(name: string, make: () => T) => T;

export function openTransaction({ connection }: Source): Transaction {
  if (!connection.transaction) throw new Error('there is no transaction');
  return connection.transaction;
}

export function openRecord({ connection }: Source): TransactionRecord {
  const record = transactionRecord(connection);
  if (!record) throw new Error('there is no transaction');
  return record;
}

export function onceIn(made: Map<string, unknown>): Once {
  return <T>(name: string, make: () => T): T => {
    if (!made.has(name)) made.set(name, make());
    return made.get(name) as T;
  };
}
