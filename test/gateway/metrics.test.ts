import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EventServer, hangs, takes } from '../audit/webhook/server.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { metricsOf, sumOf } from '../support/metrics.ts';
import { plain } from '../support/smtp.ts';
import { alice, greeted, send, workersIn } from './traffic.ts';

/** What clients have heard. */
class Heard {
  accepted = 0;
  refused = 0;
  loggedIn = 0;
  wrong = 0;
}

const clients = 12;

for (const { what, nodes } of [
  { what: 'a gateway of one process', nodes: 0 },
  { what: 'a gateway of four workers', nodes: 4 },
]) {
  void describe(`the metrics of ${what}`, () => {
    const heard = new Heard();
    let gateway: TestGateway;
    let server: EventServer;
    before(async () => {
      server = await new EventServer().start();
      const url = `http://127.0.0.1:${server.port}/t0p?token=t0p`;
      const webhook = { url, events: 'all', timeout_seconds: 0.5 };
      gateway = await startTestGateway({ nodes, settings: { audit: { webhook } } });
    });
    after(async () => {
      await gateway.stop();
      await server.stop();
    });

    void it('are there from the start, at 0', async () => {
      const values = await metricsOf(gateway);
      assert.equal(values.get('gatekeeper_messages_total{role="submission",outcome="accepted"}'), 0);
      assert.equal(values.get('gatekeeper_events_lost_total{sink="webhook"}'), 0);
      assert.equal(values.get('gatekeeper_message_bytes_total{outcome="withdrawn"}'), 0);
      assert.equal(values.get('gatekeeper_emergency'), 0);
      assert.equal(values.get('gatekeeper_workers'), nodes);
    });

    void it('are what the clients, the sink and the events say', async () => {
      server.behave(hangs);
      await Promise.all(Array.from({ length: clients }, (_, number) => visit(gateway, number, heard)));
      assert.equal(heard.accepted, clients * 3);
      await eventually('the deliveries', () => recipientsOf(gateway) === clients * 6);
      await settled(gateway);
      const values = await metricsOf(gateway);
      const sum = (name: string, ...labels: readonly string[]) =>
        sumOf(values, `gatekeeper_${name}`, ...labels);
      assert.equal(
        sum('decisions_total', 'check="outbound/queue"', 'verdict="pass"', 'reason="none"'),
        heard.accepted,
      );
      assert.equal(sum('messages_total', 'role="submission"', 'outcome="refused"'), heard.refused);
      assert.equal(sum('decisions_total', 'reason="sender-not-owned"', 'verdict="refuse"'), heard.refused);
      assert.equal(sum('logins_total', 'mechanism="PLAIN"', 'result="ok"'), heard.loggedIn);
      assert.equal(sum('logins_total', 'result="bad-credentials"'), heard.wrong);
      assert.equal(sum('recipients_total', 'outcome="delivered"'), recipientsOf(gateway));
      assert.equal(sum('recipients_total', 'outcome="bounced"'), 0);
      const events = gateway.events();
      assert.equal(sum('events_total'), events.length);
      assert.equal(sum('decisions_total'), events.length);
      assert.equal(sum('decision_seconds_count'), events.length);
      assert.equal(
        sum('deliveries_total', 'outcome="delivered"'),
        events.filter(({ outcome }) => outcome === 'delivered').length,
      );
    });

    void it('have the events that a webhook was sent, which was silent at first', async () => {
      const all = gateway.events().map(({ reference }) => reference);
      server.behave(takes);
      await eventually('all events', () => new Set(server.references).size >= new Set(all).size, 15_000);
      assert.deepEqual(new Set(server.references), new Set(all));
      await settled(gateway);
      const values = await metricsOf(gateway);
      assert.equal(values.get('gatekeeper_webhook_events_total{result="sent"}'), all.length);
      assert.equal(values.get('gatekeeper_webhook_waiting_events'), 0);
      assert.ok((values.get('gatekeeper_webhook_requests_total{result="failed"}') ?? 0) >= 1);
      assert.match(
        gateway.log(),
        /webhook: http:\/\/127\.0\.0\.1:\d+\/…: no answer within 0\.5 s; \d+ events wait/,
      );
      assert.doesNotMatch(gateway.log(), /t0p/);
    });

    if (nodes === 0) return;
    void it('never go back, while workers are killed', { timeout: 120_000 }, async () => {
      const log = { isOver: false };
      const steps = watch(gateway, log);
      const traffic = Promise.allSettled(
        Array.from({ length: clients }, (_, number) => visit(gateway, number, heard)),
      );
      for (const pid of workersIn(gateway.log()).slice(0, 2)) {
        await delay(50);
        process.kill(pid, 'SIGKILL');
      }
      // A handshake whose worker dies in it never ends.
      await Promise.race([traffic, delay(10_000)]);
      const before = await metricsOf(gateway);
      await eventually('two new workers', () => workersIn(gateway.log()).length === 6, 15_000);
      const client = await untilServed(gateway);
      const reply = await send(client, { from: 'alice@corp.example', to: 'last@partner.example' });
      assert.equal(reply.code, 250, reply.text);
      await settled(gateway);
      log.isOver = true;
      assert.ok((await steps) > 5, 'the metrics were looked at');
      const name = 'gatekeeper_decisions_total';
      const queued = 'check="outbound/queue"';
      assert.ok(sumOf(await metricsOf(gateway), name, queued) > sumOf(before, name, queued));
    });
  });
}

/** Logs in, first with a wrong password; sends three messages to two recipients each, and tries one as somebody else. */
async function visit({ ports }: TestGateway, number: number, heard: Heard): Promise<void> {
  const stranger = await greeted({ port: ports.implicit, implicitTls: true });
  const wrong = await stranger.command(`AUTH PLAIN ${plain('alice@corp.example', `no-${number}`)}`);
  if (wrong.code === 535) heard.wrong += 1;
  stranger.destroy();
  const client = await alice({ port: ports.submission });
  heard.loggedIn += 1;
  for (const message of [1, 2, 3]) {
    await client.command('MAIL FROM:<alice@corp.example>');
    for (const to of ['one', 'two']) {
      await client.command(`RCPT TO:<${to}-${number}-${message}@partner.example>`);
    }
    await client.command('DATA');
    const reply = await client.command('From: alice@corp.example\r\nSubject: x\r\n\r\nx\r\n.');
    if (reply.code === 250) heard.accepted += 1;
  }
  const other = await client.command('MAIL FROM:<bob@corp.example>');
  if (other.code === 553) heard.refused += 1;
  client.destroy();
}

function recipientsOf(gateway: TestGateway): number {
  return gateway.delivered().reduce((sum, { envelope }) => sum + envelope.to.length, 0);
}

/** Waits until nothing is counted any more: workers report four times a second. */
async function settled(gateway: TestGateway): Promise<void> {
  for (let last = -1, now = 0; now !== last;) {
    last = now;
    await delay(600);
    now = sumOf(await metricsOf(gateway), 'gatekeeper_events_total');
  }
}

/** Looks at the metrics again and again, and rejects when a counter is less than before; resolves to how often it looked. */
async function watch(gateway: TestGateway, log: { readonly isOver: boolean }): Promise<number> {
  let last = new Map<string, number>();
  let looks = 0;
  while (!log.isOver) {
    const now = await metricsOf(gateway);
    const less = [...last].filter(([name, value]) => isCounter(name) && (now.get(name) ?? -1) < value);
    assert.deepEqual(less, []);
    [last, looks] = [now, looks + 1];
    await delay(20);
  }
  return looks;
}

function isCounter(name: string): boolean {
  return /_(?:total|count|sum|bucket)(?:\{|$)/.test(name);
}

async function untilServed({ ports }: TestGateway) {
  for (;;) {
    const tried = alice({ port: ports.submission }).catch(() => delay(100));
    const client = await Promise.race([tried, delay(3000)]);
    if (client) return client;
  }
}
