import { mailboxKey } from '../mailbox.ts';
import { readRecord, type ProvenanceRecord } from './record.ts';

/** A message that is about to leave, as Haraka would send it. */
export interface Outgoing {
  /** `ID.N` of the transaction that it was part of. */
  readonly id: string;
  /** As it would be said to any server: an address with a domain of other letters has two forms. */
  readonly sender: Address;
  readonly recipients: readonly Address[];
}

export type Address = readonly [form: string, ...others: string[]];

/** Why a message cannot be shown to be one that was accepted. */
export const unprovenReasons = [
  'no-record',
  'unreadable-record',
  'other-message',
  'other-sender',
  'recipient-not-accepted',
  'other-author',
] as const;

/** Why mail does not leave: it is held, or dropped. */
export const stoppedReasons = [
  ...unprovenReasons,
  'account-suspended',
  'account-dropped',
  'unreadable-file',
] as const;

export interface Stopped {
  readonly reason: (typeof stoppedReasons)[number];
  /** In words. */
  readonly detail: string;
}

export interface Unproven {
  readonly reason: (typeof unprovenReasons)[number];
  /** In words. */
  readonly detail: string;
}

/**
 * Whether the record in the notes of a message is its own. What Haraka does to messages by itself passes: it splits them
 * by domain, and tries again for those recipients that are left.
 */
export function judgeProvenance(value: unknown, message: Outgoing): ProvenanceRecord | Unproven {
  if (value === undefined)
    return { reason: 'no-record', detail: 'it was not accepted by gatekeeper/outbound' };
  const record = readRecord(value);
  if (typeof record === 'string') return { reason: 'unreadable-record', detail: record };
  return unprovenBy(record, message) ?? record;
}

export function isUnproven(judged: ProvenanceRecord | Unproven): judged is Unproven {
  return 'reason' in judged;
}

function unprovenBy(record: ProvenanceRecord, { id, sender, recipients }: Outgoing): Unproven | undefined {
  if (baseId(id) !== record.id) {
    return { reason: 'other-message', detail: `the record of ${record.id} stands in ${id}` };
  }
  const foreign = notAmong([record.sender], sender);
  if (foreign !== undefined) {
    return {
      reason: 'other-sender',
      detail: `accepted from <${record.sender}>, and would be from <${foreign}>`,
    };
  }
  const added = notAmong(record.recipients, recipients.flat());
  if (added !== undefined) return { reason: 'recipient-not-accepted', detail: added };
  return recipients.length > 0 ? undefined : { reason: 'recipient-not-accepted', detail: 'it has none' };
}

/** The first address that is none of those which were accepted: as a rule all are there letter by letter. */
function notAmong(accepted: readonly string[], addresses: readonly string[]): string | undefined {
  const asWritten = new Set(accepted);
  const others = addresses.filter((address) => !asWritten.has(address));
  if (others.length === 0) return undefined;
  const keys = new Set(accepted.map(mailboxKey));
  return others.find((address) => !keys.has(mailboxKey(address)));
}

/** From and Sender are no more what they were when the message was accepted; a record without their mark says nothing of them. */
export function unprovenAuthors({ authors }: ProvenanceRecord, mark: string): Unproven | undefined {
  if (authors === undefined || authors === mark) return undefined;
  return { reason: 'other-author', detail: 'From or Sender is another than when it was accepted' };
}

/** The id of a transaction in that of a piece of it; `undefined` for what Haraka would not call one. */
export function baseId(id: string): string | undefined {
  return /^(.+)\.\d+$/s.exec(id)?.[1];
}
