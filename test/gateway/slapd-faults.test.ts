import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { socketsTo } from '../support/client-sockets.ts';
import { awkwardLdif } from '../support/directory-people.ts';
import { startFakeLdap } from '../support/fake-ldap.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { freePorts } from '../support/ports.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { plain, type SmtpClient, type SmtpReply } from '../support/smtp.ts';
import { startWireTap, type WireTap } from '../support/wire-tap.ts';
import { greeted } from './traffic.ts';

/** The deadline of one operation. OPERATION_SECONDS=5 is what it is by default, and takes its time. */
const seconds = Number(process.env['OPERATION_SECONDS'] ?? 2);

const right = `AUTH PLAIN ${plain('alice@corp.example', 'pw-alice')}`;
const wrong = `AUTH PLAIN ${plain('alice@corp.example', 'guess')}`;

const directory = { operation_timeout_seconds: seconds, cache_seconds: 0, cache_refused_seconds: 0 };
const auth = { failure_delay_seconds: 0, max_failures: 20 };

/** An idle connection is closed by the server after a second. */
const impatient = 'dn: cn=config\nchangetype: modify\nreplace: olcIdleTimeout\nolcIdleTimeout: 1\n';

const session = (gateway: TestGateway): Promise<SmtpClient> =>
  greeted({ port: gateway.ports.implicit, implicitTls: true });

/** The right password and a wrong one, at once: neither hears a verdict, and both within one deadline. */
async function assertUnavailable(gateway: TestGateway): Promise<void> {
  const clients = await Promise.all([session(gateway), session(gateway)]);
  const begun = performance.now();
  const replies = await Promise.all(
    clients.map((client, n) => {
      client.write(`${n === 0 ? right : wrong}\r\n`);
      return client.reply(seconds * 10_000);
    }),
  );
  const took = performance.now() - begun;
  for (const { text } of replies) assert.match(text, /^454 4\.7\.0 Temporary authentication failure /);
  assert.ok(took < seconds * 1500, `${took} ms`);
  for (const client of clients) client.destroy();
}

/** Within 5 s, without restart. */
async function assertRecovered(gateway: TestGateway): Promise<void> {
  const client = await session(gateway);
  const end = performance.now() + 5000;
  let reply: SmtpReply = await client.command(right);
  for (; reply.code === 454 && performance.now() < end; reply = await client.command(right)) await delay(50);
  assert.equal(reply.code, 235, reply.text);
  client.destroy();
}

void describe('a real directory behind StartTLS that fails', { concurrency: 1 }, () => {
  let authority: Authority;
  let slapd: Slapd;
  let tap: WireTap;
  let gateway: TestGateway;
  /** Called with every chunk that a client sends. */
  let onChunk: (chunk: Buffer) => Promise<void> = () => Promise.resolve();
  before(async () => {
    authority = await createAuthority();
    const certificate = await authority.issue('IP:127.0.0.1');
    const tls = { caFile: authority.caFile, ...certificate };
    slapd = await startSlapd({ ldif: awkwardLdif(), tls, configLdif: impatient });
    tap = await startWireTap({ target: slapd.port, before: (chunk) => onChunk(chunk) });
    gateway = await startTestGateway({
      directoryUrl: slapd.url,
      settings: { directory: { ...directory, start_tls: true, ca_file: 'ldap-ca.pem' }, auth },
      config: { 'ldap-ca.pem': authority.ca },
    });
  });
  after(async () => {
    await gateway.stop();
    await tap.stop();
    await slapd.stop();
    await authority.remove();
  });

  const assertNoneLeaks = (): Promise<unknown> =>
    eventually('no connection too many', () => socketsTo(slapd.port) <= 3);

  void it('is killed, and started again', async () => {
    await assertRecovered(gateway);
    await slapd.kill();
    await assertUnavailable(gateway);
    await slapd.start();
    await assertRecovered(gateway);
    await assertNoneLeaks();
  });

  void it('hangs, and goes on', async () => {
    await assertRecovered(gateway);
    await slapd.pause();
    try {
      await assertUnavailable(gateway);
    } finally {
      slapd.resume();
    }
    await assertRecovered(gateway);
    await assertNoneLeaks();
  });

  void it('closes what is idle, which costs nobody a login and leaves no connection', async () => {
    await assertRecovered(gateway);
    await eventually('the server to close them', () => socketsTo(slapd.port) === 0, 8000);
    const client = await session(gateway);
    assert.equal((await client.command(right)).code, 235);
    client.destroy();
  });

  void it('is asked who somebody is, and is killed before the bind', async () => {
    const clear = await startTestGateway({
      directoryUrl: `ldap://127.0.0.1:${tap.port}`,
      settings: { directory, auth },
    });
    try {
      await assertRecovered(clear);
      for (const command of [right, wrong]) {
        onChunk = async (chunk) => {
          // The bind of the user, who is not named before.
          if (chunk.includes('uid=alice')) await slapd.kill();
        };
        const client = await session(clear);
        client.write(`${command}\r\n`);
        assert.match((await client.reply(seconds * 10_000)).text, /^454 4\.7\.0 /);
        client.destroy();
        onChunk = () => Promise.resolve();
        await slapd.start();
        await assertRecovered(clear);
      }
    } finally {
      onChunk = () => Promise.resolve();
      await clear.stop();
    }
  });

  void it('shows a certificate of somebody else', async () => {
    const other = await createAuthority();
    const stranger = await startTestGateway({
      directoryUrl: slapd.url,
      settings: { directory: { ...directory, start_tls: true, ca_file: 'ldap-ca.pem' }, auth },
      config: { 'ldap-ca.pem': other.ca },
    });
    try {
      await assertUnavailable(stranger);
      await eventually('no connection', () => stranger.log().includes('certificate'));
    } finally {
      await stranger.stop();
      await other.remove();
    }
  });

  void it('has two entries for one login', async () => {
    for (const password of ['pw-twin', 'guess']) {
      const client = await session(gateway);
      const { text } = await client.command(`AUTH PLAIN ${plain('twin@corp.example', password)}`);
      assert.match(text, /^454 4\.7\.0 /);
      client.destroy();
    }
    await assertRecovered(gateway);
  });
});

const limits = [
  {
    it: 'gives nobody more than one entry',
    configLdif: 'dn: cn=config\nchangetype: modify\nreplace: olcSizeLimit\nolcSizeLimit: 1\n',
    login: 'twin@corp.example',
    password: 'pw-twin',
    says: /ambiguous/,
  },
  {
    it: 'refers to another server',
    base: 'ou=elsewhere,dc=corp,dc=example',
    login: 'alice@corp.example',
    password: 'pw-alice',
    says: /referral to another server, which is not asked \(10\)/,
  },
] as const;

void describe('a real directory that', () => {
  for (const { it: title, login, password, says, ...how } of limits) {
    void it(`${title}: 454`, async () => {
      const slapd = await startSlapd({ ldif: awkwardLdif(), ...('configLdif' in how && how) });
      const base = 'base' in how ? { base: how.base } : {};
      const gateway = await startTestGateway({
        directoryUrl: slapd.url,
        settings: { directory: { ...directory, ...base }, auth },
      });
      try {
        const client = await session(gateway);
        assert.match((await client.command(`AUTH PLAIN ${plain(login, password)}`)).text, /^454 4\.7\.0 /);
        client.destroy();
        await eventually('the reason in the log', () => says.test(gateway.log()));
      } finally {
        await gateway.stop();
        await slapd.stop();
      }
    });
  }

  void it('takes no more connections, as one behind a router that drops: 454, and 235 when it is back', async () => {
    const [port] = await freePorts(1);
    const hole = await startHole(port);
    const gateway = await startTestGateway({
      directoryUrl: `ldap://127.0.0.1:${port}`,
      settings: { directory, auth },
    });
    try {
      await assertUnavailable(gateway);
      await hole.end();
      assert.equal(socketsTo(port), 0);
      const back = await startFakeLdap({}, port);
      await assertRecovered(gateway);
      await back.close();
    } finally {
      await hole.end();
      await gateway.stop();
    }
  });
});

/** A port where a connection is neither taken nor refused: its process is stopped, and its queue is full. */
async function startHole(port: number): Promise<{ end: () => Promise<void> }> {
  const script = `require('net').createServer().listen({ host: '127.0.0.1', port: ${port}, backlog: 1 }, () => console.log('.'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  const waiting = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await delay(200);
  return {
    end: async () => {
      for (const socket of waiting) socket.destroy();
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
