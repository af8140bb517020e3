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

/** What an event says of a message that leaves: who sent it, and how it came. */
export function originFields({ id, origin, client, tls, message_id: messageId }: ProvenanceRecord): Fields {
  const connection = client === undefined ? undefined : baseId(id);
  return {
    ...(connection !== undefined && { connection }),
    ...(client !== undefined && { client }),
    ...(tls !== undefined && { tls }),
    ...(origin.kind === 'identity' && {
      ...{ identity: origin.name, identity_id: origin.id, proof: origin.proof },
      ...(origin.credential !== undefined && { credential: origin.credential }),
    }),
    ...(origin.kind === 'bounce' && { bounce_of: origin.of }),
    ...(messageId !== undefined && { message_id: messageId }),
  };
}

function recipientFields(all: readonly string[]): Fields {
  const recipients = someRecipients(all);
  const omitted = all.length - recipients.length;
  return { recipients: [...recipients], ...(omitted > 0 && { recipients_omitted: omitted }) };
}
