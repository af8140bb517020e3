import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Destination } from '../../../plugins/audit/webhook/destination.ts';
import { Webhook } from '../../../plugins/audit/webhook/webhook.ts';
import { completed, type EventDraft, type GatekeeperEvent } from '../../../plugins/core/events/event.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { createAuthority } from '../../support/ldap-certificates.ts';
import { eventually } from '../../support/gateway.ts';
import { EventServer, hangs, repeats, takes, type Behaviour } from './server.ts';

const draft: EventDraft = {
  ...{ v: 1, time: '2026-03-04T05:06:07.000Z', node: 'gw', reference: 'A.1 x', check: 'sender/envelope' },
  ...{ verdict: 'refuse', mode: 'enforce', reason: 'sender-not-owned', revision: 'r', latency_ms: 0.2 },
};

function event(reference: string, fields: Partial<EventDraft> = {}): GatekeeperEvent {
  return completed({ ...draft, ...fields, reference });
}

const pace = { gather: 20, again: 20, longest: 80, longestAsked: 400, giveUp: 60_000 };

void describe('a webhook', () => {
  let server: EventServer;
  let counts: Record<string, number>;
  let faults: string[];
  const opened: Webhook[] = [];
  beforeEach(async () => {
    [counts, faults] = [{}, []];
    server = await new EventServer().start();
  });
  afterEach(async () => {
    for (const webhook of opened.splice(0)) webhook.use(undefined);
    await server.stop();
  });

  function open(changes: Partial<Destination> = {}, paceOf: Partial<typeof pace> = {}): Webhook {
    const count = (name: string, amount: number) => (counts[name] = (counts[name] ?? 0) + amount);
    const observer = {
      onRequest: (answer: string) => count(answer, 1),
      onEvents: (result: string, amount: number) => count(result, amount),
      onFault: (problem: string) => faults.push(problem),
    };
    const webhook = new Webhook(observer, { ...pace, ...paceOf });
    webhook.use(destination(changes));
    opened.push(webhook);
    return webhook;
  }

  function destination(changes: Partial<Destination> = {}): Destination {
    return {
      ...{ url: new URL(`http://127.0.0.1:${server.port}/in?token=t0p`), shown: 'http://127.0.0.1/…' },
      ...{ events: 'all', ca: undefined, key: undefined, authorization: undefined, milliseconds: 300 },
      ...changes,
    };
  }

  const isEmpty = (webhook: Webhook) => () => webhook.waiting === 0;

  void it('sends events together, in their order, each once', async () => {
    const webhook = open();
    for (let number = 0; number < 1200; number += 1) webhook.append(event(String(number)));
    await eventually('all to be sent', isEmpty(webhook));
    assert.deepEqual(
      server.references,
      Array.from({ length: 1200 }, (_, number) => String(number)),
    );
    assert.equal(server.received.length, 3);
    assert.deepEqual(counts, { taken: 3, sent: 1200 });
    assert.deepEqual(faults, []);
  });

  void it('writes what it sends as JSON that says its version, and nothing that a terminal obeys', async () => {
    const webhook = open();
    const login = 'eve\u001b[2J\u202e"\n';
    webhook.append(event('1', { login }));
    await eventually('a request', isEmpty(webhook));
    const { headers, body } = server.first;
    assert.deepEqual(JSON.parse(body), { v: 1, events: [JSON.parse(JSON.stringify(event('1', { login })))] });
    assert.match(body, /^[\x20-\x7e]+$/);
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['webhook-signature'], undefined);
    assert.equal(headers.authorization, undefined);
  });

  void it('signs id, time and body, and shows its token', async () => {
    const key = 'a key of more than 16 octets';
    const webhook = open({ key: Secret.fromText(key), authorization: Secret.fromText('Bearer t0ken') });
    webhook.append(event('1'));
    await eventually('a request', isEmpty(webhook));
    const { headers, body } = server.first;
    const [id, time] = [headers['webhook-id'], headers['webhook-timestamp']];
    assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 5);
    const signature = createHmac('sha256', key).update(`${String(id)}.${String(time)}.${body}`);
    assert.equal(headers['webhook-signature'], `v1,${signature.digest('base64')}`);
    assert.equal(headers.authorization, 'Bearer t0ken');
  });

  const wanted = [
    { events: 'all', sends: ['refused', 'passed', 'held'] },
    { events: 'adverse', sends: ['refused', 'held'] },
    { events: ['delivery', 'login'], sends: ['held'] },
  ] as const;
  for (const { events, sends } of wanted) {
    void it(`sends what is wanted: ${String(events)}`, async () => {
      const webhook = open({ events: typeof events === 'string' ? events : [...events] });
      webhook.append(event('refused'));
      webhook.append(event('passed', { verdict: 'pass' }));
      webhook.append(event('held', { verdict: 'defer', check: 'outbound/provenance' }));
      await eventually('a request', isEmpty(webhook));
      assert.deepEqual(server.references, sends);
    });
  }

  const passing: readonly { readonly it: string; readonly behaves: Behaviour; readonly says: RegExp }[] = [
    {
      it: 'fails',
      behaves: (response) => response.writeHead(500).end('no'),
      says: /: HTTP 500; 2 events wait$/,
    },
    { it: 'is too busy', behaves: (response) => response.writeHead(429).end(), says: /: HTTP 429; / },
    {
      it: 'took too long to listen',
      behaves: (response) => response.writeHead(408).end(),
      says: /: HTTP 408; /,
    },
    { it: 'hangs up', behaves: (response) => response.destroy(), says: /: socket hang up; / },
    { it: 'says nothing', behaves: hangs, says: /: no answer within 0.3 s; / },
    {
      it: 'drips its header',
      behaves: ({ socket }) => {
        socket?.write('HTTP/1.1 200 OK\r\n');
        const timer = setInterval(() => socket?.write('a: b\r\n'), 50);
        socket?.on('close', () => clearInterval(timer));
        socket?.on('error', () => undefined);
      },
      says: /: no answer within 0.3 s; /,
    },
    {
      it: 'says for ever that it goes on',
      behaves: repeats('HTTP/1.1 100 Continue\r\n\r\n', 5),
      says: /: no answer within 0.3 s; /,
    },
    {
      it: 'has a header without end',
      behaves: ({ socket }) => {
        socket?.on('error', () => undefined);
        socket?.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1_000_000)}`);
      },
      says: /: Parse Error: Header overflow; /,
    },
    {
      it: 'speaks another protocol',
      behaves: ({ socket }) => socket?.end('220 smtp.example ESMTP\u001b[2J\r\n'),
      says: /: Parse Error: [\x20-\x7e]+; /,
    },
    {
      it: 'would rather speak another',
      behaves: ({ socket }) =>
        socket?.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      says: /; 2 events wait$/,
    },
  ];
  for (const { it: what, behaves, says } of passing) {
    void it(`tries again, under the same id, where its server ${what}`, async () => {
      server.behave(behaves, behaves, takes);
      const webhook = open();
      webhook.append(event('1'));
      webhook.append(event('2'));
      await eventually('all to be sent', isEmpty(webhook));
      assert.deepEqual(server.references, ['1', '2', '1', '2', '1', '2']);
      assert.equal(new Set(server.received.map(({ headers }) => headers['webhook-id'])).size, 1);
      assert.deepEqual(counts, { failed: 2, taken: 1, sent: 2 });
      assert.match(faults[0] ?? '', says);
      assert.doesNotMatch(faults.join(' '), /t0p/);
    });
  }

  const final: readonly { readonly it: string; readonly behaves: Behaviour; readonly says: string }[] = [
    { it: 'refuses', behaves: (response) => response.writeHead(400).end(), says: 'HTTP 400' },
    { it: 'knows it no more', behaves: (response) => response.writeHead(410).end(), says: 'HTTP 410' },
    {
      it: 'sends it elsewhere',
      behaves: (response) => response.writeHead(307, { location: '/other' }).end(),
      says: 'HTTP 307: redirections are not followed',
    },
  ];
  for (const { it: what, behaves, says } of final) {
    void it(`gives up what its server ${what}, says so, and goes on`, async () => {
      server.behave(behaves, takes);
      const webhook = open();
      webhook.append(event('1'));
      await eventually('an answer', isEmpty(webhook));
      webhook.append(event('2'));
      await eventually('another', isEmpty(webhook));
      assert.deepEqual(server.references, ['1', '2']);
      assert.deepEqual(counts, { refused: 2, taken: 1, sent: 1 });
      assert.deepEqual(faults, [`http://127.0.0.1/…: ${says}; 1 events are given up`]);
    });
  }

  void it('reads nothing of an answer without end', async () => {
    let written = 0;
    server.behave((response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) written += 65_536;
      };
      response.writeHead(200).on('drain', more);
      more();
    }, takes);
    const webhook = open();
    webhook.append(event('1'));
    await eventually('an answer', isEmpty(webhook));
    await delay(100);
    assert.deepEqual(counts, { taken: 1, sent: 1 });
    assert.ok(written < 16 * 1024 * 1024, String(written));
  });

  for (const { asks, waits } of [
    { asks: '0', waits: [0, 200] },
    { asks: '999999999', waits: [400, 900] },
    { asks: new Date(Date.now() + 86_400_000).toUTCString(), waits: [400, 900] },
    { asks: 'soon', waits: [0, 200] },
    { asks: '-5', waits: [0, 200] },
  ] as const) {
    void it(`waits as long as it is asked to, within reason: Retry-After: ${asks}`, async () => {
      server.behave((response) => response.writeHead(503, { 'retry-after': asks }).end(), takes);
      const webhook = open();
      webhook.append(event('1'));
      await eventually('all to be sent', isEmpty(webhook));
      const [first, second] = server.received.map(({ at }) => at);
      const waited = (second ?? 0) - (first ?? 0);
      assert.ok(waited >= waits[0] - 5 && waited < waits[1], `${waited} ms`);
    });
  }

  void it('waits longer after each failure, up to a limit', async () => {
    server.behave(
      ...Array.from({ length: 6 }, (): Behaviour => (response) => response.writeHead(500).end()),
      takes,
    );
    const webhook = open();
    webhook.append(event('1'));
    await eventually('all to be sent', isEmpty(webhook));
    const times = server.received.map(({ at }) => at);
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    for (const [index, least] of [10, 20, 40, 40, 40, 40].entries())
      assert.ok((pauses[index] ?? 0) >= least - 3);
    assert.ok(
      pauses.every((pause) => pause < 250),
      String(pauses),
    );
  });

  void it('gives up what is too old', async () => {
    server.behave((response) => response.writeHead(500).end());
    const webhook = open({}, { giveUp: 50 });
    webhook.append(event('1'));
    await eventually('it to be given up', isEmpty(webhook));
    assert.equal(counts['dropped'], 1);
    assert.match(faults.at(-1) ?? '', /; 1 events are given up$/);
  });

  void it('holds so many events, drops and counts the others, and never lets one wait', async () => {
    server.behave(hangs);
    const webhook = open({ milliseconds: 20_000 });
    const large = event('1', { detail: 'x'.repeat(1000) });
    const began = performance.now();
    for (let number = 0; number < 20_000; number += 1) webhook.append(large);
    const spent = performance.now() - began;
    assert.ok(webhook.waiting < 8 * 1024, String(webhook.waiting));
    assert.equal(webhook.waiting + (counts['dropped'] ?? 0), 20_000);
    assert.ok(spent < 2000, `${spent} ms`);
    await eventually('a request', () => server.received.length > 0);
    await delay(50);
    assert.equal(server.received.length, 1, 'one request at a time');
    assert.match(faults[0] ?? '', /does not keep up: events are dropped$/);
  });

  void it('goes on elsewhere when the settings change, with what waits', async () => {
    const other = await new EventServer().start();
    server.behave((response) => response.writeHead(500).end());
    const webhook = open();
    webhook.append(event('1'));
    await eventually('a failure', () => counts['failed']);
    webhook.use(destination({ url: new URL(`http://127.0.0.1:${other.port}/`) }));
    await eventually('all to be sent', isEmpty(webhook));
    assert.deepEqual(other.references, ['1']);
    webhook.append(event('2'));
    webhook.use(undefined);
    webhook.append(event('3'));
    await delay(100);
    assert.equal(webhook.waiting, 0);
    assert.deepEqual(other.references, ['1']);
    assert.equal(counts['dropped'], 1);
    await other.stop();
  });

  void it('trusts the authority that it is given, whatever the environment says', async () => {
    const [authority, stranger] = [await createAuthority(), await createAuthority()];
    const secure = await new EventServer().start(await authority.issue('DNS:localhost'));
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const url = new URL(`https://localhost:${secure.port}/`);
      const webhook = open({ url, ca: stranger.ca, milliseconds: 2000 });
      webhook.append(event('1'));
      await eventually('a failure', () => faults.length > 0);
      assert.match(faults[0] ?? '', /unable to verify|self-signed|unable to get/);
      assert.equal(secure.received.length, 0);
      webhook.use(destination({ url, ca: authority.ca, milliseconds: 2000 }));
      await eventually('all to be sent', isEmpty(webhook));
      assert.deepEqual(secure.references, ['1']);
    } finally {
      Reflect.deleteProperty(process.env, 'NODE_TLS_REJECT_UNAUTHORIZED');
      await Promise.all([secure.stop(), authority.remove(), stranger.remove()]);
    }
  });
});
