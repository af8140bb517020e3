import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { alice, answer, type FakeLdap, type Script } from '../../support/fake-ldap.ts';
import { createAuthority, type Authority, type Certificate } from '../../support/ldap-certificates.ts';
import { atEnd, client, fake } from './fixtures.ts';

let ours: Authority;
let theirs: Authority;
const certificates: Record<string, Certificate> = {};

before(async () => {
  [ours, theirs] = await Promise.all([createAuthority(), createAuthority()]);
  certificates['both'] = await ours.issue('DNS:localhost', 'IP:127.0.0.1');
  certificates['name only'] = await ours.issue('DNS:localhost', 'DNS:127.0.0.1');
  certificates['address only'] = await ours.issue('IP:127.0.0.1');
  certificates['another name'] = await ours.issue('DNS:ldap.example.net', 'IP:127.0.0.2');
  certificates['another authority'] = await theirs.issue('DNS:localhost', 'IP:127.0.0.1');
});
after(() => Promise.all([ours.remove(), theirs.remove()]));

function login(url: string, ca = ours.ca): Promise<string> {
  return client([url], { start_tls: true, operation_timeout_seconds: 1 }, { ca }).verify();
}

function given(name: string): { certificate: Certificate } {
  const certificate = certificates[name];
  assert.ok(certificate);
  return { certificate };
}

function clearText(server: FakeLdap): string {
  return Buffer.concat(server.clear).toString('latin1');
}

const certificateCases = [
  { certificate: 'both', host: '127.0.0.1', is: 'accepted' },
  { certificate: 'both', host: 'localhost', is: 'accepted' },
  { certificate: 'name only', host: 'localhost', is: 'accepted' },
  { certificate: 'name only', host: '127.0.0.1', is: /does not match/ },
  { certificate: 'address only', host: '127.0.0.1', is: 'accepted' },
  { certificate: 'address only', host: 'localhost', is: /does not match/ },
  { certificate: 'another name', host: 'localhost', is: /does not match/ },
  { certificate: 'another name', host: '127.0.0.1', is: /does not match|is not in the cert/ },
  { certificate: 'another authority', host: 'localhost', is: /unable to|self.signed|signature/ },
  { certificate: 'another authority', host: '127.0.0.1', is: /unable to|self.signed|signature/ },
] as const;

for (const ldaps of [true, false]) {
  describe(`directory: certificates over ${ldaps ? 'ldaps' : 'StartTLS'}`, () => {
    for (const { certificate: name, host, is } of certificateCases) {
      it(`a certificate for ${name}, asked as ${host}: ${is === 'accepted' ? is : 'refused'}`, async () => {
        const server = await fake({ ldaps, ...given(name) });
        const attempt = login(server.url.replace('127.0.0.1', host));
        if (is === 'accepted') assert.equal(await attempt, 'alice@corp.example');
        else await assert.rejects(attempt, { name: 'Unavailable', message: is });
        const binds = server.requests.filter(({ kind }) => kind.endsWith('bind'));
        assert.deepEqual(
          binds.map(({ secure }) => secure),
          is === 'accepted' ? [true, true] : [],
        );
        const names = new Set(binds.map(({ serverName }) => serverName));
        assert.deepEqual([...names], is !== 'accepted' ? [] : [host === 'localhost' ? host : undefined]);
        assert.doesNotMatch(clearText(server), /pw-/);
      });
    }

    it('an authority of Node.js is none of ours', async () => {
      const server = await fake({ ldaps, ...given('both') });
      const attempt = client([server.url], { start_tls: true }).verify();
      await assert.rejects(attempt, { name: 'Unavailable', message: /certificate/ });
    });

    it('NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing', async () => {
      const server = await fake({ ldaps, ...given('another authority') });
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
      atEnd(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
      await assert.rejects(login(server.url), { name: 'Unavailable' });
      assert.ok(!server.requests.some(({ kind }) => kind.endsWith('bind')));
    });
  });
}

describe('directory: the end of a connection under TLS', () => {
  for (const ldaps of [true, false]) {
    it(`is said to the server when it was idle, over ${ldaps ? 'ldaps' : 'StartTLS'}`, async () => {
      const server = await fake({ ldaps, ...given('both') });
      const { verify } = client(
        [server.url],
        { start_tls: true },
        { ca: ours.ca, tuning: { idleMilliseconds: 50 } },
      );
      assert.equal(await verify(), 'alice@corp.example');
      for (const end = performance.now() + 5000; server.sockets.size > 0 && performance.now() < end;)
        await sleep(10);
      assert.equal(server.kinds().filter((kind) => kind === 'unbind').length, 2);
      assert.equal(server.sockets.size, 0);
      assert.equal(await verify(), 'alice@corp.example');
    });

    it(`comes at the deadline, over ${ldaps ? 'ldaps' : 'StartTLS'}`, async () => {
      const server = await fake({ ldaps, ...given('both'), bind: () => undefined });
      const settings = { start_tls: true, operation_timeout_seconds: 0.5 };
      const { verify, directory } = client([server.url], settings, { ca: ours.ca });
      await assert.rejects(verify(), { name: 'Unavailable', message: /no answer to the bind/ });
      directory.close();
      await sleep(100);
      assert.equal(server.sockets.size, 0);
    });

    it(`by the server costs nobody a login, over ${ldaps ? 'ldaps' : 'StartTLS'}`, async () => {
      const server = await fake({ ldaps, ...given('both') });
      const { verify, logged } = client([server.url], { start_tls: true }, { ca: ours.ca });
      assert.equal(await verify(), 'alice@corp.example');
      for (const socket of server.sockets) socket.destroy();
      assert.equal(await verify(), 'alice@corp.example');
      assert.deepEqual(logged, []);
    });
  }
});

describe('directory: a login that was given up', () => {
  it('does not send its password when the connection for it is there at last', async () => {
    const slow = { handshakeAfter: (connection: number) => (connection === 1 ? 400 : 0) };
    const server = await fake({ ldaps: true, ...slow, ...given('both') });
    const { verify } = client([server.url], { login_timeout_seconds: 0.3 }, { ca: ours.ca });
    await assert.rejects(verify(), { message: /not decided within 0.3 s/ });
    await sleep(400);
    assert.deepEqual(server.kinds(), ['service-bind', 'search']);
    assert.equal(await verify(), 'alice@corp.example');
    assert.equal(server.accepted(), 2, 'that connection serves the next login');
  });
});

describe('directory: StartTLS or nothing', () => {
  const startTlsRequest = /^(0\x1d\x02\x01.w\x18\x80\x161\.3\.6\.1\.4\.1\.1466\.20037)+$/s;
  const cases: readonly { it: string; startTls: Script['startTls']; saying: RegExp }[] = [
    {
      it: 'refused (2)',
      startTls: ({ id }) => answer.extended(id, 2),
      saying: /refused StartTLS: protocolError/,
    },
    {
      it: 'refused (52)',
      startTls: ({ id }) => answer.extended(id, 52),
      saying: /refused StartTLS: unavailable/,
    },
    {
      it: 'answered to another id',
      startTls: ({ id }) => answer.extended(id + 1, 0),
      saying: /nobody asked for/,
    },
    {
      it: 'answered as a bind',
      startTls: ({ id }) => answer.bind(id, 0),
      saying: /kind bind where extended belongs/,
    },
    { it: 'answered with a notice', startTls: () => answer.noticeOfDisconnection(), saying: /announced/ },
    {
      it: 'answered by closing',
      startTls: ({ socket }) => {
        socket.end();
        return undefined;
      },
      saying: /closed/,
    },
    {
      it: 'answered with the answer to a bind behind it',
      startTls: ({ id }) => Buffer.concat([answer.extended(id, 0), answer.bind(id + 1, 0)]),
      saying: /nobody asked for/,
    },
    {
      it: 'answered with the answer to the next request of another connection behind it',
      startTls: ({ id }) => Buffer.concat([answer.extended(id, 0), answer.bind(1, 0)]),
      saying: /nobody asked for/,
    },
    {
      it: 'answered with a single byte behind it',
      startTls: ({ id }) => Buffer.concat([answer.extended(id, 0), Buffer.from([0x30])]),
      saying: /nobody asked for/,
    },
    {
      it: 'answered, and then a bind is answered in clear',
      startTls: ({ id, socket }) => {
        // Not before the handshake begins: until then it would be an answer that nobody asked for.
        socket.once('data', () => socket.write(answer.bind(1, 0)));
        return answer.extended(id, 0);
      },
      saying: /wrong version|SSL|packet length|closed|socket disconnected/i,
    },
    {
      it: 'answered, and then whole entries come in clear',
      startTls: ({ id, socket }) => {
        const entries = Buffer.concat([answer.bind(1, 0), answer.entry(2, alice.dn), answer.done(2)]);
        socket.once('data', () => socket.write(entries));
        return answer.extended(id, 0);
      },
      saying: /wrong version|SSL|packet length|closed|socket disconnected/i,
    },
  ];
  for (const { it: what, startTls, saying } of cases) {
    it(`${what}: unavailable, and nothing else is said in clear`, async () => {
      const server = await fake({ ...(startTls && { startTls }) });
      await assert.rejects(login(server.url), { name: 'Unavailable', message: saying });
      await sleep(10);
      const [requests = '', ...handshake] = clearText(server).split(/(?=\x16\x03)/);
      const asked = requests.replace(/\x30\x05\x02\x01.\x42\x00/gs, '');
      if (handshake.length === 0) assert.match(asked, startTlsRequest);
      assert.doesNotMatch(clearText(server), /pw-|cn=gatekeeper|uid=alice/);
      assert.ok(!server.requests.some(({ kind }) => kind !== 'start-tls' && kind !== 'unbind'));
    });
  }

  it('a man in the middle who appends clear answers and then relays is found out', async () => {
    const startTls: Script['startTls'] = ({ id }) =>
      Buffer.concat([answer.extended(id, 0), answer.bind(1, 0)]);
    const server = await fake({ ...given('both'), startTls, bind: ({ id }) => answer.bind(id, 49) });
    await assert.rejects(login(server.url), { name: 'Unavailable', message: /nobody asked for/ });
    assert.ok(!server.requests.some(({ kind }) => kind.endsWith('bind')));
  });
});
