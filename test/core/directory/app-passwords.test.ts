import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  appPasswordValue,
  isMadeOf,
  makeVerifier,
  readAppPassword,
} from '../../../plugins/core/directory/app-password.ts';
import type { Verification } from '../../../plugins/core/directory/directory.ts';
import type { DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries, peopleBase, suffix, type Entry } from '../../../scripts/demo/people.ts';
import { appPassword, withAppPasswords } from '../../support/app-passwords.ts';
import { alice, answer } from '../../support/fake-ldap.ts';
import { storedVerifier } from '../../support/scram.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { inBrief } from './contract.ts';
import { assertUnavailable, client, fake } from './fixtures.ts';

const stored = storedVerifier('secret', Buffer.from('0123456789abcdef'));
const read = (value: string) => readAppPassword(Buffer.from(value));

void describe('an application password in the directory', () => {
  const readable = [
    { it: 'a name alone', value: `name=printer;${stored}`, is: { name: 'printer' } },
    {
      it: 'a last day',
      value: `name=a;expires=2028-02-29;${stored}`,
      is: { name: 'a', expires: '2028-02-29' },
    },
    {
      it: 'networks of both families',
      value: `name=x_1.Y-2;networks=10.1.0.0/16,2001:db8::/48,192.0.2.7;${stored}`,
      is: { name: 'x_1.Y-2', networks: ['10.1.0.0/16', '2001:db8::/48', '192.0.2.7'] },
    },
    {
      it: 'both',
      value: `name=printer;expires=2027-01-31;networks=10.1.0.0/16;${stored}`,
      is: { name: 'printer', expires: '2027-01-31', networks: ['10.1.0.0/16'] },
    },
    {
      it: 'a name of 40 characters',
      value: `name=${'n'.repeat(40)};${stored}`,
      is: { name: 'n'.repeat(40) },
    },
    {
      it: '100,000 iterations',
      value: `name=a;${stored.replace('4096', '100000')}`,
      is: { name: 'a' },
    },
  ];
  for (const { it: title, value, is } of readable) {
    void it(`is read with ${title}, and written in the same way`, () => {
      const found = read(value);
      assert.deepEqual(found.credential, is);
      assert.equal(appPasswordValue(found), value);
    });
  }

  const form = /^is not name=/;
  const broken: readonly (readonly [what: string, value: string, because: RegExp])[] = [
    ['nothing', '', form],
    ['a verifier alone', stored, form],
    ['no verifier', 'name=printer', form],
    ['a password', 'name=printer;secret', form],
    ['another scheme', `name=printer;${stored.replace('SHA-256', 'SHA-1')}`, form],
    ['a hash of userPassword', 'name=printer;{SSHA}c2VjcmV0c2VjcmV0c2VjcmV0', form],
    ['no name', `expires=2027-01-31;${stored}`, form],
    ['an empty name', `name=;${stored}`, form],
    ['a name with a space', `name=the printer;${stored}`, form],
    ['a name with a line end', `name=a\nb;${stored}`, form],
    ['a name beyond US-ASCII', `name=büro;${stored}`, form],
    ['a name of 41 characters', `name=${'n'.repeat(41)};${stored}`, form],
    ['another order', `name=a;networks=10.0.0.0/8;expires=2027-01-31;${stored}`, form],
    ['a field twice', `name=a;expires=2027-01-31;expires=2028-01-31;${stored}`, form],
    ['a misspelled field', `name=a;expire=2027-01-31;${stored}`, form],
    ['a field in capitals', `name=a;Expires=2027-01-31;${stored}`, form],
    ['a field more', `name=a;note=x;${stored}`, form],
    ['spaces between', `name=a; expires=2027-01-31; ${stored}`, form],
    ['a space in front', ` name=a;${stored}`, form],
    ['a space behind', `name=a;${stored} `, form],
    ['a line end behind', `name=a;${stored}\n`, form],
    ['something behind', `name=a;${stored};x`, form],
    ['an empty day', `name=a;expires=;${stored}`, /^expires on no day/],
    ['a day that is none', `name=a;expires=2027-02-30;${stored}`, /^expires on no day/],
    ['a day of another form', `name=a;expires=31.1.2027;${stored}`, /^expires on no day/],
    ['a time', `name=a;expires=2027-01-31T12:00:00Z;${stored}`, /^expires on no day/],
    ['no networks', `name=a;networks=;${stored}`, /^has networks/],
    ['an empty network', `name=a;networks=10.0.0.0/8,;${stored}`, /^has networks/],
    ['a space between networks', `name=a;networks=10.0.0.0/8, 10.1.0.0/8;${stored}`, /^has networks/],
    ['a name for a network', `name=a;networks=office;${stored}`, /^has networks/],
    ['all of IPv4', `name=a;networks=0.0.0.0/0;${stored}`, /^has networks/],
    ['all of IPv4 by its mapped addresses', `name=a;networks=::ffff:0:0/96;${stored}`, /^has networks/],
    ['a prefix too long', `name=a;networks=10.0.0.0/33;${stored}`, /^has networks/],
    ['no iterations', `name=a;${stored.replace('4096', '0')}`, /cannot be read/],
    ['too many iterations', `name=a;${stored.replace('4096', '100001')}`, /^has more than 100000 iterations/],
    ['half a verifier', `name=a;${stored.slice(0, 60)}`, /cannot be read/],
    ['two verifiers', `name=a;${stored};${stored}`, form],
    ['1,025 octets', `name=a;networks=${'10.0.0.1,'.repeat(100)}10.0.0.1;${stored}`, /^is longer/],
  ];
  for (const [what, value, because] of broken) {
    void it(`is none with ${what}, and its error does not show it`, () => {
      assert.throws(
        () => read(value),
        (error: Error) => {
          assert.match(error.message, because);
          assert.ok(!error.message.includes(stored.slice(20, 40)));
          return true;
        },
      );
    });
  }

  void it('is made of one password, and of no other', async () => {
    const verifier = await makeVerifier(Secret.fromText('pâssword'), 4096);
    for (const [password, is] of [
      ['pâssword', true],
      ['password', false],
      ['pâssword ', false],
      ['', false],
    ] as const) {
      assert.equal(await isMadeOf(verifier, Secret.fromText(password)), is, password);
    }
    assert.ok(await isMadeOf(read(`name=a;${stored}`).verifier, Secret.fromText('secret')));
    const again = await makeVerifier(Secret.fromText('pâssword'), 4096);
    assert.notDeepEqual(again.salt, verifier.salt);
  });
});

/** What came of it: the cause or the account, and the application password where it was one. */
function inShort(verification: Verification): string {
  const { credential } = verification.kind === 'account' ? verification.account : verification;
  const name = typeof credential === 'object' ? credential.name : credential;
  return name === undefined ? inBrief(verification) : `${inBrief(verification)} by ${name}`;
}

const group: Entry = {
  dn: `cn=senders,${suffix}`,
  attributes: { objectClass: ['groupOfNames'], cn: ['senders'], member: [`uid=alice,${peopleBase}`] },
};

/** Passwords are app-NAME. */
const people = {
  alice: [
    appPassword('printer'),
    appPassword('phone', { expires: '2000-01-01', networks: ['10.0.0.0/8'] }),
    'name=broken;expires=never;SCRAM-SHA-256$4096:garbage',
  ],
  bob: [appPassword('laptop')],
  retired: [appPassword('old')],
};

void describe('directory: application passwords in slapd', () => {
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({ ldif: ldif([...withAppPasswords(entries(), people), group]) });
  });
  after(() => slapd.stop());

  const open = (more: Partial<DirectorySettings> = {}) =>
    client([slapd.url], { app_password_attribute: 'gatekeeperAppPassword', ...more });
  const ways: readonly Partial<DirectorySettings>[] = [
    {},
    { base: undefined, bind_template: `uid={login},${peopleBase}`, filter: '(objectClass=*)' },
  ];

  for (const way of ways) {
    const logins = [
      { login: 'alice', password: 'app-printer', is: 'alice@corp.example by printer' },
      { login: 'alice', password: 'app-phone', is: 'alice@corp.example by phone' },
      { login: 'alice', password: 'pw-alice', is: 'alice@corp.example' },
      { login: 'alice', password: 'app-laptop', is: 'wrong-password' },
      { login: 'alice', password: 'app-Printer', is: 'wrong-password' },
      { login: 'bob', password: 'app-laptop', is: 'bob@corp.example by laptop' },
      { login: 'carol', password: 'pw-carol', is: 'carol@corp.example' },
      { login: 'carol', password: 'app-printer', is: 'wrong-password' },
      { login: 'retired', password: 'app-old', is: 'account-disabled by old' },
      { login: 'retired', password: 'pw-retired', is: 'account-disabled' },
      { login: 'nobody', password: 'app-printer', is: 'no-such-account' },
      { login: 'alice', password: '', is: 'empty-password' },
    ];
    for (const { login, password, is } of logins) {
      void it(`${login} with ${password || 'nothing'}, by ${way.bind_template ?? 'filter'}: ${is}`, async () => {
        const { directory } = open(way);
        assert.equal(inShort(await directory.verify(login, Secret.fromText(password))), is);
      });
    }
  }

  void it('gives the names of all that can be read, without hashes, and tells of the others once', async () => {
    const { directory, logged } = open();
    const credentials = [
      { name: 'printer' },
      { name: 'phone', networks: ['10.0.0.0/8'], expires: '2000-01-01' },
    ];
    for (const verification of [
      await directory.find('alice'),
      await directory.verify('alice', Secret.fromText('pw-alice')),
      await directory.verify('alice', Secret.fromText('app-printer')),
    ]) {
      assert.ok(verification.kind === 'account');
      assert.deepEqual(verification.account.credentials, credentials);
      assert.doesNotMatch(JSON.stringify(verification), /SCRAM|garbage/);
    }
    assert.deepEqual(logged, [
      `directory: uid=alice,${peopleBase}: gatekeeperAppPassword: a value expires on no day: expected YYYY-MM-DD, and logs nobody in`,
    ]);
  });

  void it('are nothing without the setting', async () => {
    const { directory } = client([slapd.url]);
    const refused = await directory.verify('alice', Secret.fromText('app-printer'));
    assert.equal(inShort(refused), 'wrong-password');
    const found = await directory.find('alice');
    assert.ok(found.kind === 'account' && found.account.credentials === undefined);
  });

  void it('are the only ones that count, where that is set', async () => {
    const { directory } = open({ app_passwords_only: true });
    for (const [login, password, is] of [
      ['alice', 'app-printer', 'alice@corp.example by printer'],
      ['alice', 'pw-alice', 'wrong-password'],
      ['carol', 'pw-carol', 'no-app-password'],
      ['retired', 'app-old', 'account-disabled by old'],
      ['retired', 'pw-retired', 'wrong-password'],
      ['nobody', 'x', 'no-such-account'],
    ] as const) {
      assert.equal(inShort(await directory.verify(login, Secret.fromText(password))), is, login);
    }
    assert.equal(inShort(await directory.find('carol')), 'carol@corp.example');
  });

  void it('do not spare anybody the groups', async () => {
    const { directory } = open({ required_groups: [group.dn], group_base: suffix });
    const verify = async (login: string, password: string) =>
      inShort(await directory.verify(login, Secret.fromText(password)));
    assert.equal(await verify('alice', 'app-printer'), 'alice@corp.example by printer');
    assert.equal(await verify('bob', 'app-laptop'), 'not-in-required-group by laptop');
  });
});

void describe('directory: application passwords of a server that a test plays', () => {
  const withValues = (values: readonly string[]) =>
    fake({
      search: ({ id }) =>
        Buffer.concat([
          answer.entry(id, alice.dn, { ...alice.attributes, appPassword: values }),
          answer.done(id),
        ]),
    });

  void it('are never a bind', async () => {
    const server = await withValues([appPassword('printer')]);
    const { verify } = client([server.url], { app_password_attribute: 'appPassword' });
    assert.equal(await verify('app-printer'), 'alice@corp.example');
    const binds = () => server.kinds().filter((kind) => kind === 'bind').length;
    const before = binds();
    assert.equal(await verify('app-printer'), 'alice@corp.example');
    assert.equal(binds(), before);
    assert.equal(await verify('pw-alice'), 'alice@corp.example');
    assert.equal(binds(), before + 1);
  });

  void it('are looked at up to twenty, and the log says so', async () => {
    const values = Array.from({ length: 21 }, (_, number) => appPassword(`n${number}`, {}, 1));
    const server = await withValues(values);
    const { verify, logged } = client([server.url], {
      ...{ app_password_attribute: 'appPassword', app_passwords_only: true },
    });
    assert.equal(await verify('app-n19'), 'alice@corp.example');
    assert.equal(await verify('app-n20'), 'wrong-password');
    assert.match(logged.join('\n'), /^directory: uid=alice,.*: of the 21 values only 20 are looked at$/);
  });

  void it('end with the time of a login', async () => {
    const values = Array.from({ length: 20 }, (_, number) => appPassword(`n${number}`, {}, 100_000));
    const server = await withValues(values);
    const { verify } = client([server.url], {
      ...{ app_password_attribute: 'appPassword', app_passwords_only: true, login_timeout_seconds: 0.1 },
    });
    await assertUnavailable(verify('pw-alice'), /not decided within 0\.1 s/);
  });
});
