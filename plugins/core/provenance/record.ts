import { z } from 'zod';

/** Where the record of a message stands in `transaction.notes`, which Haraka writes into each of its queue files. */
export const recordName = 'gatekeeper_provenance';

/** What the gateway reports to others on TLS (RFC 8460) is marked so. */
export const reportProof = 'tls-report';

/** Who answers for a message. */
const origin = z.discriminatedUnion('kind', [
  /** Who has logged in, and what proved it. */
  z.strictObject({
    kind: z.literal('identity'),
    proof: z.string(),
    id: z.string(),
    name: z.string(),
    /** Name of the application password, where it was one. */
    credential: z.string().optional(),
  }),
  /** Nobody has logged in: it is for recipients that were accepted as local. */
  z.strictObject({ kind: z.literal('inbound') }),
  /** This Haraka says that it could not deliver another message. */
  z.strictObject({ kind: z.literal('bounce'), of: z.string() }),
  /** The gateway tells those who run it of something. */
  z.strictObject({ kind: z.literal('notice') }),
  /** The gateway tells another domain how TLS went with its servers. */
  z.strictObject({ kind: z.literal(reportProof) }),
  /** An operator has let it go. */
  z.strictObject({ kind: z.literal('released'), by: z.string() }),
]);

const schema = z.strictObject({
  v: z.literal(1),
  /** Id of the transaction: the pieces into which Haraka splits it are called `ID.1`, `ID.2` and so on. */
  id: z.string().min(1),
  origin,
  /** The first Message-ID field, where there is one that is not too long. */
  message_id: z.string().optional(),
  /** Empty for the null reverse-path. */
  sender: z.string(),
  /** All of them; a queue file has those of one domain, and fewer after each try. */
  recipients: z.array(z.string()).min(1),
  /** Mark of From and Sender as they were judged; absent where nobody has judged them. */
  authors: z.string().optional(),
  client: z.string().optional(),
  /** Protocol and cipher suite by which it came. */
  tls: z.string().optional(),
  /** What its sender wants of TLS on the way (RFC 8689): REQUIRETLS, or `TLS-Required: No`. */
  tls_option: z.enum(['require', 'no']).optional(),
  time: z.iso.datetime(),
  /** Settings that it was accepted under. */
  revision: z.string(),
});

/** Where a message comes from, written when it was accepted. */
export type ProvenanceRecord = z.infer<typeof schema>;

export type Origin = ProvenanceRecord['origin'];

/** What a record says that a sender wants of TLS, also one that proves nothing: what was promised is not lost with the proof. */
export function tlsOptionIn(value: unknown): ProvenanceRecord['tls_option'] {
  const option = (value as { tls_option?: unknown } | null | undefined)?.tls_option;
  return schema.shape.tls_option.safeParse(option).data;
}

/** Reads a record strictly; what it is not, in words, for anything else. */
export function readRecord(value: unknown): ProvenanceRecord | string {
  const { data, error } = schema.safeParse(value);
  if (data) return data;
  const [issue] = error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  return `${path === '' ? '' : `${path}: `}${issue?.message ?? 'no record'}`;
}
