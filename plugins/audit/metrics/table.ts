import { kinds } from '../../core/events/kind.ts';
import { stoppedReasons } from '../../core/provenance/judge.ts';
import { replies } from '../../core/replies.ts';

/** In the place of a label value that is none of its list. */
export const other = 'other';

/** In the place of one that an event does not have. */
export const none = 'none';

const reasons = [...Object.keys(replies), ...stoppedReasons];

/**
 * The values that a label may have: what Prometheus keeps grows with them, so that nothing of a client or an account is one.
 * Names of checks are those in the code, of which a host has so many at most.
 */
export const labels = {
  kind: { values: kinds, about: 'what the event is about' },
  verdict: { values: ['pass', 'skip', 'refuse', 'defer'], about: 'what was decided' },
  check: { most: 100, form: /^[\w.-]{1,64}\/[\w.-]{1,64}$/, about: 'which check decided, as PLUGIN/CHECK' },
  reason: { values: [none, ...reasons], about: 'reason of a refusal, or why mail is held' },
  mechanism: {
    values: [
      none,
      ...['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'],
      ...['OAUTHBEARER', 'XOAUTH2', 'EXTERNAL'],
    ],
    about: 'mechanism of AUTH',
  },
  result: { values: ['ok', ...reasons], about: '`ok`, or the reason of a refusal' },
  role: { values: ['submission', 'mx', none], about: 'role of the listener' },
  tls: { values: ['clear', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'], about: 'version of TLS, or `clear`' },
  message: {
    values: ['accepted', 'withdrawn', 'refused', 'deferred', 'withheld'],
    about: 'what became of the message',
  },
  octets: { values: ['accepted', 'withdrawn'], about: 'what became of their message' },
  recipient: {
    values: ['accepted', 'withdrawn', 'delivered', 'retried', 'bounced', 'dropped'],
    about: 'what became of the recipient',
  },
  delivery: {
    values: ['delivered', 'retried', 'bounced', 'dropped'],
    about: 'how the try ended',
  },
  sink: { values: ['store', 'webhook'], about: 'what did not take the event' },
  webhook: { values: ['sent', 'dropped', 'refused'], about: 'what became of the event' },
  own_sink: { most: 20, form: /^[a-z0-9-]{1,63}$/, about: 'name of the sink' },
  handed: { values: ['taken', 'failed', 'missed'], about: 'what became of the event' },
  request: { values: ['taken', 'failed', 'refused'], about: 'how the request ended' },
} as const satisfies Record<string, LabelValues>;

type LabelValues = { readonly about: string } &
  /** Without a list they are names that others choose: so many of this form at most. */
  ({ readonly values: readonly string[] } | { readonly most: number; readonly form: RegExp });

export type Label = keyof typeof labels;

/** What is counted of events. */
export interface Counted {
  readonly type: 'counter' | 'histogram';
  readonly help: string;
  /** Names of the labels in the exposition, and which values each takes. */
  readonly labels: Readonly<Record<string, Label>>;
  /** All that there can be are there from the start, at 0: what first appears as 1 is no increase to Prometheus. */
  readonly isFromZero?: boolean;
}

export const counted = {
  gatekeeper_events_total: {
    ...{ type: 'counter', help: 'Events', labels: { kind: 'kind', verdict: 'verdict' } },
  },
  gatekeeper_decisions_total: {
    ...{ type: 'counter', help: 'Decisions of checks that have events' },
    labels: { check: 'check', verdict: 'verdict', reason: 'reason' },
  },
  gatekeeper_decision_seconds: {
    ...{ type: 'histogram', help: 'How long decisions took', labels: { kind: 'kind' } },
  },
  gatekeeper_logins_total: {
    ...{ type: 'counter', help: 'Logins by AUTH that were judged' },
    labels: { mechanism: 'mechanism', result: 'result' },
  },
  gatekeeper_messages_total: {
    type: 'counter',
    help: 'Messages; withdrawn: accepted, and then not queued after all; withheld: would have been refused',
    labels: { role: 'role', outcome: 'message' },
    isFromZero: true,
  },
  gatekeeper_recipients_total: {
    type: 'counter',
    help: 'Recipients, as messages are accepted and as they leave; retried: once for each try that failed',
    labels: { outcome: 'recipient' },
    isFromZero: true,
  },
  gatekeeper_message_bytes_total: {
    ...{ type: 'counter', help: 'Octets of accepted messages', isFromZero: true },
    labels: { outcome: 'octets' },
  },
  gatekeeper_deliveries_total: {
    ...{ type: 'counter', help: 'Ends of tries to deliver, one for each answer', isFromZero: true },
    labels: { outcome: 'delivery' },
  },
  gatekeeper_sessions_total: {
    ...{ type: 'counter', help: 'SMTP sessions that have ended' },
    labels: { role: 'role', tls: 'tls' },
    isFromZero: true,
  },
  gatekeeper_events_lost_total: {
    ...{ type: 'counter', help: 'Events that were given up', labels: { sink: 'sink' }, isFromZero: true },
  },
  gatekeeper_webhook_events_total: {
    type: 'counter',
    help: 'Events for audit.webhook; dropped: no room, or too old; refused: its server answered 4xx',
    labels: { result: 'webhook' },
    isFromZero: true,
  },
  gatekeeper_webhook_requests_total: {
    type: 'counter',
    help: 'Requests to audit.webhook; failed: tried again',
    labels: { result: 'request' },
    isFromZero: true,
  },
  gatekeeper_sink_events_total: {
    type: 'counter',
    help: 'Events for sinks of other plugins; failed: come again; missed: left the store before they were taken',
    labels: { sink: 'own_sink', result: 'handed' },
  },
} as const satisfies Record<string, Counted>;

export type CountedName = keyof typeof counted;

/** What is read when somebody asks. */
export const gauges = {
  gatekeeper_settings_last_reload_successful: '0 while newer settings are refused',
  gatekeeper_settings_in_force_since_seconds: 'When the settings in force were put in force',
  gatekeeper_held_messages: 'Messages that are held until somebody releases or drops them',
  gatekeeper_emergency: '1 while no content policy refuses anything',
  gatekeeper_webhook_waiting_events: 'Events that wait for the server of audit.webhook',
  gatekeeper_sink_lag_seconds:
    'How long ago the first event fell that a sink of another plugin was handed and has not taken; 0 where there is none',
  gatekeeper_workers: 'Worker processes; 0 where one process does everything',
} as const;

export type GaugeName = keyof typeof gauges;

/** The label is a file, of which there are as many as the operator has. */
export const certificateExpiry = {
  name: 'gatekeeper_certificate_expiry_timestamp_seconds',
  help: 'When a certificate that clients are shown expires, in seconds since 1970',
} as const;
