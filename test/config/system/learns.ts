import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { unknownAttributes } from '../../../plugins/core/directory/schema.ts';
import { createLdapDirectory } from '../../../plugins/core/directory/ldap.ts';
import { directorySettings, type DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import type { Preset } from '../../../plugins/core/directory/presets.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { gatekeeper, peopleBase, suffix, type Entry } from '../../../scripts/demo/people.ts';
import { appPassword } from '../../support/app-passwords.ts';
import { inBrief } from '../../core/directory/contract.ts';
import { find, type Right } from './rights.ts';

const [groups, shared] = [`ou=groups,${suffix}`, `ou=shared,${suffix}`];
const dnOf = (uid: string) => `uid=${uid},${peopleBase}`;

type Attributes = Readonly<Record<string, readonly string[]>>;

const entry = (dn: string, objectClass: readonly string[], attributes: Attributes): Entry => ({
  dn,
  attributes: { objectClass, ...attributes },
});

const lender = (cn: string, attributes: Attributes) =>
  entry(`cn=${cn},${shared}`, ['groupOfNames', 'extensibleObject'], {
    ...{ cn: [cn], mail: [`${cn}@corp.example`] },
    ...attributes,
  });

/** The groups of docs/sysadmin.md, and who is locked, as `lock` says it. */
export function learnedEntries(lock: Attributes): readonly Entry[] {
  const group = (cn: string, member: string) =>
    entry(`cn=${cn},${groups}`, ['groupOfNames'], { cn: [cn], member: [member] });
  return [
    entry(dnOf('locked'), ['inetOrgPerson', 'gatekeeperSender'], {
      ...{
        uid: ['locked'],
        cn: ['x'],
        sn: ['x'],
        mail: ['locked@corp.example'],
        userPassword: ['pw-locked'],
      },
      ...{ gatekeeperAppPassword: [appPassword('printer')], ...lock },
    }),
    entry(groups, ['organizationalUnit'], { ou: ['groups'] }),
    group('staff', dnOf('alice')),
    group('mail senders', `cn=staff,${groups}`),
    group('admins', dnOf('alice')),
    entry(`cn=leaving,${groups}`, ['posixGroup'], { cn: ['leaving'], gidNumber: ['5'], memberUid: ['bob'] }),
    entry(shared, ['organizationalUnit'], { ou: ['shared'] }),
    lender('sales', { member: [dnOf('alice')] }),
    lender('board', { owner: [dnOf('alice')], member: [dnOf('carol')] }),
  ];
}

/** Of groups it sees that they are there, of what lends addresses these alone. */
export const rightsOfGroups: readonly Right[] = [
  {
    who: 'the gateway',
    does: 'finds groups by a member, and reads none of them',
    operation: find(`(member=${dnOf('alice')})`, groups),
    gets: [{ dn: `cn=staff,${groups}` }, { dn: `cn=admins,${groups}` }],
  },
  { who: 'the gateway', does: 'finds no group by name', operation: find('(cn=staff)', groups), gets: 'no' },
  {
    who: 'the gateway',
    does: 'finds what lends addresses, and reads these alone',
    operation: find(`(owner=${dnOf('alice')})`, shared),
    gets: [{ dn: `cn=board,${shared}`, mail: 'board@corp.example' }],
  },
];

/** What a gateway with a preset, and with the settings of docs/sysadmin.md, learns by the rights that it has. */
export function testLearning(url: () => string, preset: Preset, lockedIs: string): void {
  const ask = async (login: string, more: Partial<DirectorySettings>, password?: string) => {
    const { dn: bind_dn } = gatekeeper;
    const server = { urls: [url()], start_tls: false, bind_dn, base: peopleBase };
    const directory = createLdapDirectory(
      { ...directorySettings.parse({ ...server, preset }), ...more },
      { bindPassword: Secret.fromText(gatekeeper.password) },
    );
    try {
      return await (password === undefined
        ? directory.find(login)
        : directory.verify(login, Secret.fromText(password)));
    } finally {
      directory.close();
    }
  };
  const account = async (login: string, more: Partial<DirectorySettings>) => {
    const found = await ask(login, more);
    assert.equal(found.kind, 'account');
    return found.account;
  };

  void it(`${preset}: an account by its uid`, async () => {
    assert.equal(inBrief(await ask('alice', {}, 'pw-alice')), 'alice@corp.example');
  });

  void it(`${preset}: that the server does not know a misspelled attribute`, async () => {
    const config = mkdtempSync(join(tmpdir(), 'gatekeeper-learns-'));
    writeFileSync(join(config, 'password'), gatekeeper.password, { mode: 0o600 });
    const server = { urls: [url()], start_tls: false, bind_dn: gatekeeper.dn, base: peopleBase, preset };
    const misspelled = { status_attribute: 'acountStatus', bind_password_file: 'password' };
    const settings = directorySettings.parse({ ...server, ...misspelled });
    const lines = await unknownAttributes({ key: 'directory', settings }, config);
    rmSync(config, { recursive: true });
    assert.equal(lines.length, 1);
    assert.match(lines.join(), /acountStatus/);
  });

  void it(`${preset}: the lock of an administrator, which an application password does not open`, async () => {
    const more = { app_password_attribute: 'gatekeeperAppPassword' };
    assert.equal(inBrief(await ask('locked@corp.example', more, 'app-printer')), lockedIs);
    assert.equal(inBrief(await ask('locked', {})), lockedIs);
  });

  void it(`${preset}: required and forbidden groups, by DN and by uid, and those in groups`, async () => {
    const more = { required_groups: [`cn=mail senders,${groups}`], group_base: groups };
    const forbidding = { forbidden_groups: [`cn=leaving,${groups}`], group_base: groups };
    assert.equal(inBrief(await ask('alice', more)), 'alice@corp.example');
    assert.equal(inBrief(await ask('carol', more)), 'not-in-required-group');
    assert.equal(inBrief(await ask('bob', forbidding)), 'in-forbidden-group');
    assert.equal(inBrief(await ask('alice', forbidding)), 'alice@corp.example');
  });

  void it(`${preset}: the groups of admins and viewers`, async () => {
    const asked_groups = [`cn=admins,${groups}`];
    assert.deepEqual((await account('alice', { asked_groups, group_base: groups })).groups, asked_groups);
    assert.deepEqual((await account('bob', { asked_groups, group_base: groups })).groups, []);
  });

  void it(`${preset}: what groups and shared mailboxes lend`, async () => {
    const filters = {
      ...{ send_as_filter: '(&(objectClass=groupOfNames)(member={dn}))', on_behalf_filter: '(owner={dn})' },
      group_base: shared,
    };
    const { addresses, delegated } = await account('alice', filters);
    assert.equal(addresses.map(formatMailbox).at(-1), 'sales@corp.example');
    assert.deepEqual(delegated?.onBehalf.map(formatMailbox), ['board@corp.example']);
  });
}
