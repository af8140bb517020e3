import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../../plugins/core/secret.ts';
import { alice, answer, type FakeRequest } from '../../support/fake-ldap.ts';
import { atEnd, client, fake } from './fixtures.ts';

/** Answers a bind after a while, and notes whether two were ever under way on one connection. */
function slowBind(milliseconds: number): {
  bind: (request: FakeRequest) => undefined;
  most: () => number;
  overlap: () => boolean;
} {
  const open = new Set<number>();
  let [most, overlap] = [0, false];
  const bind = ({ id, connection, socket, password }: FakeRequest): undefined => {
    overlap ||= open.has(connection);
    open.add(connection);
    most = Math.max(most, open.size);
    setTimeout(() => {
      open.delete(connection);
      socket.write(answer.bind(id, password === 'pw-alice' ? 0 : 49));
    }, milliseconds);
  };
  return { bind, most: () => most, overlap: () => overlap };
}

describe('directory: connections', () => {
  it('are kept and used again', async () => {
    const server = await fake();
    const { verify } = client([server.url]);
    for (let n = 0; n < 10; n += 1) assert.equal(await verify(), 'alice@corp.example');
    assert.equal(server.accepted(), 2, 'one for searches, one for binds');
  });

  it('carry one bind at a time, and are no more than the setting says', async () => {
    const slow = slowBind(5);
    const server = await fake(slow);
    const { verify } = client([server.url], { connections: 3 });
    const verdicts = await Promise.all(
      Array.from({ length: 30 }, (_, n) => verify(n % 2 === 0 ? 'pw-alice' : 'wrong')),
    );
    assert.deepEqual(
      verdicts,
      verdicts.map((_, n) => (n % 2 === 0 ? 'alice@corp.example' : 'wrong-password')),
    );
    assert.deepEqual([slow.most(), slow.overlap(), server.accepted()], [3, false, 4]);
  });

  it('carry searches together', async () => {
    let waiting = 0;
    const search = ({ id, socket }: FakeRequest): undefined => {
      waiting += 1;
      const send = (): unknown => socket.write(Buffer.concat([answer.entry(id, alice.dn), answer.done(id)]));
      const whenAllAreHere = setInterval(() => {
        if (waiting < 4) return;
        clearInterval(whenAllAreHere);
        send();
      }, 1);
    };
    const server = await fake({ search });
    const { verify } = client([server.url], { connections: 4 });
    await Promise.all([verify(), verify(), verify(), verify()]);
    assert.equal(server.requests.filter(({ kind }) => kind === 'service-bind').length, 1);
  });

  it('that gave one search no answer still give the others theirs, and end then', async () => {
    let searches = 0;
    const search = ({ id, socket }: FakeRequest): Buffer | undefined => {
      searches += 1;
      const found = Buffer.concat([answer.entry(id, alice.dn), answer.done(id)]);
      if (searches > 2) return found;
      if (searches === 2) setTimeout(() => socket.write(answer.done(id, 80)), 20);
      else setTimeout(() => socket.write(found), 60);
      return undefined;
    };
    const server = await fake({ search });
    const { verify } = client([server.url]);
    assert.deepEqual(await Promise.all([verify(), verify()]), [alice.dn, alice.dn]);
    await sleep(50);
    const unbound = server.requests.filter(({ kind }) => kind === 'unbind');
    assert.deepEqual(
      unbound.map(({ connection }) => connection),
      [0],
    );
    assert.deepEqual(
      server.requests.filter(({ kind }) => kind === 'search').map(({ connection }) => connection),
      [0, 0, 1],
    );
  });

  it('that the server closed while idle cost nobody a login', async () => {
    const server = await fake();
    const { verify, logged } = client([server.url]);
    assert.equal(await verify(), 'alice@corp.example');
    for (const socket of server.sockets) socket.end();
    await sleep(10);
    assert.equal(await verify(), 'alice@corp.example');
    assert.deepEqual(logged, []);
  });

  for (const how of ['end', 'resetAndDestroy'] as const) {
    it(`that the server closes at the very moment of use (${how}) cost nobody a login`, async () => {
      const closing = ({ socket, connection }: FakeRequest, reply: Buffer): Buffer | undefined => {
        if (connection > 1 || used < 2) return reply;
        socket[how]();
        return undefined;
      };
      let used = 0;
      const server = await fake({
        search: (request) => {
          used += 1;
          return closing(
            request,
            Buffer.concat([answer.entry(request.id, alice.dn), answer.done(request.id)]),
          );
        },
        bind: (request) => closing(request, answer.bind(request.id, 0)),
      });
      const { verify, logged } = client([server.url]);
      assert.equal(await verify(), alice.dn);
      assert.equal(await verify(), alice.dn);
      assert.equal(server.accepted(), 4);
      assert.deepEqual(logged, []);
    });
  }

  it('say goodbye before the server loses patience', async () => {
    const server = await fake();
    const { verify } = client([server.url], {}, { tuning: { idleMilliseconds: 30 } });
    await verify();
    await sleep(100);
    assert.equal(server.kinds().filter((kind) => kind === 'unbind').length, 2);
    assert.equal(server.sockets.size, 0);
    assert.equal(await verify(), 'alice@corp.example');
  });

  it('end with the directory, and so do logins under way', async () => {
    const server = await fake({ bind: () => undefined });
    const { verify, directory, logged } = client([server.url], { connections: 1 });
    const attempts = [verify(), verify()].map((attempt) =>
      assert.rejects(attempt, { name: 'Unavailable', message: 'directory: closed' }),
    );
    while (!server.kinds().includes('bind')) await sleep(5);
    directory.close();
    await Promise.all(attempts);
    await sleep(20);
    assert.equal(server.sockets.size, 0);
    assert.equal(server.accepted(), 2);
    assert.deepEqual(logged, []);
  });

  it('leave no password behind in the buffers that were sent', async () => {
    const server = await fake();
    const sent: Uint8Array[] = [];
    const write = Reflect.get(Socket.prototype, 'write') as (...all: unknown[]) => boolean;
    atEnd(() => Reflect.set(Socket.prototype, 'write', write));
    Socket.prototype.write = function (this: Socket, ...parts: unknown[]) {
      if (this.remotePort === server.port) sent.push(parts[0] as Uint8Array);
      return write.apply(this, parts);
    };
    assert.equal(await client([server.url]).verify(), 'alice@corp.example');
    assert.equal(sent.length, 3);
    assert.ok(sent.every((bytes) => bytes.length > 0 && bytes.every((byte) => byte === 0)));
  });

  it('keep no process alive', async () => {
    const server = await fake();
    const script = `
      import { createLdapDirectory } from './plugins/core/directory/ldap.ts';
      import { directorySettings } from './plugins/core/directory/settings.ts';
      import { Secret } from './plugins/core/secret.ts';
      const settings = directorySettings.parse({ urls: ['${server.url}'], start_tls: false, base: 'dc=corp,dc=example',
        bind_dn: 'cn=gatekeeper,ou=services,dc=corp,dc=example' });
      const directory = createLdapDirectory(settings, { bindPassword: Secret.fromText('pw-gatekeeper') });
      const { kind } = await directory.verify('alice@corp.example', Secret.fromText('pw-alice'));
      process.exitCode = kind === 'account' ? 42 : 1;`;
    const root = new URL('../../..', import.meta.url);
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: root,
      stdio: 'inherit',
    });
    const watchdog = setTimeout(() => child.kill(), 10_000);
    const [code] = (await once(child, 'exit')) as [number | null];
    clearTimeout(watchdog);
    assert.equal(code, 42);
  });
});

describe('directory: too many logins', () => {
  it('wait in order of arrival', async () => {
    const server = await fake(slowBind(5));
    const { directory } = client([server.url], { connections: 1 });
    const order = Array.from({ length: 6 }, (_, n) => n);
    const done: number[] = [];
    const logins = order.map(async (n) => {
      await directory.verify('alice', Secret.fromText('pw-alice'));
      done.push(n);
    });
    await Promise.all(logins);
    assert.deepEqual(done, order);
  });

  it('are turned away when the queue is full, as unavailable', async () => {
    const server = await fake(slowBind(20));
    const { verify } = client([server.url], { connections: 1, queue: 2 });
    const outcomes = await Promise.allSettled([verify(), verify(), verify(), verify('wrong')]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
    );
    assert.match(
      String((outcomes[3] as PromiseRejectedResult).reason),
      /^Unavailable: .*2 logins are waiting already/,
    );
  });

  it('give their place in the queue back when their time is over', async () => {
    const slow = slowBind(150);
    const server = await fake(slow);
    const { verify } = client([server.url], { connections: 1, queue: 1, login_timeout_seconds: 0.1 });
    const late = [verify(), verify()].map((attempt) =>
      assert.rejects(attempt, { message: /not decided within 0.1 s/ }),
    );
    await Promise.all(late);
    await sleep(100);
    await assert.rejects(verify(), { message: /not decided/ });
    assert.equal(
      server.requests.filter(({ kind }) => kind === 'bind').length,
      2,
      'the login that gave up never binds',
    );
  });
});

describe('directory: several servers', () => {
  it('are used in order of preference', async () => {
    const [first, second] = [await fake(), await fake()];
    const { verify } = client([first.url, second.url]);
    for (let n = 0; n < 5; n += 1) await verify();
    assert.deepEqual([first.accepted(), second.accepted()], [2, 0]);
  });

  it('stand in for one that is down, without another attempt until its pause is over', async () => {
    const second = await fake();
    const first = await fake({ onConnect: (socket) => socket.destroy() });
    let now = 0;
    const { verify, logged } = client(
      [first.url, second.url],
      {},
      { tuning: { now: () => now, random: () => 1 } },
    );
    for (let n = 0; n < 5; n += 1) assert.equal(await verify(), 'alice@corp.example');
    assert.equal(first.accepted(), 1);
    now = 401;
    for (let n = 0; n < 5; n += 1) assert.equal(await verify(), 'alice@corp.example');
    assert.equal(first.accepted(), 2);
    assert.equal(logged.length, 1);
  });

  it('are preferred again when they are back', async () => {
    let broken = true;
    const first = await fake({ onConnect: (socket) => broken && socket.destroy() });
    const second = await fake();
    let now = 0;
    const { verify, logged } = client(
      [first.url, second.url],
      {},
      { tuning: { now: () => now, random: () => 1 } },
    );
    await verify();
    broken = false;
    now = 1000;
    await verify();
    await verify();
    assert.equal(first.requests.filter(({ kind }) => kind === 'bind').length, 2);
    assert.match(logged.join('\n'), /closed.*\n.*the server answers again/);
  });

  it('share the connections: where there are no more, an idle one to another server makes room', async () => {
    const servers = [await fake(), await fake(), await fake()];
    const urls = servers.map(({ url }) => url);
    const { verify } = client(urls, { connections: 2, server_order: 'round-robin' });
    for (let n = 0; n < 9; n += 1) assert.equal(await verify(), 'alice@corp.example');
    await sleep(50);
    const open = servers.map(({ sockets }) => sockets.size).reduce((a, b) => a + b);
    assert.equal(open, 5, 'one to each for searches, two for binds');
  });

  it('lose their idle connections when they fail', async () => {
    let broken = false;
    const first = await fake({ bind: ({ id }) => answer.bind(id, broken ? 51 : 0) });
    const second = await fake();
    const { verify } = client([first.url, second.url], { connections: 1 });
    await verify();
    broken = true;
    assert.equal(await verify(), 'alice@corp.example');
    await sleep(10);
    assert.equal([...first.sockets].length, 0, 'connections to the busy server were dropped');
  });

  it('decide within the time of a login even when the first swallows everything', async () => {
    const first = await fake({ serviceBind: () => undefined });
    const second = await fake();
    const { verify } = client([first.url, second.url], { operation_timeout_seconds: 0.3 });
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, (_, n) => verify(n % 2 === 0 ? 'pw-alice' : 'wrong')),
    );
    assert.deepEqual(
      verdicts,
      verdicts.map((_, n) => (n % 2 === 0 ? 'alice@corp.example' : 'wrong-password')),
    );
  });
});
