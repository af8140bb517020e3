import { recordName, type Origin, type ProvenanceRecord } from '../provenance/record.ts';
import type { Transaction } from './types.ts';

/** Mail that this host itself sends, with the null reverse-path. */
export interface OwnMail {
  readonly origin: Origin & { readonly kind: 'bounce' | 'notice' };
  readonly recipients: readonly string[];
  /** Settings that it is sent under. */
  readonly revision: string;
}

/** Writes that a message is our own into its notes; throws where they do not take it. */
export function keepOwnRecord(transaction: Transaction, { origin, recipients, revision }: OwnMail): void {
  const time = new Date().toISOString();
  const { uuid: id } = transaction;
  keepRecord(transaction, { v: 1, id, origin, sender: '', recipients: [...recipients], time, revision });
}

const kept = new WeakMap<Transaction, ProvenanceRecord>();

/** Writes where a message comes from into the notes that go with it; throws where they do not take it. */
export function keepRecord(transaction: Transaction, provenance: ProvenanceRecord): void {
  const { notes } = transaction;
  notes[recordName] = provenance;
  if (notes[recordName] !== provenance) throw new Error(`transaction.notes.${recordName} cannot be written`);
  kept.set(transaction, provenance);
}

/** The record that was kept last, once: for the event of the verdict by which it was. */
export function takeKeptRecord(transaction: Transaction): ProvenanceRecord | undefined {
  const record = kept.get(transaction);
  kept.delete(transaction);
  return record;
}
