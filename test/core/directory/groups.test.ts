import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { peopleBase, suffix, type Entry } from '../../../scripts/demo/people.ts';
import { directorySettings, type DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { awkwardLdif } from '../../support/directory-people.ts';
import { alice, answer, type FakeRequest } from '../../support/fake-ldap.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { inBrief } from './contract.ts';
import { assertUnavailable, client, fake, type Client } from './fixtures.ts';

const groupBase = `ou=groups,${suffix}`;
const group = (name: string): string => `cn=${name},${groupBase}`;
const who = (uid: string): string => `uid=${uid},${peopleBase}`;

const named = (name: string, ...member: readonly string[]): Entry => ({
  dn: group(name),
  attributes: { objectClass: ['groupOfNames'], cn: [name], member },
});
const groups: readonly Entry[] = [
  { dn: groupBase, attributes: { objectClass: ['organizationalUnit'], ou: ['groups'] } },
  named('direct', who('alice')),
  named('outer', group('inner')),
  named('inner', group('innermost'), who('bob')),
  named('innermost', who('alice')),
  named('others', who('bob')),
  {
    dn: group('unique'),
    attributes: { objectClass: ['groupOfUniqueNames'], cn: ['unique'], uniqueMember: [who('alice')] },
  },
  {
    dn: group('posix'),
    attributes: { objectClass: ['posixGroup'], cn: ['posix'], gidNumber: ['1'], memberUid: ['alice'] },
  },
  named('of-posix', group('posix')),
  {
    dn: `cn=outside,${suffix}`,
    attributes: { objectClass: ['groupOfNames'], cn: ['outside'], member: [group('inner')] },
  },
  ...[named('ring1', group('ring3'), who('alice')), named('ring2', group('ring1'))],
  named('ring3', group('ring2')),
  // Deeper than anybody means.
  ...Array.from({ length: 14 }, (_, n) =>
    named(`deep${n}`, n === 0 ? who('comma\\2Cname') : group(`deep${n - 1}`)),
  ),
  // More than anybody means.
  ...Array.from({ length: 501 }, (_, n) => named(`many${n}`, who('nomail'))),
];

void describe('directory: groups, by a walk', () => {
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({ ldif: awkwardLdif() + ldif(groups) });
  });
  after(() => slapd.stop());

  const open = (more: Partial<DirectorySettings>): Client =>
    client([slapd.url], { group_base: groupBase, ...more });

  for (const [dn, isIn] of [
    [group('direct'), true],
    [`CN=Direct, OU=Groups, DC=Corp, DC=Example`, true],
    [group('innermost'), true],
    [group('inner'), true],
    [group('outer'), true],
    [group('unique'), true],
    [group('posix'), true],
    [group('of-posix'), true],
    [group('ring1'), true],
    [group('ring3'), true],
    [`cn=outside,${suffix}`, true],
    [group('others'), false],
    [group('deep0'), false],
  ] as const) {
    void it(`alice is ${isIn ? '' : 'not '}in ${dn}`, async () => {
      const name = 'alice@corp.example';
      assert.equal(await open({ required_groups: [dn] }).verify(), isIn ? name : 'not-in-required-group');
      assert.equal(await open({ forbidden_groups: [dn] }).verify(), isIn ? 'in-forbidden-group' : name);
    });
  }

  void it('one of several required groups is enough, and no one wins against a forbidden one', async () => {
    const required_groups = [group('others'), group('outer')];
    assert.equal(await open({ required_groups }).verify(), 'alice@corp.example');
    assert.equal(
      await open({ required_groups, forbidden_groups: [group('ring2')] }).verify(),
      'in-forbidden-group',
    );
  });

  void it('are said of the account, as the settings write them', async () => {
    const required_groups = [group('OUTER'), group('others'), group('direct')];
    const found = await open({ required_groups }).directory.find('alice');
    assert.equal(found.kind, 'account');
    assert.deepEqual(found.account.groups, [group('OUTER'), group('direct')]);
    const without = await open({}).directory.find('alice');
    assert.equal(without.kind, 'account');
    assert.ok(!('groups' in without.account));
  });

  void it('are nothing to whoever does not know the password', async () => {
    assert.equal(await open({ required_groups: [group('others')] }).verify('wrong'), 'wrong-password');
  });

  for (const key of ['required_groups', 'forbidden_groups'] as const) {
    void it(`of ${key} have to be there`, async () => {
      const { verify } = open({ [key]: [group('direct'), group('misspelled')] });
      await assertUnavailable(
        verify(),
        new RegExp(
          `: noSuchObject \\(32\\); searched: "${group('misspelled')}" \\(directory.${key}\\), of which there is "${groupBase}"$`,
        ),
      );
    });

    void it(`of ${key} that are no DN make the directory unavailable`, async () => {
      await assertUnavailable(open({ [key]: ['direct'] }).verify(), /invalidDNSyntax \(34\)/);
    });
  }

  void it('need their base', async () => {
    const { verify } = open({ required_groups: [group('direct')], group_base: `ou=nowhere,${suffix}` });
    await assertUnavailable(
      verify(),
      /\(32\); searched: "ou=nowhere,.*" \(directory.group_base\), of which there is "dc=corp,dc=example"$/,
    );
  });

  for (const [what, login, password] of [
    ['too deep', 'comma,name', 'pw-comma'],
    ['too many', 'nomail', 'pw-nomail'],
  ] as const) {
    void it(`${what}: unavailable, for no pass and no refusal can be meant`, async () => {
      const { directory, logged } = open({ forbidden_groups: [group('others')] });
      const attempt = directory.verify(login, Secret.fromText(password));
      await assertUnavailable(attempt, /more than 500 groups, or in groups more than 10 deep/);
      assert.deepEqual(logged, [], 'it is no fault of the server');
    });
  }
});

/** A fake server for which alice is in a group as `isIn` says, and which counts the searches for groups. */
const directoryWith = async (
  search: (request: FakeRequest, isOfGroup: boolean) => Buffer | undefined,
  more: Record<string, unknown>,
  now: () => number = () => 0,
) => {
  const accounts = 'dc=corp,dc=example';
  const server = await fake({
    search: (request) =>
      request.base === accounts
        ? Buffer.concat([answer.entry(request.id, alice.dn, alice.attributes), answer.done(request.id)])
        : search(request, request.base === 'cn=staff'),
  });
  const { required_groups, forbidden_groups, ...settings } = directorySettings.parse({
    ...{ urls: [server.url], start_tls: false, bind_dn: 'cn=gatekeeper', base: accounts },
    ...{ filter: '(mail={login})', forbidden_groups: ['cn=staff'], ...more },
  });
  const groupSettings = { required_groups, forbidden_groups, nested_groups: settings.nested_groups };
  const { group_base } = settings;
  const opened = client(
    [server.url],
    { ...groupSettings, operation_timeout_seconds: 0.5, ...(group_base && { group_base }) },
    { tuning: { now } },
  );
  const asked = () => server.requests.filter(({ base }) => base === 'cn=staff').length;
  return { ...opened, asked };
};

const nothing = ({ id }: FakeRequest) => answer.done(id);

void describe('directory: groups, remembered', () => {
  void it('for a minute', async () => {
    let now = 1000;
    const { verify, asked } = await directoryWith(nothing, { group_base: 'dc=groups' }, () => now);
    await verify();
    now += 59_999;
    await verify();
    assert.equal(asked(), 1);
    now += 2;
    await verify();
    assert.equal(asked(), 2);
  });

  for (const account of ['alice@corp.example', 'bob@corp.example', undefined]) {
    void it(`no longer when ${account ?? 'everybody'} is to be forgotten`, async () => {
      const { verify, asked, directory } = await directoryWith(nothing, { group_base: 'dc=groups' });
      await verify();
      directory.forget(account);
      await verify();
      assert.equal(asked(), 2);
    });
  }

  void it('not what was found out before that, and comes after it', async () => {
    const search = (request: FakeRequest, isOfGroup: boolean) => {
      if (isOfGroup && asked() === 1) directory.forget();
      return nothing(request);
    };
    const opened = await directoryWith(search, { group_base: 'dc=groups' });
    const { verify, asked, directory } = opened;
    await verify();
    await verify();
    assert.equal(asked(), 2);
    await verify();
    assert.equal(asked(), 2);
  });

  void it('not when they could not be found out', async () => {
    let isDown = true;
    const search = ({ id }: FakeRequest) => answer.done(id, isDown ? 53 : 0);
    const { verify } = await directoryWith(search, { group_base: 'dc=groups' });
    await assertUnavailable(verify(), /unwillingToPerform \(53\)/);
    isDown = false;
    assert.equal(await verify(), 'alice@corp.example');
  });

  for (const [what, search, saying] of [
    ['silence', () => undefined, /no answer to the search request/],
    ['half an answer', ({ id }) => answer.done(id, 4), /more than 500 groups/],
    ['a busy server', ({ id }) => answer.done(id, 51), /busy \(51\)/],
    ['rubbish', () => Buffer.from('300c0201ff', 'hex'), /the server sent|no answer/],
  ] as const satisfies readonly (readonly [string, (request: FakeRequest) => Buffer | undefined, RegExp])[]) {
    for (const at of ['the walk', 'the group']) {
      void it(`${what} at ${at} is no pass`, async () => {
        const reaction = (request: FakeRequest, isOfGroup: boolean) =>
          isOfGroup === (at === 'the group') ? search(request) : nothing(request);
        const { verify } = await directoryWith(reaction, { group_base: 'dc=groups' });
        await assertUnavailable(verify(), saying);
      });
    }
  }
});

void describe('directory: groups, in a chain', () => {
  const inChain = { preset: 'active-directory' };
  const rootDse = ({ id }: FakeRequest, capability: string) =>
    Buffer.concat([answer.entry(id, '', { supportedCapabilities: [capability] }), answer.done(id)]);
  const windows = '1.2.840.113556.1.4.800';

  void it('Active Directory says whether the account is in it', async () => {
    const search = (isIn: boolean) => (request: FakeRequest, isOfGroup: boolean) => {
      if (!isOfGroup) return rootDse(request, windows);
      return isIn
        ? Buffer.concat([answer.entry(request.id, 'CN=staff'), answer.done(request.id)])
        : nothing(request);
    };
    assert.equal(await (await directoryWith(search(true), inChain)).verify(), 'in-forbidden-group');
    assert.equal(await (await directoryWith(search(false), inChain)).verify(), 'alice@corp.example');
  });

  void it('another server is not believed: it would take the rule for one that matches nobody', async () => {
    const search = (request: FakeRequest, isOfGroup: boolean) =>
      isOfGroup ? nothing(request) : rootDse(request, '1.2.3');
    const { verify } = await directoryWith(search, inChain);
    await assertUnavailable(verify(), /in-chain, but the server is no Active Directory/);
  });
});

void describe('settings of groups', () => {
  const needed = { urls: ['ldaps://a.example'], bind_dn: 'cn=x', base: 'dc=example' };
  for (const [what, more, problem] of [
    ['a walk needs to know where', { required_groups: ['cn=a'] }, /group_base|is missing/],
    ['a walk that knows where', { forbidden_groups: ['cn=a'], group_base: ['dc=a', 'dc=b'] }],
    ['Active Directory needs no base', { required_groups: ['cn=a'], preset: 'active-directory' }],
    ['a group is a name', { required_groups: [''] }, /required_groups/],
    ['a member attribute is an attribute', { member_attributes: ['member)'] }, /name of an attribute/],
  ] as const) {
    void it(what, () => {
      const { success, error } = directorySettings.safeParse({ ...needed, ...more });
      assert.equal(success, problem === undefined);
      if (problem) assert.match(String(error), problem);
    });
  }
});

void it('groups are found for an account without its password, too', async () => {
  const { directory } = await directoryWith(nothing, {
    group_base: 'dc=groups',
    required_groups: ['cn=staff'],
  });
  assert.equal(inBrief(await directory.find('alice@corp.example')), 'not-in-required-group');
});
