import type { EventDraft } from '../events/event.ts';
import type { AppliedPolicy } from '../outgoing-tls/rule.ts';
import { baseId } from '../provenance/judge.ts';
import { reportProof, type ProvenanceRecord } from '../provenance/record.ts';
import { someRecipients } from '../recipients.ts';

type Fields = Partial<EventDraft>;

/** What an event says of a message of so many octets that this host takes on, beside what it says of the session. */
export function acceptedFields(
  { id, origin, recipients, ...record }: ProvenanceRecord,
  bytes: number,
): Fields {
  return {
    ...{ accepted: true, bytes, queue_id: id },
    ...(origin.kind === 'identity' && { proof: origin.proof }),
    ...(record.message_id !== undefined && { message_id: record.message_id }),
    ...(record.tls_option !== undefined && { tls_option: record.tls_option }),
    ...recipientFields(recipients),
  };
}

/** Says in an event of a message that leaves who sent it, and how it came. */
export function addOrigin(
  event: Fields,
  { id, origin, client, tls, message_id: messageId, tls_option: tlsOption }: ProvenanceRecord,
): Fields {
  const connection = client === undefined ? undefined : baseId(id);
  if (connection !== undefined) event.connection = connection;
  if (client !== undefined) event.client = client;
  if (tls !== undefined) event.tls = tls;
  if (origin.kind === 'identity') {
    event.identity = origin.name;
    event.identity_id = origin.id;
    event.proof = origin.proof;
    if (origin.credential !== undefined) event.credential = origin.credential;
  }
  if (origin.kind === reportProof) event.proof = reportProof;
  if (origin.kind === 'bounce') event.bounce_of = origin.of;
  if (messageId !== undefined) event.message_id = messageId;
  if (tlsOption !== undefined) event.tls_option = tlsOption;
  return event;
}

/** By which policy of the recipient the TLS of a server was judged. */
export function policyFields({ type, text }: AppliedPolicy): Fields {
  return { tls_policy: type, tls_policy_string: [...text] };
}

function recipientFields(all: readonly string[]): Fields {
  const recipients = someRecipients(all);
  const omitted = all.length - recipients.length;
  return { recipients: [...recipients], ...(omitted > 0 && { recipients_omitted: omitted }) };
}
