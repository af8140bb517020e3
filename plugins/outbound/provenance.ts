import type { GateFacts } from '../core/haraka/facts.ts';
import type { Identity } from '../core/identity.ts';
import type { Origin, ProvenanceRecord } from '../core/provenance/record.ts';
import type { Verdict } from '../core/verdict.ts';

/** Has a message that the gate lets through take along where it comes from: it is asked for that when it leaves. */
export function recorded(facts: GateFacts, verdict: Verdict, now: Date): Verdict {
  if (verdict.kind === 'pass' || verdict.kind === 'skip') facts.keepRecord(recordOf(facts, now));
  return verdict;
}

function recordOf(facts: GateFacts, now: Date): ProvenanceRecord {
  const { id, identity, messageId, sender, recipients, client, tls, revision } = facts;
  return {
    v: 1,
    id,
    origin: identity ? originOf(identity) : { kind: 'inbound' },
    ...(messageId !== undefined && { message_id: messageId }),
    sender: sender.isNull ? '' : sender.text,
    recipients: recipients.map(({ text }) => text),
    client: client.address,
    ...(tls && { tls: `${tls.version} ${tls.cipher}` }),
    time: now.toISOString(),
    revision,
  };
}

function originOf({ proof, id, name, credential }: Identity): Origin {
  return { kind: 'identity', proof, id, name, ...(credential !== undefined && { credential }) };
}
