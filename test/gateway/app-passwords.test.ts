import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Attribute, Change, Client } from 'ldapts';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries, gatekeeper as service, peopleBase, suffix, type Entry } from '../../scripts/demo/people.ts';
import { appPassword, withAppPasswords } from '../support/app-passwords.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { connectAs, plain, sessionIn, type SmtpClient } from '../support/smtp.ts';

const office = '10.1.0.7';
const elsewhere = '192.0.2.9';

/** Passwords are app-NAME. */
const values = {
  alice: [
    appPassword('printer', { networks: ['10.1.0.0/16', '2001:db8::/48'] }),
    appPassword('laptop', { expires: '2999-12-31' }),
    appPassword('old-phone', { expires: '2020-01-01' }),
    'name=typo;SCRAM-SHA-256$4096:unreadable',
  ],
  bob: [appPassword('tablet'), appPassword('watch')],
  carol: [appPassword('camera')],
};

const policy: Entry = {
  dn: `cn=policy,${suffix}`,
  attributes: {
    ...{ objectClass: ['device', 'pwdPolicy'], cn: ['policy'], pwdAttribute: ['userPassword'] },
    ...{ pwdLockout: ['TRUE'], pwdMaxFailure: ['3'] },
  },
};

/** Dave manages the accounts. */
const manager = `uid=dave,${peopleBase}`;
const access = `access to attrs=userPassword by dn.exact="${manager}" write by anonymous auth by * none
access to attrs=gatekeeperAppPassword by dn.exact="${manager}" write by dn.exact="${service.dn}" read by * none
access to * by dn.exact="${manager}" write by users read by * none`;

const startPeople = () =>
  startSlapd({
    ldif: ldif([...withAppPasswords(entries(), values), policy]),
    access,
    overlays: [{ name: 'ppolicy', lines: [`ppolicy_default ${policy.dn}`, 'ppolicy_use_lockout'] }],
  });

const directory = { app_password_attribute: 'gatekeeperAppPassword' };
const guessing = { longest_delay_seconds: 0.05 };
const auth = { failure_delay_seconds: 0.05, max_failures: 100 };

/** A session of a client at some address, over TLS, with its id. */
async function session(gateway: TestGateway, address: string): Promise<{ client: SmtpClient; id: string }> {
  const client = await connectAs(address, { port: gateway.ports.submission });
  const id = sessionIn(await client.reply());
  await client.command('EHLO client.example');
  await client.command('STARTTLS');
  await client.upgrade();
  await client.command('EHLO client.example');
  return { client, id };
}

/** The answer to a login, and what its event says of the cause and the application password. */
async function login(
  gateway: TestGateway,
  who: string,
  password: string,
  address: string,
): Promise<readonly (string | undefined)[]> {
  const { client, id } = await session(gateway, address);
  const { text } = await client.command(`AUTH PLAIN ${plain(`${who}@corp.example`, password)}`);
  client.destroy();
  const event = await eventually('the event', () =>
    gateway.events().find(({ connection, check }) => connection?.startsWith(id) && check === 'auth/login'),
  );
  return [text.slice(0, 9), event.detail, event.credential];
}

/** As the manager. */
async function modify(
  slapd: Slapd,
  uid: string,
  operation: 'delete' | 'replace',
  type: string,
  value: string,
) {
  const client = new Client({ url: slapd.url });
  await client.bind(manager, 'pw-dave');
  const modification = new Attribute({ type, values: [value] });
  await client.modify(`uid=${uid},${peopleBase}`, new Change({ operation, modification }));
  await client.unbind();
}

/** How many failed binds of an account its policy has counted. */
async function failedBinds(slapd: Slapd, uid: string): Promise<number> {
  const client = new Client({ url: slapd.url });
  await client.bind(manager, 'pw-dave');
  const attributes = ['pwdFailureTime'];
  const { searchEntries } = await client.search(`uid=${uid},${peopleBase}`, { scope: 'base', attributes });
  await client.unbind();
  return [searchEntries[0]?.['pwdFailureTime'] ?? []].flat().length;
}

interface Case {
  readonly it: string;
  readonly password: string;
  readonly address?: string;
  readonly is: readonly (string | undefined)[];
}

void describe('application passwords through a gateway and slapd', () => {
  let slapd: Slapd;
  let gateway: TestGateway;
  before(async () => {
    slapd = await startPeople();
    gateway = await startTestGateway({ directoryUrl: slapd.url, settings: { directory, guessing, auth } });
  });
  after(async () => {
    await gateway.stop();
    await slapd.stop();
  });

  const cases: readonly Case[] = [
    { it: 'one where it may be used', password: 'app-printer', is: ['235 2.7.0', undefined, 'printer'] },
    {
      it: 'one where it may be used, over IPv6',
      ...{ password: 'app-printer', address: '2001:db8::7' },
      is: ['235 2.7.0', undefined, 'printer'],
    },
    {
      it: 'one elsewhere, right after it was accepted where it may be used',
      ...{ password: 'app-printer', address: elsewhere },
      is: ['535 5.7.8', 'app-password-elsewhere', 'printer'],
    },
    {
      it: 'another one of the same account',
      ...{ password: 'app-laptop', address: elsewhere },
      is: ['235 2.7.0', undefined, 'laptop'],
    },
    {
      it: 'one whose last day is over',
      password: 'app-old-phone',
      is: ['535 5.7.8', 'app-password-expired', 'old-phone'],
    },
    { it: 'the password of the account', password: 'pw-alice', is: ['235 2.7.0', undefined, undefined] },
    { it: 'one of somebody else', password: 'app-tablet', is: ['535 5.7.8', 'wrong-password', undefined] },
    { it: 'one that cannot be read', password: 'app-typo', is: ['535 5.7.8', 'wrong-password', undefined] },
  ];
  for (const { it: title, password, address = office, is } of cases) {
    void it(`${title}: ${is[1] ?? 'may log in'}`, async () => {
      assert.deepEqual(await login(gateway, 'alice', password, address), is);
    });
  }

  void it('name what a session sends, in each event and in the line of a refusal', async () => {
    for (const [password, name] of [
      ['app-printer', 'printer'],
      ['app-laptop', 'laptop'],
      ['pw-alice', undefined],
    ] as const) {
      const { client, id } = await session(gateway, office);
      await client.command(`AUTH PLAIN ${plain('alice@corp.example', password)}`);
      assert.equal((await client.command('MAIL FROM:<bob@corp.example>')).code, 553);
      client.destroy();
      const events = await eventually('the events', () => {
        const all = gateway.events().filter(({ connection }) => connection?.startsWith(id));
        return all.some(({ check }) => check === 'sender/envelope') && all;
      });
      const named = events.filter(({ identity }) => identity === 'alice@corp.example');
      assert.ok(named.length >= 3);
      assert.deepEqual(
        named.map(({ credential }) => credential),
        named.map(() => name),
      );
      const line = new RegExp(`\\[${id}[^\\n]* reason="sender-not-owned"[^\\n]*`).exec(gateway.log())?.[0];
      assert.ok(line !== undefined);
      assert.equal(/ credential="([^"]*)" value=/.exec(line)?.[1], name);
    }
    const shown = await gatekeeper(['events', '--credential', 'laptop', '--json'], { haraka: gateway.dir });
    assert.ok(shown.out.includes('"credential":"laptop"') && !shown.out.includes('"credential":"printer"'));
  });

  void it('that are refused where they are do not count as guesses, nor make the account known there', async () => {
    for (let times = 0; times < 15; times += 1) {
      const { client } = await session(gateway, '198.51.100.7');
      const { code } = await client.command(`AUTH PLAIN ${plain('alice@corp.example', 'app-printer')}`);
      assert.equal(code, 535);
      client.destroy();
    }
    const shown = await gatekeeper(['login', 'alice@corp.example', '--no-password', '--json'], {
      haraka: gateway.dir,
    });
    const { guessing: counted } = JSON.parse(shown.out) as {
      guessing: { unknown_networks: { failures: number }; known_networks: { network: string }[] };
    };
    const known = counted.known_networks.map(({ network }) => network);
    assert.ok(known.includes('10.1.0.0/24'), String(known));
    assert.ok(!known.includes('198.51.100.0/24'), String(known));
    assert.ok(counted.unknown_networks.failures <= 2, String(counted.unknown_networks.failures));
    const stranger = await login(gateway, 'alice', 'app-laptop', '198.51.100.7');
    assert.deepEqual(stranger, ['235 2.7.0', undefined, 'laptop']);
  });

  void it('neither trip nor feel the lockout of the account', async () => {
    const own = await startTestGateway({
      directoryUrl: slapd.url,
      settings: { directory: { ...directory, cache_seconds: 0, cache_refused_seconds: 0 }, guessing, auth },
    });
    try {
      for (let times = 0; times < 5; times += 1) {
        assert.equal((await login(own, 'bob', 'app-watch', office))[0], '235 2.7.0');
      }
      assert.equal(await failedBinds(slapd, 'bob'), 0);
      for (let times = 0; times < 4; times += 1) await login(own, 'bob', `guess-${times}`, office);
      const locked = await login(own, 'bob', 'pw-bob', office);
      assert.deepEqual(locked, ['535 5.7.8', 'account-locked', undefined]);
      assert.deepEqual(await login(own, 'bob', 'app-watch', office), ['235 2.7.0', undefined, 'watch']);
    } finally {
      await own.stop();
    }
  });

  void it('count no more once they are taken back and forgotten, while the others of the account do', async () => {
    const [tablet = ''] = values.bob;
    const accepted = ['235 2.7.0', undefined, 'tablet'];
    assert.deepEqual(await login(gateway, 'bob', 'app-tablet', office), accepted);
    await modify(slapd, 'bob', 'delete', 'gatekeeperAppPassword', tablet);
    assert.deepEqual(await login(gateway, 'bob', 'app-tablet', office), accepted, 'it is remembered');
    assert.equal((await gatekeeper(['forget', 'bob@corp.example'], { haraka: gateway.dir })).code, 0);
    assert.equal((await login(gateway, 'bob', 'app-tablet', office))[0], '535 5.7.8');
    assert.deepEqual(await login(gateway, 'bob', 'app-watch', office), ['235 2.7.0', undefined, 'watch']);
  });

  void it('that are taken back by their day are told by name, and are no bind', async () => {
    const value = appPassword('camera', { expires: '2026-01-01' });
    assert.equal((await login(gateway, 'carol', 'app-camera', office))[0], '235 2.7.0');
    await modify(slapd, 'carol', 'replace', 'gatekeeperAppPassword', value);
    await gatekeeper(['forget', 'carol@corp.example'], { haraka: gateway.dir });
    for (let times = 0; times < 5; times += 1) {
      const refused = await login(gateway, 'carol', 'app-camera', office);
      assert.deepEqual(refused, ['535 5.7.8', 'app-password-expired', 'camera']);
    }
    assert.equal(await failedBinds(slapd, 'carol'), 0);
    assert.equal((await login(gateway, 'carol', 'pw-carol', office))[0], '235 2.7.0');
  });

  void it('count no more than the account that they are of', async () => {
    await modify(slapd, 'alice', 'replace', 'accountStatus', 'disabled');
    await gatekeeper(['forget', 'alice@corp.example'], { haraka: gateway.dir });
    const refused = await login(gateway, 'alice', 'app-printer', office);
    assert.deepEqual(refused, ['535 5.7.8', 'account-disabled', 'printer']);
    await modify(slapd, 'alice', 'replace', 'accountStatus', 'active');
    await gatekeeper(['forget', 'alice@corp.example'], { haraka: gateway.dir });
    assert.equal((await login(gateway, 'alice', 'app-printer', office))[0], '235 2.7.0');
  });

  void it('are the only ones that count, where that is set', async () => {
    const own = await startTestGateway({
      directoryUrl: slapd.url,
      settings: { directory: { ...directory, app_passwords_only: true }, guessing, auth },
    });
    const before = await failedBinds(slapd, 'alice');
    try {
      const refused = async (who: string) => (await login(own, who, `pw-${who}`, office))[1];
      assert.deepEqual(await login(own, 'alice', 'app-printer', office), ['235 2.7.0', undefined, 'printer']);
      assert.equal(await refused('alice'), 'wrong-password');
      assert.equal(await refused('dave'), 'no-app-password');
      assert.equal(await failedBinds(slapd, 'alice'), before);
    } finally {
      await own.stop();
    }
  });

  void it('are remembered with where they may be used, while no server answers', async () => {
    const people = await startPeople();
    const own = await startTestGateway({
      directoryUrl: people.url,
      settings: { directory: { ...directory, cache_stale_seconds: 3600 }, guessing, auth },
    });
    try {
      assert.equal((await login(own, 'alice', 'app-printer', office))[0], '235 2.7.0');
      await people.kill();
      assert.equal((await login(own, 'alice', 'app-printer', office))[0], '235 2.7.0');
      const refused = await login(own, 'alice', 'app-printer', elsewhere);
      assert.deepEqual(refused, ['535 5.7.8', 'app-password-elsewhere', 'printer']);
    } finally {
      await own.stop();
      await people.stop();
    }
  });

  void it('are in no log and no event, nor are their hashes; a value that cannot be read is told', () => {
    const text = `${gateway.log()}\n${JSON.stringify(gateway.events())}`;
    assert.match(
      text,
      /\[gatekeeper\/auth\] directory: uid=alice,\S+: gatekeeperAppPassword: a value \S.*, and logs nobody in/,
    );
    const names = ['printer', 'laptop', 'old-phone', 'tablet', 'watch', 'camera', 'typo'];
    const secrets = names.flatMap((name) => [
      ...[`app-${name}`, Buffer.from(`app-${name}`).toString('base64')],
      ...['alice', 'bob', 'carol'].map((who) => plain(`${who}@corp.example`, `app-${name}`)),
    ]);
    const hashes = Object.values(values)
      .flat()
      .flatMap((value) => value.split(/[;$:]/).slice(-3))
      .filter((part) => part.endsWith('='));
    assert.equal(hashes.length, 18);
    for (const secret of [...secrets, ...hashes, 'unreadable', 'SCRAM-SHA-256$4096']) {
      assert.ok(!text.includes(secret), secret);
    }
  });
});
