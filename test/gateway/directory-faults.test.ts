import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  alice,
  answer,
  element,
  message,
  startFakeLdap,
  type FakeLdap,
  type Script,
} from '../support/fake-ldap.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { freePorts } from '../support/ports.ts';
import { plain, type SmtpClient } from '../support/smtp.ts';
import { greeted } from './traffic.ts';

/** The deadline of one operation. OPERATION_SECONDS=5 is what it is by default, and takes its time. */
const seconds = Number(process.env['OPERATION_SECONDS'] ?? 2);
/** Clients that log in at once. */
const crowd = Number(process.env['CROWD'] ?? 100);

const right = `AUTH PLAIN ${plain('alice@corp.example', 'pw-alice')}`;
const wrong = `AUTH PLAIN ${plain('alice@corp.example', 'guess')}`;

/** So much after the deadline an answer is still one of its own; twice the deadline is not. */
const inTimeMs = seconds * 1500;

const silence = () => undefined;
const mega = 1024 * 1024;
const garbage = () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');
const twins = ['uid=1,dc=corp,dc=example', 'uid=2,dc=corp,dc=example'];

type Fault = { -readonly [Key in keyof Script]: Script[Key] };

const faults: readonly { readonly it: string; readonly script: Fault; readonly isCold?: true }[] = [
  { it: 'says nothing to the bind of the service account', script: { serviceBind: silence }, isCold: true },
  { it: 'says nothing to a search', script: { search: silence } },
  { it: 'says nothing to a bind', script: { bind: silence } },
  { it: 'closes each connection at once', script: { onConnect: (socket) => socket.destroy() }, isCold: true },
  {
    it: 'closes the connection instead of an answer to a search',
    script: { search: ({ socket }) => void socket.destroy() },
  },
  { it: 'dies within a bind', script: { bind: ({ socket }) => void socket.resetAndDestroy() } },
  { it: 'refers to another one', script: { search: ({ id }) => answer.done(id, 10) } },
  { it: 'refers a bind to another one', script: { bind: ({ id }) => answer.bind(id, 10) } },
  {
    it: 'found more than it may say',
    script: { search: ({ id }) => Buffer.concat([answer.entry(id, alice.dn), answer.done(id, 4)]) },
  },
  { it: 'has worked for too long', script: { search: ({ id }) => answer.done(id, 3) } },
  {
    it: 'has two entries',
    script: {
      search: ({ id }) => Buffer.concat([...twins.map((dn) => answer.entry(id, dn)), answer.done(id)]),
    },
  },
  { it: 'is busy', script: { bind: ({ id }) => answer.bind(id, 51) } },
  { it: 'answers a search in no LDAP', script: { search: garbage } },
  { it: 'answers a bind in no LDAP', script: { bind: garbage } },
  { it: 'answers with half a message', script: { bind: ({ id }) => answer.bind(id, 49).subarray(0, 9) } },
  {
    it: 'sends an entry of 16 MiB',
    script: { search: ({ id }) => answer.entry(id, alice.dn, { mail: ['x'.repeat(16 * mega)] }) },
  },
  {
    it: 'sends references of 16 MiB',
    script: {
      search: ({ id }) =>
        Buffer.concat(
          Array.from({ length: 256 }, () => answer.reference(id, `ldap://${'x'.repeat(64 * 1024)}`)),
        ),
    },
  },
  {
    it: 'answers a bind in 16 MiB',
    script: { bind: ({ id }) => message(id, element(0x61, Buffer.alloc(16 * mega))) },
  },
  {
    it: 'sends an octet now and then',
    script: { bind: ({ id, socket }) => void drip(socket, answer.bind(id, 49)) },
  },
];

/** Never done before any deadline. */
async function drip(
  socket: { write: (bytes: Buffer) => unknown; destroyed: boolean },
  bytes: Buffer,
): Promise<void> {
  for (const octet of bytes) {
    if (socket.destroyed) return;
    socket.write(Buffer.from([octet]));
    await delay((seconds * 2000) / bytes.length);
  }
}

/** A session that may fail as often as it likes. */
const session = (gateway: TestGateway): Promise<SmtpClient> =>
  greeted({ port: gateway.ports.implicit, implicitTls: true });

/** The reply, and after how many milliseconds it came. */
async function timed(client: SmtpClient, command: string): Promise<{ text: string; ms: number }> {
  const begun = performance.now();
  client.write(`${command}\r\n`);
  const { text } = await client.reply(seconds * 10_000);
  return { text, ms: performance.now() - begun };
}

async function assertUnavailable(clients: readonly SmtpClient[]): Promise<void> {
  const replies = await Promise.all(clients.map((client, n) => timed(client, n % 2 === 0 ? right : wrong)));
  for (const { text, ms } of replies) {
    assert.match(text, /^454 4\.7\.0 Temporary authentication failure /);
    assert.ok(ms < inTimeMs, `${text} after ${ms} ms`);
  }
}

/** The directory is well again: a login is decided within 5 s, and right. */
async function assertRecovered(gateway: TestGateway): Promise<void> {
  const client = await session(gateway);
  const end = performance.now() + 5000;
  let reply = await client.command(right);
  for (; reply.code === 454 && performance.now() < end; reply = await client.command(right)) await delay(50);
  assert.equal(reply.code, 235, reply.text);
  client.destroy();
  const guess = await session(gateway);
  assert.equal((await guess.command(wrong)).code, 535);
  guess.destroy();
}

void describe('a directory that misbehaves costs nobody more than a 454', { concurrency: 1 }, () => {
  const script: Fault = {};
  let port: number;
  let server: FakeLdap;
  let gateway: TestGateway;
  before(async () => {
    [port] = await freePorts(1);
    server = await startFakeLdap(script, port);
    gateway = await startTestGateway({
      directoryUrl: server.url,
      settings: {
        directory: { operation_timeout_seconds: seconds, cache_seconds: 0, cache_refused_seconds: 0 },
        auth: { failure_delay_seconds: 0, max_failures: 20 },
      },
    });
  });
  after(async () => {
    await gateway.stop();
    await server.close();
  });

  const misbehave = (how: Fault): void => {
    for (const key of Object.keys(script)) Reflect.deleteProperty(script, key);
    Object.assign(script, how);
  };
  /** One connection for searches; for binds so many as were needed at once, and not more than eight. */
  const assertNoneLeaks = (most: number): Promise<unknown> =>
    eventually(`no more than ${most} connections`, () => server.sockets.size <= most);

  for (const { it: title, script: how, isCold } of faults) {
    void it(`when it ${title}`, async () => {
      const clients = await Promise.all([session(gateway), session(gateway)]);
      misbehave(how);
      if (isCold) for (const socket of server.sockets) socket.destroy();
      await assertUnavailable(clients);
      for (const client of clients) client.destroy();
      misbehave({});
      await assertRecovered(gateway);
      await assertNoneLeaks(3);
    });
  }

  void it('when it is not there', async () => {
    const clients = await Promise.all([session(gateway), session(gateway)]);
    await server.close();
    await assertUnavailable(clients);
    server = await startFakeLdap(script, port);
    await assertRecovered(gateway);
    await assertNoneLeaks(3);
    for (const client of clients) client.destroy();
  });

  void it('when it has forgotten the connections that we have, and a fresh one would do', async () => {
    await assertRecovered(gateway);
    const known = server.accepted();
    const clients = await Promise.all([session(gateway), session(gateway)]);
    const forgotten = ({ connection }: { connection: number }) => connection < known;
    misbehave({
      search: (request) =>
        forgotten(request)
          ? undefined
          : Buffer.concat([answer.entry(request.id, alice.dn, alice.attributes), answer.done(request.id)]),
    });
    const replies = await Promise.all(clients.map((client, n) => timed(client, n === 0 ? right : wrong)));
    // Who began a moment later has that moment left, in which a fresh connection gives the true verdict.
    replies.forEach(({ text }, n) => assert.match(text, n === 0 ? /^(454|235) / : /^(454|535) /));
    assert.ok(
      replies.every(({ ms }) => ms < inTimeMs),
      JSON.stringify(replies),
    );
    await assertRecovered(gateway);
    misbehave({});
    await assertNoneLeaks(3);
    for (const client of clients) client.destroy();
  });

  void it('when it closes what is idle, which nobody notices', async () => {
    await assertRecovered(gateway);
    for (const socket of server.sockets) socket.end();
    const client = await session(gateway);
    assert.equal((await client.command(right)).code, 235);
    client.destroy();
    await assertNoneLeaks(3);
  });

  void it(`when ${crowd} clients log in at once and it says nothing`, async () => {
    const clients = await inBatches(crowd, () => session(gateway));
    misbehave({ search: silence });
    await assertUnavailable(clients);
    misbehave({});
    await assertRecovered(gateway);
    await assertNoneLeaks(9);
    for (const client of clients) client.destroy();
  });

  void it(`when ${crowd} clients log in at once and it is well: nobody hears another's verdict`, async () => {
    const clients = await inBatches(crowd, () => session(gateway));
    const replies = await Promise.all(clients.map((client, n) => timed(client, n % 2 === 0 ? right : wrong)));
    replies.forEach(({ text }, n) => assert.match(text, n % 2 === 0 ? /^(235|454) / : /^(535|454) /));
    const decided = replies.filter(({ text }) => !text.startsWith('454')).length;
    assert.ok(decided >= Math.min(crowd, 256), `${decided} of ${crowd} were decided`);
    await assertNoneLeaks(9);
    for (const client of clients) client.destroy();
  });

  void it('never ends the process, nor says a word of a password', () => {
    assert.equal(gateway.gateway.process.exitCode, null);
    assert.doesNotMatch(gateway.log(), /pw-alice|pw-gatekeeper/);
  });
});

/** Handshakes take longer than logins: not all of them at once. */
async function inBatches<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) {
    const batch = Math.min(20, count - made.length);
    made.push(...(await Promise.all(Array.from({ length: batch }, make))));
  }
  return made;
}
