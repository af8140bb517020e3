import { recordName, type Origin, type ProvenanceRecord } from '../provenance/record.ts';
import { octetsOf } from './patches/message-size.ts';
import type { Transaction } from './types.ts';

/** Mail that this host itself sends. */
export interface OwnMail {
  readonly origin: Origin & { readonly kind: 'bounce' | 'notice' | 'tls-report' };
  /** Absent: the null reverse-path. */
  readonly sender?: string;
  readonly recipients: readonly string[];
  /** As its header says. */
  readonly tls_option?: ProvenanceRecord['tls_option'];
  /** Settings that it is sent under. */
  readonly revision: string;
}

/** Writes that a message is our own into its notes; throws where they do not take it. */
export function keepOwnRecord(transaction: Transaction, { recipients, ...mail }: OwnMail): void {
  const time = new Date().toISOString();
  const { uuid: id } = transaction;
  keepRecord(transaction, { sender: '', ...mail, v: 1, id, recipients: [...recipients], time });
}

/** A record, and the size of the message in octets. */
interface Kept {
  readonly record: ProvenanceRecord;
  readonly bytes: number;
}

const kept = new WeakMap<Transaction, Kept>();

/** Writes where a message comes from into the notes that go with it; throws where they do not take it. */
export function keepRecord(transaction: Transaction, provenance: ProvenanceRecord): void {
  const { notes } = transaction;
  notes[recordName] = provenance;
  if (notes[recordName] !== provenance) throw new Error(`transaction.notes.${recordName} cannot be written`);
  kept.set(transaction, { record: provenance, bytes: octetsOf(transaction) });
}

/** The record that was kept last, once: for the event of the verdict by which it was. */
export function takeKeptRecord(transaction: Transaction): Kept | undefined {
  const found = kept.get(transaction);
  kept.delete(transaction);
  return found;
}
