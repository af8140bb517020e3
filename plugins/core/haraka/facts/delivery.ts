import type { Origin, ProvenanceRecord } from '../../provenance/record.ts';
import type { QueuedMessage } from '../types.ts';

/** A message of an identity that is about to be handed on, at each try: one domain's part of it. */
export interface DeliveryFacts {
  /** Who sent it. */
  readonly identity: Omit<Extract<Origin, { readonly kind: 'identity' }>, 'kind'>;
  /** Envelope sender; empty for the null reverse-path. */
  readonly sender: string;
  /** Those that are left, all of one domain. */
  readonly recipients: readonly string[];
  readonly queueId: string;
  readonly acceptedAt: Date;
  /** The first Message-ID field, where there is one. */
  readonly messageId?: string;
}

/** Of a message with its proof; `undefined` where no identity answers for it: what the gateway itself sends, and what was released. */
export function deliveryFacts({ todo }: QueuedMessage, record: ProvenanceRecord): DeliveryFacts | undefined {
  const { origin, message_id: messageId } = record;
  if (origin.kind !== 'identity') return undefined;
  const { kind: _identity, ...identity } = origin;
  return {
    identity,
    sender: record.sender,
    recipients: todo.rcpt_to.map((recipient) => recipient.format().slice(1, -1)),
    queueId: todo.uuid,
    acceptedAt: new Date(record.time),
    ...(messageId !== undefined && { messageId }),
  };
}
