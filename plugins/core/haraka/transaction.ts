import type { Mode } from '../words.ts';
import type { Settings } from '../settings/settings.ts';
import type { Refusal } from './answer.ts';
import { currentSettings } from './settings-in-force.ts';
import type { Connection, Transaction } from './types.ts';

/** The proof that one check looked at one transaction and let it go on. */
export interface Clearance {
  readonly check: string;
  /**
   * `observed`: the check would have refused, but its mode withheld that. `kept`: it refuses every recipient but those
   * that must stay reachable.
   */
  readonly outcome: 'pass' | 'skip' | 'observed' | 'kept';
  readonly mode: Mode;
  readonly revision: string;
  /** What it was given for, where that can change afterwards. */
  readonly judged?: JudgedPart;
  /** Of a check of recipients: those that it is for, as they were then. */
  readonly recipients?: Set<string>;
}

/** Parts of a message that checks look at and other plugins can change: the envelope sender, or From and Sender. */
export type Judgeable = 'sender' | 'authors';

/** One of them, as it was. */
export interface JudgedPart {
  readonly what: Judgeable;
  readonly text: string;
}

/** What the gateway keeps of a transaction: one set of settings from MAIL to the queue, and the clearances. */
export interface TransactionRecord {
  readonly settings: Settings;
  readonly clearances: Map<string, Clearance>;
  /** The first refusal of a check at MAIL that is to be said at RCPT. */
  kept?: Refusal;
  /** What the client said with MAIL. */
  isSmtpUtf8?: boolean;
  /** The client has asked for TLS on the whole way, and may. */
  needsTls?: boolean;
  /** What checks have asked to be made once. */
  readonly made: Map<string, unknown>;
}

const records = new WeakMap<Transaction, TransactionRecord>();

/** The record of the open transaction, begun with the settings of this moment when there is none. */
export function transactionRecord(connection: Connection): TransactionRecord | undefined {
  const { transaction } = connection;
  if (!transaction) return undefined;
  const known = records.get(transaction);
  if (known) return known;
  const record: TransactionRecord = { settings: currentSettings(), clearances: new Map(), made: new Map() };
  records.set(transaction, record);
  return record;
}

/** The record of the open transaction, where anybody has asked for one. */
export function knownRecord({ transaction }: Connection): TransactionRecord | undefined {
  return transaction ? records.get(transaction) : undefined;
}

/** The settings of the open transaction, or the newest when there is none. */
export function settingsFor(connection: Connection): Settings {
  return transactionRecord(connection)?.settings ?? currentSettings();
}
