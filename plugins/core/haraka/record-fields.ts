import type { GatekeeperEvent } from '../event.ts';
import { baseId } from '../provenance/judge.ts';
import type { ProvenanceRecord } from '../provenance/record.ts';
import { someRecipients } from '../recipients.ts';

type Fields = Partial<GatekeeperEvent>;

/** What an event says of a message that was accepted, beside what it says of the session. */
export function acceptedFields({ id, origin, recipients, ...record }: ProvenanceRecord): Fields {
  return {
    queue_id: id,
    ...(origin.kind === 'identity' && { proof: origin.proof }),
    ...(record.message_id !== undefined && { message_id: record.message_id }),
    ...recipientFields(recipients),
  };
}

/** Says in an event of a message that leaves who sent it, and how it came. */
export function addOrigin(
  event: Fields,
  { id, origin, client, tls, message_id: messageId }: ProvenanceRecord,
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
  if (origin.kind === 'bounce') event.bounce_of = origin.of;
  if (messageId !== undefined) event.message_id = messageId;
  return event;
}

function recipientFields(all: readonly string[]): Fields {
  const recipients = someRecipients(all);
  const omitted = all.length - recipients.length;
  return { recipients: [...recipients], ...(omitted > 0 && { recipients_omitted: omitted }) };
}
