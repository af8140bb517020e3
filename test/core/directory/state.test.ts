import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { peopleBase, suffix, type Entry } from '../../../scripts/demo/people.ts';
import { createLdapDirectory } from '../../../plugins/core/directory/ldap.ts';
import type { DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import { refusalOfState, stateAttributes } from '../../../plugins/core/directory/state.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { awkwardLdif } from '../../support/directory-people.ts';
import { alice, answer, element, type FakeRequest } from '../../support/fake-ldap.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { inBrief, settingsFor } from './contract.ts';
import { assertUnavailable, client, fake } from './fixtures.ts';

const now = new Date('2026-11-24T12:00:00Z');
/** The same moment as Active Directory writes it, and the seconds around it. */
const fileTime = (milliseconds: number) =>
  ((BigInt(now.getTime()) + 11_644_473_600_000n + BigInt(milliseconds)) * 10_000n).toString();

const states: readonly (readonly [what: string, entry: Readonly<Record<string, string>>, is?: string])[] = [
  ['a normal account', { userAccountControl: '512' }],
  ['ACCOUNTDISABLE', { userAccountControl: '514' }, 'account-disabled'],
  ['ACCOUNTDISABLE with a sign bit', { userAccountControl: '-2147483646' }, 'account-disabled'],
  ['UF_LOCKOUT', { 'msDS-User-Account-Control-Computed': '16' }, 'account-locked'],
  ['UF_PASSWORD_EXPIRED', { 'msDS-User-Account-Control-Computed': '8388608' }, 'password-expired'],
  ['neither', { 'msDS-User-Account-Control-Computed': '0' }],
  ['lockoutTime, which stays after a lockout', { lockoutTime: fileTime(-1) }],
  ['accountExpires never', { accountExpires: '0' }],
  ['accountExpires never, by the largest number', { accountExpires: '9223372036854775807' }],
  ['accountExpires in a second', { accountExpires: fileTime(1000) }],
  ['accountExpires a second ago', { accountExpires: fileTime(-1000) }, 'account-expired'],
  ['pwdLastSet 0', { pwdLastSet: '0', userAccountControl: '512' }, 'password-must-change'],
  ['pwdLastSet 0, and a password that never expires', { pwdLastSet: '0', userAccountControl: '66048' }],
  ['pwdLastSet some time', { pwdLastSet: fileTime(-1) }],
  [
    'pwdLastSet 0, which counts as expired, too',
    { pwdLastSet: '0', 'msDS-User-Account-Control-Computed': '8388608' },
    'password-must-change',
  ],
  ['disabled and expired', { accountExpires: '1', userAccountControl: '514' }, 'account-disabled'],
  ['nsAccountLock', { nsAccountLock: 'TRUE' }, 'account-disabled'],
  ['nsAccountLock that is not', { nsAccountLock: 'false' }],
  ['krbPrincipalExpiration to come', { krbPrincipalExpiration: '20261124120001Z' }],
  ['krbPrincipalExpiration past', { krbPrincipalExpiration: '20261124120000Z' }, 'account-expired'],
  ['krbPasswordExpiration past', { krbPasswordExpiration: '20261124115959Z' }, 'password-expired'],
  ['pwdAccountLockedTime for ever', { pwdAccountLockedTime: '000001010000Z' }, 'account-locked'],
  ['pwdAccountLockedTime, maybe over', { pwdAccountLockedTime: '20261124115959Z' }],
  ['pwdReset', { pwdReset: 'TRUE' }, 'password-must-change'],
];

const unreadable: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  ['flags that are no number', { userAccountControl: '0x2' }, /userAccountControl is no number/],
  ['flags of nothing', { userAccountControl: '' }, /no number/],
  ['a number without end', { accountExpires: '9'.repeat(40) }, /accountExpires is no number/],
  ['a time without zone', { krbPrincipalExpiration: '20261124120000' }, /no time/],
  ['a month that is none', { krbPasswordExpiration: '20261324120000Z' }, /no time/],
];

const valuesIn = (entry: Readonly<Record<string, string>>) => (name: string) => [entry[name] ?? []].flat();

void describe('the state of an account', () => {
  for (const [what, entry, is] of states) {
    void it(`${what}: ${is ?? 'may log in'}`, () => {
      assert.equal(refusalOfState(stateAttributes, valuesIn(entry), now), is);
    });
  }

  for (const [what, entry, is] of unreadable) {
    void it(`${what}: not clear`, () => {
      assert.throws(() => refusalOfState(stateAttributes, valuesIn(entry), now), is);
    });
  }

  void it('is that of any value, where a server sends several', () => {
    const of = () => ['false', 'true'];
    assert.equal(refusalOfState(['nsAccountLock'], of, now), 'account-disabled');
  });

  void it('is not read from attributes that are not in the settings', () => {
    assert.equal(
      refusalOfState(['pwdReset'], () => ['514'], now),
      undefined,
    );
  });
});

const adDiagnostic = (data: string) =>
  `80090308: LdapErr: DSID-0C09041C, comment: AcceptSecurityContext error, data ${data}, v4563`;

void describe('directory: why Active Directory refuses', () => {
  for (const [data, is] of [
    ['52e', 'wrong-password'],
    ['525', 'no-such-account'],
    ['530', 'logon-restricted'],
    ['531', 'logon-restricted'],
    ['532', 'password-expired'],
    ['533', 'account-disabled'],
    ['701', 'account-expired'],
    ['773', 'password-must-change'],
    ['775', 'account-locked'],
    ['57', 'wrong-password'],
    ['toString', 'wrong-password'],
  ] as const) {
    void it(`data ${data}: ${is}`, async () => {
      const server = await fake({ bind: ({ id }) => answer.bind(id, 49, adDiagnostic(data)) });
      assert.equal(await client([server.url]).verify(), is);
    });
  }

  void it('is no yes, whatever stands in a diagnostic, and no no with another result', async () => {
    const yes = await fake({ bind: ({ id }) => answer.bind(id, 0, adDiagnostic('52e')) });
    assert.equal(await client([yes.url]).verify(), 'alice@corp.example');
    const neither = await fake({ bind: ({ id }) => answer.bind(id, 1, adDiagnostic('533')) });
    await assertUnavailable(client([neither.url]).verify(), /operationsError \(1\)/);
  });

  void it('does not open the door to an account whose state is not clear', async () => {
    const search = ({ id }: FakeRequest) =>
      Buffer.concat([
        answer.entry(id, alice.dn, { ...alice.attributes, userAccountControl: ['normal'] }),
        answer.done(id),
      ]);
    const { verify, logged } = client([(await fake({ search })).url], {
      state_attributes: ['userAccountControl'],
    });
    await assertUnavailable(
      verify(),
      /uid=alice,.*: the state is not clear: userAccountControl is no number/,
    );
    assert.equal(logged.length, 1);
  });

  void it('says the cause only to whoever knows the password', async () => {
    const search = ({ id }: FakeRequest) =>
      Buffer.concat([
        answer.entry(id, alice.dn, { ...alice.attributes, userAccountControl: ['514'] }),
        answer.done(id),
      ]);
    const { verify, directory } = client([(await fake({ search })).url], {
      state_attributes: ['userAccountControl'],
    });
    assert.equal(await verify('wrong'), 'wrong-password');
    assert.equal(await verify(), 'account-disabled');
    assert.equal(inBrief(await directory.find('alice@corp.example')), 'account-disabled');
  });
});

const oid = '1.3.6.1.4.1.42.2.27.8.5.1';
/** A control as it stands behind an answer; its value by its octets in hexadecimal. */
const control = (value?: string, name = oid) =>
  element(
    0x30,
    element(0x04, Buffer.from(name)),
    ...(value === undefined ? [] : [element(0x04, Buffer.from(value, 'hex'))]),
  );
const controls = (...all: readonly Buffer[]) => element(0xa0, ...all);

const policies: readonly (readonly [what: string, code: number, value: string, is: string])[] = [
  ['nothing to say', 0, '3000', 'alice@corp.example'],
  ['a warning that the password expires in 300 s', 0, '3006a0048002012c', 'alice@corp.example'],
  ['a warning that two logins are left', 0, '3005a003810102', 'alice@corp.example'],
  ['success, but expired', 0, '3003810100', 'password-expired'],
  ['success, but locked', 0, '3003810101', 'account-locked'],
  ['success, but to be changed first', 0, '3003810102', 'password-must-change'],
  ['a warning and an error', 0, '3008a003810100810100', 'password-expired'],
  ['no', 49, '3000', 'wrong-password'],
  ['no: expired', 49, '3003810100', 'password-expired'],
  ['no: locked', 49, '3003810101', 'account-locked'],
  ['no: to be changed first', 49, '3003810102', 'password-must-change'],
  ['constraintViolation: locked, as 389 DS has it', 19, '3003810101', 'account-locked'],
  ['unwillingToPerform: locked, as 389 DS has it', 53, '3003810101', 'account-locked'],
];

const brokenPolicies: readonly (readonly [what: string, list: Buffer])[] = [
  ['a response without value', controls(control())],
  ['a response of no octets', controls(control(''))],
  ['octets after it', controls(control('300000'))],
  ['half of one', controls(control('3003'))],
  ['a length that lies', controls(control('3003810200'))],
  ['another type', controls(control('0400'))],
  ['an error of no octets', controls(control('30028100'))],
  ['an error about a new password', controls(control('3003810108'))],
  ['an error that nobody knows', controls(control('300381017f'))],
  ['a negative error', controls(control('30038101ff'))],
  ['two errors', controls(control('3006810101810101'))],
  ['an error before the warning', controls(control('3008810101a003810100'))],
  ['an empty warning', controls(control('3002a000'))],
  ['two warnings in one', controls(control('3008a006810101810101'))],
  ['a warning of another kind', controls(control('3005a003820101'))],
  ['two responses', controls(control('3000'), control('3003810101'))],
  ['a name that is no text', controls(element(0x30, element(0x04, Buffer.from([0xff]))))],
];

void describe('directory: the control of password policies', () => {
  for (const [what, code, value, is] of policies) {
    void it(`${what}: ${is}`, async () => {
      const server = await fake({ bind: ({ id }) => answer.bind(id, code, '', controls(control(value))) });
      assert.equal(await client([server.url]).verify(), is);
    });
  }

  for (const [what, list] of brokenPolicies) {
    void it(`${what}: unavailable`, async () => {
      const server = await fake({ bind: ({ id }) => answer.bind(id, 0, '', list) });
      await assertUnavailable(client([server.url]).verify(), /the server sent/);
    });
  }

  void it('of another name says nothing', async () => {
    const other = controls(control('ffff', '1.2.3'));
    const server = await fake({ bind: ({ id }) => answer.bind(id, 0, '', other) });
    assert.equal(await client([server.url]).verify(), 'alice@corp.example');
  });

  for (const code of [1, 19, 51, 53]) {
    void it(`makes no verdict of result ${code} for an expired password`, async () => {
      const list = controls(control('3003810100'));
      const server = await fake({ bind: ({ id }) => answer.bind(id, code, '', list) });
      await assertUnavailable(client([server.url]).verify(), /could not check a password/);
    });
  }

  void it('keeps a service account from searching that must change its password first', async () => {
    const list = controls(control('3003810102'));
    const server = await fake({ serviceBind: ({ id }) => answer.bind(id, 0, '', list) });
    await assertUnavailable(
      client([server.url]).verify(),
      /refused the service account .*: success \(0\), password-must-change/,
    );
    assert.ok(!server.kinds().includes('search'));
  });
});

const person = (uid: string, more: Readonly<Record<string, readonly string[]>> = {}): Entry => ({
  dn: `uid=${uid},${peopleBase}`,
  attributes: {
    objectClass: ['inetOrgPerson'],
    ...{ uid: [uid], cn: [uid], sn: [uid], mail: [`${uid}@corp.example`], userPassword: [`pw-${uid}`] },
    ...more,
  },
});

const policy: Entry = {
  dn: `cn=policy,${suffix}`,
  attributes: {
    ...{ objectClass: ['device', 'pwdPolicy'], cn: ['policy'], pwdAttribute: ['userPassword'] },
    ...{ pwdLockout: ['TRUE'], pwdMaxFailure: ['3'], pwdMustChange: ['TRUE'], pwdMaxAge: ['86400'] },
  },
};

const policyLdif =
  awkwardLdif() +
  ldif([
    policy,
    person('fresh', { pwdChangedTime: ['20990101000000Z'] }),
    person('old', { pwdChangedTime: ['20200101000000Z'] }),
    person('reset', { pwdReset: ['TRUE'], pwdChangedTime: ['20990101000000Z'] }),
    person('locked', { pwdAccountLockedTime: ['000001010000Z'] }),
    person('guessed'),
  ]);

void describe('directory: slapd with password policies', () => {
  let slapd: Slapd;
  const more: Partial<DirectorySettings> = { state_attributes: ['pwdAccountLockedTime', 'pwdReset'] };
  const verify = async (uid: string, password = `pw-${uid}`): Promise<string> => {
    const directory = createLdapDirectory(settingsFor([slapd.url], more), {
      bindPassword: Secret.fromText('pw-gatekeeper'),
    });
    try {
      return inBrief(await directory.verify(uid, Secret.fromText(password)));
    } finally {
      directory.close();
    }
  };

  before(async () => {
    const lines = [`ppolicy_default cn=policy,${suffix}`, 'ppolicy_use_lockout'];
    slapd = await startSlapd({ ldif: policyLdif, overlays: [{ name: 'ppolicy', lines }] });
  });
  after(() => slapd.stop());

  for (const [uid, is] of [
    ['fresh', 'fresh@corp.example'],
    ['old', 'password-expired'],
    ['reset', 'password-must-change'],
    ['locked', 'account-locked'],
  ] as const) {
    void it(`${uid}: ${is}`, async () => {
      assert.equal(await verify(uid), is);
    });
  }

  void it('tells who does not know the password nothing but that it is wrong', async () => {
    for (const uid of ['fresh', 'old', 'reset']) {
      assert.equal(await verify(uid, 'wrong'), 'wrong-password', uid);
    }
  });

  void it('locks an account after too many guesses, and its owner hears no more than they', async () => {
    const guesses = [];
    for (let n = 0; n < 5; n += 1) guesses.push(await verify('guessed', 'wrong'));
    assert.deepEqual(guesses.slice(0, 3), ['wrong-password', 'wrong-password', 'wrong-password']);
    assert.equal(guesses[4], 'account-locked');
    assert.equal(await verify('guessed'), 'account-locked');
  });

  void it('says a state that lasts without the password, too', async () => {
    const directory = createLdapDirectory(settingsFor([slapd.url], more), {
      bindPassword: Secret.fromText('pw-gatekeeper'),
    });
    assert.equal(inBrief(await directory.find('locked')), 'account-locked');
    assert.equal(inBrief(await directory.find('reset')), 'password-must-change');
    directory.close();
  });
});
