import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AggregatorRegistry } from 'prom-client';
import { completed, type EventDraft } from '../../../plugins/core/events/event.ts';
import { Counts } from '../../../plugins/audit/metrics/counts.ts';
import { countEvent } from '../../../plugins/audit/metrics/of-event.ts';
import { valuesIn } from '../../support/metrics.ts';

const draft: EventDraft = {
  ...{ v: 1, time: '2026-03-04T05:06:07.000Z', node: 'gw', reference: 'A.1 x', check: 'sender/envelope' },
  ...{ verdict: 'pass', mode: 'enforce', revision: 'r', latency_ms: 0.2 },
};
const submission = { port: 587, role: 'submission', client: '192.0.2.7' } as const;
const attack = 'alice"}\n# TYPE x counter\nx 1';

/** What an event adds, beside that it is an event, and a decision that took its time. */
const cases: readonly {
  readonly it: string;
  readonly event: Partial<EventDraft>;
  readonly adds: Readonly<Record<string, number>>;
}[] = [
  { it: 'a check that passes', event: {}, adds: {} },
  {
    it: 'a message that is accepted',
    event: {
      ...{ check: 'outbound/gate', ...submission, sender: 'a@x.example', accepted: true, bytes: 1234 },
      ...{ recipients: ['b@y.example', 'c@y.example'], recipients_omitted: 3 },
    },
    adds: {
      'gatekeeper_messages_total{role="submission",outcome="accepted"}': 1,
      'gatekeeper_recipients_total{outcome="accepted"}': 5,
      'gatekeeper_message_bytes_total{outcome="accepted"}': 1234,
    },
  },
  {
    it: 'a message that is not queued after all: nothing is taken back',
    event: {
      ...{ check: 'outbound/queue', verdict: 'defer', reason: 'disk-full', ...submission, bytes: 1234 },
      ...{ sender: 'a@x.example', accepted: false, recipients: ['b@y.example'] },
    },
    adds: {
      'gatekeeper_messages_total{role="submission",outcome="withdrawn"}': 1,
      'gatekeeper_messages_total{role="submission",outcome="deferred"}': 1,
      'gatekeeper_recipients_total{outcome="withdrawn"}': 1,
      'gatekeeper_message_bytes_total{outcome="withdrawn"}': 1234,
    },
  },
  {
    it: 'a message that is refused',
    event: { verdict: 'refuse', reason: 'sender-not-owned', sender: 'b@x.example', ...submission },
    adds: { 'gatekeeper_messages_total{role="submission",outcome="refused"}': 1 },
  },
  {
    it: 'a message that would have been',
    event: {
      ...{ check: 'sender/spf', verdict: 'refuse', reason: 'spf-fail', would_refuse: true, mode: 'observe' },
      ...{ sender: 'b@x.example', role: 'mx', port: 25 },
    },
    adds: { 'gatekeeper_messages_total{role="mx",outcome="withheld"}': 1 },
  },
  {
    it: 'two recipients that a message has reached',
    event: {
      ...{ check: 'outbound/delivery', outcome: 'delivered', recipients: ['b@y.example', 'c@y.example'] },
    },
    adds: {
      'gatekeeper_deliveries_total{outcome="delivered"}': 1,
      'gatekeeper_recipients_total{outcome="delivered"}': 2,
    },
  },
  {
    it: 'a recipient that is tried again',
    event: { check: 'outbound/delivery', outcome: 'deferred', recipients: ['b@y.example'] },
    adds: {
      'gatekeeper_deliveries_total{outcome="retried"}': 1,
      'gatekeeper_recipients_total{outcome="retried"}': 1,
    },
  },
  {
    it: 'a login',
    event: { check: 'auth/login', mechanism: 'SCRAM-SHA-256', login: attack, ...submission },
    adds: { 'gatekeeper_logins_total{mechanism="SCRAM-SHA-256",result="ok"}': 1 },
  },
  {
    it: 'a login that is refused, by a mechanism that nobody has',
    event: {
      ...{ check: 'auth/login', verdict: 'refuse', reason: 'bad-credentials', mechanism: attack },
      ...{ login: attack },
    },
    adds: { 'gatekeeper_logins_total{mechanism="other",result="bad-credentials"}': 1 },
  },
  {
    it: 'a session',
    event: { check: 'audit/connection', ...submission, tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384', helo: attack },
    adds: { 'gatekeeper_sessions_total{role="submission",tls="TLSv1.3"}': 1 },
  },
  {
    it: 'a session in clear',
    event: { check: 'audit/connection', role: 'mx', port: 25 },
    adds: { 'gatekeeper_sessions_total{role="mx",tls="clear"}': 1 },
  },
];

void describe('what is counted of', () => {
  for (const { it: what, event, adds } of cases) {
    void it(what, async () => {
      const counts = new Counts();
      countEvent(counts, completed({ ...draft, ...event }));
      const { kind, check, verdict, reason = 'none' } = completed({ ...draft, ...event });
      const all = valuesIn(await textOf(counts));
      const common = [
        `gatekeeper_events_total{kind="${kind}",verdict="${verdict}"}`,
        `gatekeeper_decisions_total{check="${check}",verdict="${verdict}",reason="${reason}"}`,
        `gatekeeper_decision_seconds_count{kind="${kind}"}`,
      ];
      for (const name of common) assert.equal(all.get(name), 1, name);
      const rest = [...all].filter(
        ([name, value]) => value !== 0 && !common.includes(name) && !name.includes('_seconds_'),
      );
      assert.deepEqual(Object.fromEntries(rest), adds);
    });
  }
});

void describe('counts', () => {
  void it('have no more values of a label than the code and the tables do', async () => {
    const counts = new Counts();
    for (let number = 0; number < 300; number += 1) {
      const check = `mine/check-${number}`;
      countEvent(counts, completed({ ...draft, check, verdict: 'refuse', reason: `made-up-${number}` }));
    }
    countEvent(counts, completed({ ...draft, check: attack }));
    const all = [...valuesIn(await textOf(counts))].filter(([name]) => name.includes('decisions_total'));
    assert.equal(all.length, 102);
    assert.equal(
      all.find(([name]) => name.includes('check="other",verdict="refuse",reason="other"'))?.[1],
      200,
    );
  });

  void it('are the same wherever they were made, and never less', async () => {
    const [primary, one, two] = [new Counts(), new Counts(), new Counts()];
    const both = new Counts();
    for (const [worker, latency_ms] of [
      [one, 0.05],
      [two, 7],
      [one, 30_000],
      [two, Number.NaN],
    ] as const) {
      const event = completed({ ...draft, latency_ms });
      countEvent(worker, event);
      countEvent(both, event);
      primary.addAll(JSON.parse(JSON.stringify(worker.take())) as Record<string, number>);
    }
    assert.equal(one.take(), undefined);
    assert.equal(await textOf(primary), await textOf(both));
    primary.addAll({
      'gatekeeper_message_bytes_total\taccepted': -5,
      nonsense: 3,
      'gatekeeper_held_messages\tx': 1,
    });
    assert.equal(await textOf(primary), await textOf(both));
  });

  void it('of times are those of a histogram', async () => {
    const counts = new Counts();
    for (const latency_ms of [0.05, 0.1, 0.2, 30_000])
      countEvent(counts, completed({ ...draft, latency_ms }));
    const all = valuesIn(await textOf(counts));
    const at = (le: string) => all.get(`gatekeeper_decision_seconds_bucket{le="${le}",kind="sender"}`);
    assert.deepEqual(['0.0001', '0.0005', '20', '+Inf'].map(at), [2, 3, 3, 4]);
    assert.equal(all.get('gatekeeper_decision_seconds_count{kind="sender"}'), 4);
    assert.ok(Math.abs((all.get('gatekeeper_decision_seconds_sum{kind="sender"}') ?? 0) - 30.00035) < 1e-9);
  });
});

function textOf(counts: Counts): Promise<string> {
  return AggregatorRegistry.aggregate([counts.exposed()]).metrics();
}
