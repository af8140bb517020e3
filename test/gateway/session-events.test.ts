import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { proxyAddress } from '../../scripts/demo/instance.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { plain, SmtpClient } from '../support/smtp.ts';
import { plugin } from './other-haraka.ts';
import { askWithOpenssl } from './tls-client.ts';
import { alice, greeted, send } from './traffic.ts';

type Ports = TestGateway['ports'];

const old = ['-tls1', '-cipher', 'DEFAULT:@SECLEVEL=0'];
const weak = ['-tls1_2', '-cipher', 'AES128-SHA'];
const careful = ['-tls1_2', '-verify_return_error'];

const handshake = (isImplicit: boolean, args: readonly string[]) => (ports: Ports, from: string) =>
  askWithOpenssl({
    ...{ port: isImplicit ? ports.implicit : ports.submission, isImplicit, from },
    ...{ args, says: [] },
  });

const beforeGreeting = 'takes us for a web server, before it is greeted';
const addressOf = (number: number) => `127.0.1.${number + 1}`;

/** What a client does, from an address of its own, and the event of its session. */
const sessions: readonly {
  it: string;
  does: (ports: Ports, from: string) => Promise<unknown>;
  event: Partial<GatekeeperEvent>;
  /** Where the event has another address. */
  client?: string;
}[] = [
  {
    it: 'drops at once where SMTP begins in clear',
    does: ({ submission }, from) => say(submission, from),
    event: { reason: 'silent' },
  },
  {
    it: 'drops at once where TLS comes first',
    does: ({ implicit }, from) => say(implicit, from),
    event: { reason: 'handshake-failed', detail: 'the client closed' },
  },
  {
    it: 'speaks in clear where TLS comes first',
    does: ({ implicit }, from) => say(implicit, from, 'EHLO client.example\r\n'),
    event: { reason: 'wrong-port', detail: 'clear text on a port that begins with TLS' },
  },
  {
    it: 'begins TLS where SMTP begins in clear',
    does: ({ submission }, from) =>
      say(submission, from, Buffer.from('16030100c8010000c40303aabbccddeeff', 'hex')),
    event: { reason: 'wrong-port', detail: 'TLS on a port that begins in clear' },
  },
  {
    it: beforeGreeting,
    does: ({ submission }, from) => say(submission, from, 'GET / HTTP/1.0\r\n\r\n'),
    event: { reason: 'too-early' },
  },
  {
    it: 'takes us for a web server, when it was greeted',
    does: async ({ submission }, from) => {
      const client = await SmtpClient.connect({ port: submission, from });
      await client.reply();
      assert.equal((await client.command('GET / HTTP/1.0')).code, 500);
      client.destroy();
    },
    event: { reason: 'silent' },
  },
  ...[true, false].flatMap((isImplicit) => {
    const where = isImplicit ? 'where TLS comes first' : 'by STARTTLS';
    const reason = 'handshake-failed';
    return [
      {
        it: `has an old version of TLS only, ${where}`,
        does: handshake(isImplicit, old),
        event: { reason, detail: 'unsupported protocol' },
      },
      {
        it: `has a cipher suite only that is none of ours, ${where}`,
        does: handshake(isImplicit, weak),
        event: { reason, detail: 'no shared cipher' },
      },
      {
        it: `does not take our certificate, ${where}`,
        does: handshake(isImplicit, careful),
        event: { reason, detail: 'tlsv1 alert unknown ca' },
      },
    ];
  }),
  {
    it: 'leaves when it has said STARTTLS',
    does: async ({ submission }, from) => {
      const client = await greeted({ port: submission, from });
      await client.command('STARTTLS');
      client.destroy();
    },
    event: { reason: 'handshake-failed', detail: 'the client closed', helo: 'client.example' },
  },
  {
    it: 'fails to log in, with a long name of its own',
    does: async ({ implicit }, from) => {
      const client = await SmtpClient.connect({ port: implicit, implicitTls: true, from });
      await client.reply();
      await client.command(`EHLO ${'x'.repeat(300)}`);
      await client.command(`AUTH PLAIN ${plain('alice@corp.example', 'wrong')}`);
      await client.command('QUIT');
    },
    event: { reason: 'no-mail', helo: 'x'.repeat(255), tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384' },
  },
  {
    it: 'sends a message by STARTTLS, and drops',
    does: async ({ submission }, from) => {
      const client = await alice({ port: submission, from });
      await send(client, { from: 'alice@corp.example', to: 'somebody@partner.example' });
      client.destroy();
    },
    event: {
      ...{ reason: undefined, helo: 'client.example', identity: 'alice@corp.example' },
      tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
    },
  },
  {
    it: 'is behind a proxy',
    does: ({ submission }) => say(submission, proxyAddress, 'PROXY TCP4 203.0.113.7 127.0.0.1 40000 587\r\n'),
    client: '203.0.113.7',
    event: { reason: 'silent', network: '203.0.113.0/24' },
  },
];

void describe('the event of a session, of a client that', () => {
  let gateway: TestGateway;
  before(async () => {
    // Which comes first, the greeting or what a client says at once, is else left to chance.
    const late = addressOf(sessions.findIndex(({ it: what }) => what === beforeGreeting));
    gateway = await startTestGateway({
      first: [plugin('greets-late')],
      config: { 'greets-late': `${late}\n` },
    });
  });
  after(() => gateway.stop());

  for (const [number, { it: what, does, event, client }] of sessions.entries()) {
    const from = addressOf(number);
    void it(what, async () => {
      await does(gateway.ports, from);
      const [told] = await eventually('the event', () => {
        const found = sessionsOf(gateway, client ?? from);
        return found.length > 0 && found;
      });
      const shown = Object.fromEntries(Object.keys(event).map((key) => [key, Reflect.get(told ?? {}, key)]));
      assert.deepEqual(shown, event);
      assert.equal(told?.role, 'submission');
      assert.equal(told.verdict, 'pass');
      assert.ok(
        told.session_seconds === undefined ? told.connection === undefined : told.session_seconds < 10,
      );
    });
  }

  void it('is one of these: there is one event for each, and nothing went wrong with any', () => {
    for (const [number, { client }] of sessions.entries()) {
      assert.equal(sessionsOf(gateway, client ?? addressOf(number)).length, 1, sessions[number]?.it);
    }
    assert.doesNotMatch(gateway.log(), /was not recorded/);
  });
});

/** Connects, says something, and drops. */
async function say(port: number, from: string, octets: string | Buffer = ''): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (octets.length > 0) socket.write(octets);
  if (octets.length > 0) await delay(100);
  socket.destroy();
}

function sessionsOf(gateway: TestGateway, client: string): GatekeeperEvent[] {
  return gateway.events().filter((event) => event.kind === 'connection' && event.client === client);
}
