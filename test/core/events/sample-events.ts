import fc from 'fast-check';
import { completed, type EventDraft, type GatekeeperEvent } from '../../../plugins/core/events/event.ts';

/** The day on which everything here happens, and the one after it. */
export const noon = Date.parse('2026-11-24T12:00:00.000Z');

let number = 0;

/** An event that says what is given, and is otherwise of no interest. */
export function eventWith(fields: Partial<EventDraft>, at = noon): GatekeeperEvent {
  number += 1;
  const id = `E374698C-63BD-4E79-A68D-${String(number).padStart(12, '0')}`;
  return completed({
    v: 1,
    time: new Date(at).toISOString(),
    node: 'mx1',
    reference: `${id}.1 outbound/message`,
    check: 'outbound/message',
    verdict: 'pass',
    mode: 'enforce',
    revision: 'r',
    latency_ms: 0.25,
    ...fields,
  });
}

/** What somebody may call himself who wants to see what breaks. */
export const hostile = [
  'nul\0inside',
  'half \ud83d of a pair',
  'O\'Brien"; DROP TABLE event; --',
  '\\x27 \\0 $1 ? :a {b,"c"}',
  'x'.repeat(10_240),
  `${'y'.repeat(253)}\u{1f600}`,
  '\u{1f469}\u200d\u{1f4bb}\ufeff\u202eevil',
  'שלום עולם',
  '\u2028\r\n\t\x1b[31m',
  '',
  ' ',
  'NULL',
  '~AAAAAAAAAAAAAAAA',
];

const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('alice', 'Alice', 'bob@corp.example', 'BOB@corp.example', '') },
  { weight: 1, arbitrary: fc.constantFrom(...hostile) },
);
const client = fc.constantFrom('192.0.2.1', '192.0.2.77', '198.51.100.3', '2001:db8::1', 'no address');
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const fields = fc.record({
  check: fc.constantFrom(
    ...['audit/connection', 'auth/login', 'sender/envelope', 'outbound/message', 'outbound/delivery'],
    ...['outbound/limits', 'outbound/tls', 'tls/policy', 'their/check'],
  ),
  verdict: fc.constantFrom('pass', 'skip', 'refuse', 'defer'),
  would_refuse: optional(fc.constant(true as const)),
  reason: optional(fc.constantFrom('bad-credentials', 'not-owned', 'spf-fail')),
  detail: optional(name),
  helo: optional(name),
  client: optional(client),
  port: optional(fc.constantFrom(25, 587)),
  role: optional(fc.constantFrom('submission', 'mx')),
  tls: optional(fc.constantFrom('TLSv1.3 TLS_AES_256_GCM_SHA384', 'TLSv1')),
  identity: optional(name),
  login: optional(name),
  wrong_password: optional(fc.constantFrom('a1b', '0ff')),
  sender: optional(name),
  accepted: optional(fc.boolean()),
  bytes: optional(fc.nat(1e9)),
  message_id: optional(name),
  recipients: optional(fc.array(name, { maxLength: 3 })),
  recipients_omitted: optional(fc.nat(9)),
  outcome: optional(fc.constantFrom('delivered', 'deferred', 'bounced', 'dropped')),
  answer: optional(fc.oneof(name, fc.constant('250 Ok'))),
  remote: optional(fc.constantFrom('mx.x.example', 'MX.x.example')),
  remote_address: optional(client),
  remote_tls: optional(fc.constant('TLSv1.3 TLS_AES_256_GCM_SHA384')),
  tls_policy: optional(fc.constantFrom('tlsa', 'sts', 'no-policy-found')),
  tls_policy_string: optional(fc.array(name, { maxLength: 2 })),
}) as fc.Arbitrary<Partial<EventDraft>>;

/** In the order in which they are written: as much as ten minutes after they fell. */
export const someEvents: fc.Arbitrary<readonly GatekeeperEvent[]> = fc
  .array(fc.tuple(fields, fc.integer({ min: 0, max: 72 * 60 }), fc.integer({ min: 0, max: 599 })), {
    maxLength: 40,
  })
  .map((all) =>
    all
      .map(([each, minute, delay]) => ({
        each,
        at: noon + minute * 60_000,
        written: noon + minute * 60_000 + delay * 1000,
      }))
      .sort((a, b) => a.written - b.written)
      .map(({ each, at }) => eventWith(withoutUndefined(each), at)),
  );

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
