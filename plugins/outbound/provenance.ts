import type { GateFacts } from '../core/haraka/facts/gate.ts';
import type { Address, Transaction } from '../core/haraka/types.ts';
import type { Identity } from '../core/identity.ts';
import { authorFields, authorsMark } from '../core/message/author-fields.ts';
import { isUnproven, judgeProvenance, unprovenAuthors, type Unproven } from '../core/provenance/judge.ts';
import { recordName, type Origin, type ProvenanceRecord } from '../core/provenance/record.ts';
import type { Verdict } from '../core/verdict.ts';

/** Of every message that leaves the queue. */
export const provenanceCheck = { name: 'outbound/provenance' } as const;

/** Has a message that the gate lets through take along where it comes from: it is asked for that when it leaves. */
export function recorded(facts: GateFacts, verdict: Verdict, now: Date): Verdict {
  if (verdict.kind === 'pass' || verdict.kind === 'skip') facts.keepRecord(recordOf(facts, now));
  return verdict;
}

function recordOf(facts: GateFacts, now: Date): ProvenanceRecord {
  const { id, identity, messageId, sender, recipients, client, tls, revision } = facts;
  const tlsOption = facts.tlsOption();
  return {
    v: 1,
    id,
    origin: identity ? originOf(identity) : { kind: 'inbound' },
    ...(messageId !== undefined && { message_id: messageId }),
    sender: sender.isNull ? '' : sender.text,
    recipients: recipients.map(({ text }) => text),
    authors: facts.authorsMark,
    client: client.address,
    ...(tls && { tls: `${tls.version} ${tls.cipher}` }),
    ...(tlsOption !== undefined && { tls_option: tlsOption }),
    time: now.toISOString(),
    revision,
  };
}

function originOf({ proof, id, name, credential }: Identity): Origin {
  return { kind: 'identity', proof, id, name, ...(credential !== undefined && { credential }) };
}

/** Why a message would be held when it leaves, if it were queued as it is now. */
export function unprovenAsItIs(transaction: Transaction): Unproven | undefined {
  const { uuid, mail_from: sender, rcpt_to: recipients, notes, message_stream: message } = transaction;
  const judged = judgeProvenance(notes[recordName], {
    id: `${uuid}.1`,
    sender: sender ? formsOf(sender) : [''],
    recipients: recipients.map(formsOf),
  });
  if (isUnproven(judged)) return judged;
  return unprovenAuthors(judged, authorsMark(authorFields(message.headers)));
}

/** As Haraka says it to a server with SMTPUTF8, and to one without. */
export function formsOf(address: Address): [string, string] {
  return [address.format().slice(1, -1), address.format(true).slice(1, -1)];
}
