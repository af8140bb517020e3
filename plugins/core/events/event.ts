import { z } from 'zod';
import { LRUCache } from 'lru-cache';
import { networksOf } from '../guessing/subject.ts';
import { kindOf, kinds } from './kind.ts';

/**
 * One decision, as one JSON line. Fields are only ever added within a version; a change of meaning raises `v`.
 * There is no password and no message content in it but the Message-ID; recipients stand where a message is accepted and
 * where it leaves.
 */
export const eventSchema = z.strictObject({
  v: z.literal(1).describe('Version of this format'),
  time: z.iso.datetime().describe('When the verdict fell'),
  node: z.string().describe('Host that decided'),
  reference: z
    .string()
    .describe('Queue or connection id and check: the same text stands in the reply and the log'),
  connection: z
    .string()
    .optional()
    .describe(
      'Connection id of Haraka; this and what follows of the client is absent where a message leaves',
    ),
  kind: z.enum(kinds).describe('What it is about; check: a check that is not ours'),
  check: z.string().describe('Which check decided, as PLUGIN/CHECK'),
  verdict: z.enum(['pass', 'skip', 'refuse', 'defer']).describe('What it decided'),
  mode: z.enum(['enforce', 'observe', 'off']).describe('Under which mode'),
  would_refuse: z
    .literal(true)
    .optional()
    .describe('The mode withheld this refusal; the client was not refused'),
  reason: z
    .string()
    .optional()
    .describe(
      'Reason of a refusal: a key of the reply table, or why a message is held; or what a session came to',
    ),
  detail: z
    .string()
    .optional()
    .describe('Offending value of a refusal, or why a check was skipped or deferred; what it was exactly'),
  reply: z.string().optional().describe('What the client heard'),
  client: z.string().optional().describe('Address of the client'),
  network: z
    .string()
    .optional()
    .describe('Network of the client, /24 of IPv4 and /56 of IPv6: by which an account is known'),
  helo: z.string().optional().describe('What the client called itself; nobody has proven that'),
  peer: z.string().optional().describe('Name of the own node or trusted relay that has this address'),
  port: z.int().optional().describe('Port of the listener'),
  role: z.enum(['submission', 'mx']).optional().describe('Role of the listener'),
  tls: z.string().optional().describe('Protocol and cipher suite; absent in clear'),
  identity: z.string().optional().describe('Name of the authenticated identity'),
  identity_id: z
    .string()
    .optional()
    .describe('Its stable id: the distinguished name, for an LDAP account; NAME:DN for one of directories'),
  credential: z
    .string()
    .optional()
    .describe('Name of the application password that it logged in with, or would have'),
  login: z.string().optional().describe('What a login called itself; proven only where the verdict is pass'),
  mechanism: z
    .string()
    .optional()
    .describe('By which mechanism of AUTH it was tried: PLAIN, SCRAM-SHA-256, OAUTHBEARER, …'),
  wrong_password: z
    .string()
    .optional()
    .describe(
      'Twelve bits of a keyed hash of a password that was wrong: the same for the same password, and for one of 4096 others',
    ),
  sender: z.string().optional().describe('Envelope sender; empty for the null reverse-path'),
  proof: z
    .string()
    .optional()
    .describe(
      'What proved the identity, where a message was accepted or leaves; tls-report: it is a report of the gateway on TLS',
    ),
  accepted: z
    .boolean()
    .optional()
    .describe(
      'true where this host answers for a message from here on, and false where one was not queued after all',
    ),
  bytes: z.int().optional().describe('Octets of a message that was accepted'),
  queue_id: z
    .string()
    .optional()
    .describe(
      'Queue id, where a message was accepted or leaves: that of Received, and .N for the piece of one domain',
    ),
  message_id: z.string().optional().describe('The first Message-ID field of the message'),
  tls_option: z
    .enum(['require', 'no'])
    .optional()
    .describe(
      'What its sender wants of TLS on the way (RFC 8689). require: no server without it (REQUIRETLS); no: delivery before TLS (TLS-Required: No)',
    ),
  recipients: z
    .array(z.string())
    .optional()
    .describe('Envelope recipients: all where a message was accepted, those of one outcome where it leaves'),
  recipients_omitted: z
    .int()
    .optional()
    .describe('How many more there are than recipients names; they are named where the message leaves'),
  bounce_of: z.string().optional().describe('Queue id of the message that a bounce of this host tells about'),
  outcome: z
    .enum(['delivered', 'deferred', 'bounced', 'dropped'])
    .optional()
    .describe(
      'What became of the recipients (verdict is pass): deferred is tried again, bounced failed for good, dropped was taken away by another plugin',
    ),
  remote: z.string().optional().describe('Name of the server that a message was handed to, or last tried'),
  remote_address: z.string().optional().describe('Its address'),
  remote_port: z.int().optional().describe('Its port'),
  remote_tls: z
    .string()
    .optional()
    .describe('Protocol and cipher suite of the connection to it; absent in clear'),
  remote_verified: z
    .boolean()
    .optional()
    .describe('Whether its certificate is valid and for its name; Haraka also hands mail to others'),
  tls_policy: z
    .enum(['tlsa', 'sts', 'no-policy-found'])
    .optional()
    .describe('By which policy of the recipient the TLS of that server was judged (RFC 8460 §4.2)'),
  tls_policy_string: z
    .array(z.string())
    .optional()
    .describe('That policy: the lines of the MTA-STS policy, or the TLSA records'),
  answer: z.string().optional().describe('What that server said, cut to 1000 characters'),
  tries: z.int().optional().describe('How many times it was tried, as Haraka counts'),
  again: z.iso.datetime().optional().describe('When it is tried again'),
  delay_seconds: z.number().optional().describe('How long ago the message was queued'),
  smart_host: z
    .string()
    .optional()
    .describe('Name of the entry of smart_hosts that the message is to leave through, at this try'),
  session_seconds: z.number().optional().describe('How long a session took, once it is over'),
  place: z
    .int()
    .optional()
    .describe(
      'In the files of audit.store: file only. Where it stands in their order: it grows from line to line',
    ),
  revision: z.string().describe('Settings that were in force'),
  latency_ms: z.number().describe('How long the decision took'),
});

export type GatekeeperEvent = z.infer<typeof eventSchema>;

/** An event as it is made; what follows from the rest is added when it is published. */
export type EventDraft = Omit<GatekeeperEvent, 'kind' | 'network'>;

/** Whoever hears of events as they fall. */
export type EventHearer = (event: GatekeeperEvent) => void;

const hearers = new Set<EventHearer>();

/** Adds somebody who hears of all events. It must not throw and must not wait: a decision never depends on it. */
export function hearEvents(hearer: EventHearer): void {
  hearers.add(hearer);
}

/** Tells everybody who hears of events; one that throws harms neither the others nor the mail. */
export function publish(draft: EventDraft, onFault: (error: unknown) => void): void {
  const event = completed(draft);
  for (const hear of hearers) {
    try {
      hear(event);
    } catch (error) {
      onFault(error);
    }
  }
}

/** An event with what follows from its fields. */
export function completed(draft: EventDraft): GatekeeperEvent {
  const event = draft as GatekeeperEvent;
  event.kind = kindOf(draft.check);
  const network = draft.client === undefined ? undefined : homeOf(draft.client);
  if (network !== undefined) event.network = network;
  if (kept !== 'keep') hideClient(event, kept);
  return event;
}

/** What events say of where a client is (`audit.client_addresses`). */
export type ClientAddresses = 'keep' | 'network' | 'drop';

let kept: ClientAddresses = 'keep';

/** Says it for all events of this process from now on. */
export function keepClientAddresses(what: ClientAddresses): void {
  kept = what;
}

/** Also where texts name it: a client may call itself by its address, and a reply may quote it. */
function hideClient(event: GatekeeperEvent, what: 'network' | 'drop'): void {
  const { client, network = 'unknown' } = event;
  if (client === undefined) return;
  const instead = what === 'network' ? network : 'hidden';
  for (const field of ['detail', 'reply', 'helo'] as const) {
    const text = event[field];
    if (text !== undefined) event[field] = text.replaceAll(client, instead);
  }
  delete event.client;
  if (what === 'drop') delete event.network;
}

const networks = new LRUCache<string, string>({ max: 10_000 });

/** The network by which a client is known; `undefined` for what is no address. */
export function homeOf(client: string): string | undefined {
  const known = networks.get(client);
  if (known !== undefined) return known;
  const network = networksOf(client)?.home;
  if (network !== undefined) networks.set(client, network);
  return network;
}
