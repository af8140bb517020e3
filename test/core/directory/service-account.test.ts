import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { namesOf } from '../../../plugins/core/certificate/names.ts';
import type { DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries, suffix } from '../../../scripts/demo/people.ts';
import { Mint } from '../../support/certificates.ts';
import { answer, type FakeLdap, type FakeRequest, type Script } from '../../support/fake-ldap.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { assertUnavailable, client, fake } from './fixtures.ts';

const minute = 60_000;
const refusing = (code = 49): Script => ({ serviceBind: ({ id }) => answer.bind(id, code) });
const binds = (server: FakeLdap): number => server.kinds().filter((kind) => kind === 'service-bind').length;

/** A clock that is put on by hand. */
function clock() {
  let now = 0;
  const tuning = { now: () => now, clock: () => new Date(Date.UTC(2030, 0, 1) + now) };
  return { tuning, pass: (milliseconds: number) => void (now += milliseconds) };
}

/** The reasons of so many logins, each of which is unavailable. */
async function reasonsOf(verify: () => Promise<string>, logins: number): Promise<string[]> {
  const reasons: string[] = [];
  for (let n = 0; n < logins; n += 1) {
    const failed = (error: Error) => reasons.push(error.message) > 0;
    await assert.rejects(verify(), failed);
  }
  return reasons;
}

void describe('directory: a service account that the server refuses', () => {
  for (const code of [19, 48, 49, 50, 53]) {
    void it(`with ${code} is not tried again, and every login hears why`, async () => {
      const server = await fake(refusing(code));
      const reasons = new Set(await reasonsOf(client([server.url]).verify, 20));
      assert.equal(reasons.size, 1);
      assert.match(
        [...reasons].join(),
        new RegExp(`refused the service account cn=gatekeeper,.*\\(${code}\\)$`),
      );
      assert.equal(binds(server), 1);
    });
  }

  for (const code of [51, 52, 80]) {
    void it(`with ${code} has been answered by a server in trouble, which may be over`, async () => {
      const server = await fake(refusing(code));
      await reasonsOf(client([server.url]).verify, 2);
      assert.ok(binds(server) > 1);
    });
  }

  void it('is tried once by logins that come together', async () => {
    const server = await fake(refusing());
    const { verify } = client([server.url]);
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => verify()));
    assert.ok(all.every(({ status }) => status === 'rejected'));
    assert.equal(binds(server), 1);
  });

  void it('is tried after a minute, and then less often than five times in 30 minutes', async () => {
    const server = await fake(refusing());
    const { tuning, pass } = clock();
    const { verify } = client([server.url], {}, { tuning });
    const triedAt: number[] = [];
    for (let minutes = 0; minutes < 120; minutes += 0.5) {
      const earlier = binds(server);
      await reasonsOf(verify, 2);
      if (binds(server) > earlier) triedAt.push(minutes);
      pass(minute / 2);
    }
    assert.deepEqual(triedAt.slice(0, 4), [0, 1, 11, 21]);
    for (const from of triedAt) {
      assert.ok(triedAt.filter((at) => at >= from && at <= from + 30).length < 5, `from ${from}`);
    }
  });

  void it('lets logins in again with the try that it is accepted at, and begins anew then', async () => {
    const script = { ...refusing() };
    const server = await fake(script);
    const { tuning, pass } = clock();
    const { verify, logged } = client([server.url], {}, { tuning });
    await reasonsOf(verify, 2);
    pass(minute);
    await reasonsOf(verify, 2);
    Object.assign(script, { serviceBind: ({ id }: FakeRequest) => answer.bind(id, 0) });
    pass(9 * minute);
    await reasonsOf(verify, 1);
    pass(minute);
    assert.equal(await verify(), 'alice@corp.example');
    assert.equal(binds(server), 3);
    assert.match(logged.at(-1) ?? '', /: the server accepts the service account again$/);
    Object.assign(script, refusing());
    for (const socket of server.sockets) socket.destroy();
    await sleep(20);
    await reasonsOf(verify, 2);
    pass(minute);
    await reasonsOf(verify, 2);
    assert.equal(binds(server), 5);
  });

  void it('is tried at once with another password, as a reload brings one', async () => {
    const right = ({ id, password }: FakeRequest) => answer.bind(id, password === 'pw-new' ? 0 : 49);
    const server = await fake({ serviceBind: right });
    await reasonsOf(client([server.url]).verify, 3);
    assert.equal(await client([server.url], {}, { bindPassword: 'pw-new' }).verify(), 'alice@corp.example');
    assert.equal(binds(server), 2);
  });

  void it('is told of once a minute, with what may have become of it and when it is tried again', async () => {
    const server = await fake(refusing());
    const { tuning, pass } = clock();
    const { verify, logged } = client([server.url], {}, { tuning });
    await reasonsOf(verify, 5);
    pass(minute);
    await reasonsOf(verify, 5);
    const line = (at: string) =>
      `${server.url}: the server refused the service account cn=gatekeeper,ou=services,dc=corp,dc=example: ` +
      'invalidCredentials (49); the account may be locked by now: it is tried again at ' +
      `2030-01-01T00:${at}:00Z, or when its password or the settings are read anew`;
    assert.deepEqual(logged, [line('01'), line('11')]);
  });

  for (const order of ['in-order', 'round-robin'] as const) {
    void it(`is tried at the other servers, once at each (${order})`, async () => {
      const servers = [await fake(refusing()), await fake(refusing()), await fake()];
      const { tuning, pass } = clock();
      const urls = servers.map(({ url }) => url);
      const { verify } = client(urls, { server_order: order }, { tuning });
      for (let n = 0; n < 10; n += 1) assert.equal(await verify(), 'alice@corp.example');
      assert.deepEqual(servers.map(binds), [1, 1, 1]);
      pass(minute);
      for (let n = 0; n < 10; n += 1) assert.equal(await verify(), 'alice@corp.example');
      assert.deepEqual(servers.slice(0, 2).map(binds), [2, 2]);
    });
  }

  void it('is tried once at each of several servers that refuse it', async () => {
    const servers = [await fake(refusing()), await fake(refusing()), await fake(refusing())];
    await reasonsOf(client(servers.map(({ url }) => url)).verify, 10);
    assert.deepEqual(servers.map(binds), [1, 1, 1]);
  });

  void it('is not tried again for a server that has answered the bind of a user', async () => {
    const server = await fake(refusing());
    const { verify, logged } = client([server.url], {
      base: undefined,
      filter: '(objectClass=*)',
      bind_template: 'uid={login},ou=people,dc=corp,dc=example',
    });
    await reasonsOf(verify, 5);
    assert.equal(binds(server), 1);
    assert.equal(logged.length, 1);
    assert.equal(await verify('wrong'), 'wrong-password');
  });

  void it('is found again while another server says nothing', async () => {
    const [first, second] = [await fake(refusing()), await fake({ serviceBind: () => undefined })];
    const { verify } = client([first.url, second.url], {
      operation_timeout_seconds: 0.2,
      login_timeout_seconds: 2,
    });
    await assertUnavailable(verify(), /no answer|refused the service account/);
    await assertUnavailable(verify(), /no answer|refused the service account/);
    assert.equal(binds(first), 1);
  });
});

const lockingPolicy = (more: Readonly<Record<string, readonly string[]>>) => ({
  dn: `cn=policy,${suffix}`,
  attributes: {
    ...{ objectClass: ['device', 'pwdPolicy'], cn: ['policy'], pwdAttribute: ['userPassword'] },
    ...{ pwdLockout: ['TRUE'], pwdMaxFailure: ['5'], ...more },
  },
});

function startLocking(more: Readonly<Record<string, readonly string[]>> = {}): Promise<Slapd> {
  const lines = [`ppolicy_default cn=policy,${suffix}`, 'ppolicy_use_lockout'];
  return startSlapd({
    ldif: ldif([...entries(), lockingPolicy(more)]),
    overlays: [{ name: 'ppolicy', lines }],
  });
}

void describe('directory: a slapd that locks after five wrong passwords', () => {
  const { cert } = new Mint().make({ name: 'x', extensions: ['subjectAltName=email:alice@corp.example'] });
  const names = namesOf(new X509Certificate(cert));
  const more: Partial<DirectorySettings> = { certificate_match: '(mail={email})' };
  let slapd: Slapd;
  before(async () => {
    slapd = await startLocking();
  });
  after(() => slapd.stop());

  void it('does not lock the service account, whoever asks for whatever', async () => {
    const { directory, verify } = client([slapd.url], more, { bindPassword: 'old' });
    await reasonsOf(verify, 10);
    for (const ask of [
      () => directory.find('alice'),
      () => directory.byCertificate(names),
      () => directory.probe(),
    ]) {
      await assertUnavailable(ask(), /refused the service account .*invalidCredentials \(49\)$/);
    }
    assert.equal(await client([slapd.url], more).verify(), 'alice@corp.example');
  });

  void it('is not kept locked by tries: they are let in when the time of the lock is over', async () => {
    const brief = await startLocking({ pwdLockoutDuration: ['2'] });
    try {
      for (let n = 0; n < 5; n += 1)
        await reasonsOf(client([brief.url], {}, { bindPassword: 'old' }).verify, 1);
      const { tuning, pass } = clock();
      const { verify } = client([brief.url], {}, { tuning });
      const [reason = ''] = await reasonsOf(verify, 1);
      assert.match(reason, /invalidCredentials \(49\), account-locked$/);
      let is = '';
      for (let n = 0; n < 60 && is === ''; n += 1) {
        await sleep(1000);
        pass(10 * minute);
        is = await verify().catch(() => '');
      }
      assert.equal(is, 'alice@corp.example');
    } finally {
      await brief.stop();
    }
  });
});
