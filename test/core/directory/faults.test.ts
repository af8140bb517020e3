import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import {
  alice,
  answer,
  element,
  message,
  startFakeLdap,
  type FakeRequest,
  type Script,
} from '../../support/fake-ldap.ts';
import { assertUnavailable, client, fake } from './fixtures.ts';

const silence = (): undefined => undefined;
const raw = (hex: string) => (): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('directory: a server that does as it should', () => {
  it('is asked in the order bind, search, bind', async () => {
    const server = await fake();
    const { verify } = client([server.url]);
    assert.equal(await verify(), 'alice@corp.example');
    assert.deepEqual(server.kinds(), ['service-bind', 'search', 'bind']);
  });

  it('sees the password of the login on a connection of its own', async () => {
    const server = await fake();
    await client([server.url]).verify();
    assert.deepEqual(
      server.requests.map(({ connection }) => connection),
      [0, 0, 1],
    );
  });

  it('may send byte after byte', async () => {
    const server = await fake({ trickle: true });
    const { verify } = client([server.url], { operation_timeout_seconds: 3, login_timeout_seconds: 9 });
    assert.equal(await verify(), 'alice@corp.example');
    assert.equal(await verify('wrong'), 'wrong-password');
  });

  it('may use long lengths, controls and references', async () => {
    const search = ({ id }: FakeRequest): Buffer =>
      Buffer.concat([
        answer.reference(id),
        answer.entry(id, alice.dn, alice.attributes),
        answer.reference(id),
        answer.done(id),
      ]);
    const bind = ({ id, password }: FakeRequest): Buffer => {
      const code = password === 'pw-alice' ? '00' : '31';
      const control = element(
        0xa0,
        element(0x30, element(0x04, Buffer.from('1.2.3')), element(0x01, Buffer.from([255]))),
      );
      return message(id, Buffer.from(`618400000007 0a01${code}04000400`.replace(' ', ''), 'hex'), control);
    };
    const { verify } = client([(await fake({ search, bind })).url]);
    assert.equal(await verify(), 'alice@corp.example');
    assert.equal(await verify('wrong'), 'wrong-password');
  });
});

describe('directory: what never reaches a server', () => {
  for (const { it: what, login, password } of [
    { it: 'an empty password (RFC 4513 §5.1.2)', login: 'alice@corp.example', password: '' },
    { it: 'a NUL in a login', login: 'alice\0', password: 'pw-alice' },
    { it: 'a NUL in a password', login: 'alice', password: 'pw-alice\0' },
    { it: 'an empty login', login: '', password: 'pw-alice' },
  ]) {
    it(what, async () => {
      const server = await fake();
      const { directory } = client([server.url]);
      assert.equal((await directory.verify(login, Secret.fromText(password))).kind, 'refused');
      assert.equal(server.accepted(), 0);
    });
  }

  for (const dn of ['', ' ', 'uid=alice\0']) {
    it(`a bind as ${JSON.stringify(dn)}, which might succeed as nobody`, async () => {
      const search = ({ id }: FakeRequest): Buffer => Buffer.concat([answer.entry(id, dn), answer.done(id)]);
      const server = await fake({ search, bind: ({ id }) => answer.bind(id, 0) });
      await assertUnavailable(client([server.url]).verify(), /name by which nobody can bind/);
      assert.ok(!server.kinds().includes('bind'));
    });
  }
});

describe('directory: result codes', () => {
  for (const code of [1, 2, 3, 7, 8, 10, 11, 14, 32, 34, 48, 50, 51, 52, 53, 80, 123]) {
    it(`takes ${code} to a bind for the server's fault, and tries once more`, async () => {
      const server = await fake({ bind: ({ id }) => answer.bind(id, code, 'pw-alice is not right') });
      await assertUnavailable(
        client([server.url]).verify(),
        new RegExp(`could not check a password: .*\\(${code}\\)`),
      );
      assert.equal(server.kinds().filter((kind) => kind === 'bind').length, 2);
    });

    it(`takes ${code} to a search for the server's fault`, async () => {
      const server = await fake({ search: ({ id }) => answer.done(id, code) });
      await assertUnavailable(
        client([server.url]).verify(),
        new RegExp(`search failed: .*\\(${code}\\); searched: "dc=corp,dc=example" \\(directory.base\\)$`),
      );
      assert.ok(!server.kinds().includes('bind'));
    });
  }

  it('takes 49 for the verdict', async () => {
    const server = await fake({ bind: ({ id }) => answer.bind(id, 49) });
    assert.equal(await client([server.url]).verify(), 'wrong-password');
    assert.deepEqual(server.kinds(), ['service-bind', 'search', 'bind']);
  });

  it('takes 49 to the service account for a fault', async () => {
    const server = await fake({ serviceBind: ({ id }) => answer.bind(id, 49, 'pw-gatekeeper is not right') });
    await assertUnavailable(client([server.url]).verify(), /refused the service account cn=gatekeeper,.*49/);
    assert.ok(!server.kinds().includes('search'));
  });

  it('asks another server when the first gives neither yes nor no', async () => {
    const first = await fake({ bind: ({ id }) => answer.bind(id, 53) });
    const second = await fake();
    const { verify, logged } = client([first.url, second.url]);
    assert.equal(await verify(), 'alice@corp.example');
    assert.equal(await verify('wrong'), 'wrong-password');
    assert.deepEqual(logged, [], 'one account that a server dislikes does not make the server a bad one');
  });
});

describe('directory: answers to a search', () => {
  const finds =
    (dns: readonly string[], result = 0) =>
    ({ id }: FakeRequest): Buffer =>
      Buffer.concat([...dns.map((dn) => answer.entry(id, dn)), answer.done(id, result)]);
  const cases: readonly { it: string; search: (request: FakeRequest) => Buffer; is: RegExp }[] = [
    { it: 'two entries', search: finds(['a=b', 'a=c']), is: /is ambiguous: it is that of a=b and a=c$/ },
    {
      it: 'two entries and sizeLimitExceeded',
      search: finds(['a=b', 'a=c'], 4),
      is: /is ambiguous: it is that of a=b and a=c and others$/,
    },
    {
      it: 'one entry and sizeLimitExceeded',
      search: finds(['a=b'], 4),
      is: /is ambiguous: it is that of a=b and others$/,
    },
    {
      it: 'no entry and sizeLimitExceeded',
      search: finds([], 4),
      is: /is ambiguous: it is that of several entries$/,
    },
    {
      it: 'three entries',
      search: finds(['a=b', 'a=c', 'a=d']),
      is: /more entries than were asked for/,
    },
    {
      it: 'a DN that is no UTF-8',
      search: ({ id }) =>
        message(id, element(0x64, element(0x04, Buffer.from([0x61, 0x3d, 0xff])), element(0x30))),
      is: /not UTF-8/,
    },
    {
      it: 'a reference for ever',
      search: ({ id }) =>
        Buffer.concat(Array.from({ length: 20 }, () => answer.reference(id, `ldap://${'x'.repeat(60_000)}`))),
      is: /an answer of more than 1048576 octets/,
    },
  ];
  for (const { it: what, search, is } of cases) {
    it(`${what}: unavailable, and nobody binds`, async () => {
      const server = await fake({ search });
      await assertUnavailable(client([server.url]).verify(), is);
      assert.ok(!server.kinds().includes('bind'));
    });
  }

  it('none: no such account', async () => {
    const server = await fake({ search: ({ id }) => answer.done(id) });
    assert.equal(await client([server.url]).verify(), 'no-such-account');
  });

  it('only references: no such account', async () => {
    const search = ({ id }: FakeRequest): Buffer => Buffer.concat([answer.reference(id), answer.done(id)]);
    assert.equal(await client([(await fake({ search })).url]).verify(), 'no-such-account');
  });

  it('a status with an option (RFC 4512 §2.5) counts as the status', async () => {
    const search = ({ id }: FakeRequest): Buffer =>
      Buffer.concat([answer.entry(id, alice.dn, { 'ACCOUNTSTATUS;lang-en': ['NoAccess'] }), answer.done(id)]);
    assert.equal(await client([(await fake({ search })).url]).verify(), 'account-disabled');
  });
});

describe('directory: silence ends at the deadline', () => {
  const cases: readonly { at: string; script: Script; saying: RegExp; more?: Partial<DirectorySettings> }[] =
    [
      {
        at: 'the service bind',
        script: { serviceBind: silence },
        saying: /no answer to the bind request within 0.15 s/,
      },
      {
        at: 'the search',
        script: { search: silence },
        saying: /no answer to the search request within 0.15 s/,
      },
      {
        at: 'the end of the search',
        script: { search: ({ id }) => answer.entry(id, alice.dn) },
        saying: /no answer to the search request within 0.15 s/,
      },
      { at: 'the bind', script: { bind: silence }, saying: /no answer to the bind request within 0.15 s/ },
      { at: 'StartTLS', script: { startTls: silence }, saying: /within 0.15 s/, more: { start_tls: true } },
      { at: 'the handshake', script: {}, saying: /no connection within 0.15 s/, more: { start_tls: true } },
      { at: 'half an answer', script: { bind: raw('300c0201') }, saying: /no answer to the bind request/ },
    ];
  for (const { at, script, saying, more } of cases) {
    it(`at ${at}`, async () => {
      const server = await fake(script);
      await assertUnavailable(
        client([server.url], { operation_timeout_seconds: 0.15, ...more }).verify(),
        saying,
      );
      const most = ['the bind', 'half an answer'].includes(at) ? 2 : 1;
      assert.ok(server.accepted() <= most, 'who says nothing for so long is not asked again');
      await sleep(20);
      const idle = server.requests
        .filter(({ kind }) => kind === 'bind' || kind === 'start-tls')
        .map(({ socket }) => socket);
      assert.ok(
        idle.every((socket) => socket.destroyed || socket.readableEnded),
        'the connection was ended',
      );
    });
  }

  it('for the one that had no answer; who searches on the same connection asks again', async () => {
    let searches = 0;
    const search = ({ id }: FakeRequest): Buffer | undefined => {
      searches += 1;
      return searches > 2 ? Buffer.concat([answer.entry(id, alice.dn), answer.done(id)]) : undefined;
    };
    const { verify } = client([(await fake({ search })).url], { operation_timeout_seconds: 0.6 });
    const first = verify();
    await sleep(200);
    const second = verify();
    await assertUnavailable(first, /no answer to the search request within 0.6 s/);
    assert.equal(await second, alice.dn);
  });

  it('but not for an answer that came while this process itself was held up', async () => {
    const server = await fake({
      bind: ({ id, socket }) => {
        setTimeout(() => socket.write(answer.bind(id, 0)), 20);
        return undefined;
      },
    });
    const { verify } = client([server.url], { operation_timeout_seconds: 0.15 });
    const login = verify();
    while (!server.kinds().includes('bind')) await sleep(1);
    // The answer goes out in the same turn in which the deadline of the request passes.
    for (const end = performance.now() + 300; performance.now() < end;);
    assert.equal(await login, alice.attributes.mail[0]);
    assert.equal(server.kinds().filter((kind) => kind === 'bind').length, 1);
  });

  it('for those who wait for their turn, where nobody has heard a word for so long', async () => {
    const server = await fake({ bind: silence });
    const { verify } = client([server.url], { operation_timeout_seconds: 0.3, connections: 1 });
    const attempts = Array.from({ length: 20 }, () => assertUnavailable(verify(), /no answer to the bind/));
    await Promise.all(attempts);
    assert.equal(server.kinds().filter((kind) => kind === 'bind').length, 1);
  });

  it('at the connection (a full backlog or a router that drops)', async () => {
    // RFC 6890: 192.0.2.0/24 is for documentation; whatever the network does with it, nobody answers.
    const { verify } = client(['ldaps://192.0.2.1'], { operation_timeout_seconds: 0.15 });
    await assertUnavailable(verify(), /ldaps:\/\/192\.0\.2\.1: (no connection within 0.15 s|connect E)/);
  });

  it('at a port where nobody listens', async () => {
    const server = await startFakeLdap();
    await server.close();
    await assertUnavailable(client([server.url]).verify(), /ECONNREFUSED/);
  });

  it('for the whole login too, however many operations that is', async () => {
    const server = await fake({ search: silence });
    const { verify } = client([server.url], { operation_timeout_seconds: 5, login_timeout_seconds: 0.1 });
    await assertUnavailable(verify(), /not decided within 0.1 s/);
  });

  it('and no second server is asked after it', async () => {
    const server = await fake({ search: silence });
    const { verify } = client([server.url], { operation_timeout_seconds: 0.2, login_timeout_seconds: 0.1 });
    await assertUnavailable(verify(), /not decided within 0.1 s/);
    await sleep(250);
    assert.deepEqual(server.kinds(), ['service-bind', 'search']);
  });

  it('and a password is not sent after it', async () => {
    let searches = 0;
    const script: Script = {
      search: ({ id, socket }) => {
        searches += 1;
        setTimeout(() => socket.write(polite(id)), searches === 1 ? 0 : 500);
        return undefined;
      },
    };
    const polite = (id: number): Buffer => Buffer.concat([answer.entry(id, alice.dn), answer.done(id)]);
    const server = await fake(script);
    const { verify } = client([server.url], { login_timeout_seconds: 0.4 });
    assert.equal(await verify(), alice.dn);
    await assertUnavailable(verify(), /not decided within 0.4 s/);
    await sleep(200);
    assert.deepEqual(server.kinds(), ['service-bind', 'search', 'bind', 'search']);
  });
});
