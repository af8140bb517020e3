import { z } from 'zod';

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
    .describe('Reason of a refusal: a key of the reply table, or why a message is held'),
  detail: z
    .string()
    .optional()
    .describe('Offending value of a refusal, or why a check was skipped or deferred'),
  reply: z.string().optional().describe('What the client heard'),
  client: z.string().optional().describe('Address of the client'),
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
  sender: z.string().optional().describe('Envelope sender; empty for the null reverse-path'),
  proof: z.string().optional().describe('What proved the identity, where a message was accepted or leaves'),
  queue_id: z
    .string()
    .optional()
    .describe(
      'Queue id, where a message was accepted or leaves: that of Received, and .N for the piece of one domain',
    ),
  message_id: z.string().optional().describe('The first Message-ID field of the message'),
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
  answer: z.string().optional().describe('What that server said, cut to 1000 characters'),
  tries: z.int().optional().describe('How many times it was tried, as Haraka counts'),
  again: z.iso.datetime().optional().describe('When it is tried again'),
  delay_seconds: z.number().optional().describe('How long ago the message was queued'),
  smart_host: z
    .string()
    .optional()
    .describe('Name of the entry of smart_hosts that the message is to leave through, at this try'),
  revision: z.string().describe('Settings that were in force'),
  latency_ms: z.number().describe('How long the decision took'),
});

export type GatekeeperEvent = z.infer<typeof eventSchema>;
export type EventSink = (event: GatekeeperEvent) => void;

const sinks = new Set<EventSink>();

/** Adds a receiver of all events. It must not throw and must not wait: a decision never depends on it. */
export function addEventSink(sink: EventSink): void {
  sinks.add(sink);
}

/** Hands an event to every sink; a sink that throws harms neither the others nor the mail. */
export function publish(event: GatekeeperEvent, onFault: (error: unknown) => void): void {
  for (const sink of sinks) {
    try {
      sink(event);
    } catch (error) {
      onFault(error);
    }
  }
}
