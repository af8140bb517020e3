import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries, peopleBase, suffix, type Entry } from '../../../scripts/demo/people.ts';
import { learnedEntries, rightsOfGroups, testLearning } from './learns.ts';
import { logInAtAGateway } from './logins.ts';
import {
  beyondTheGateway,
  outcome,
  rightsKept,
  rightsOfOthers,
  rightsOfOwnEntry,
  rightsOfRights,
  rightsOfSecrets,
  rightsOfTheGateway,
  secrets,
  testRights,
} from './rights.ts';

// Run by scripts/test-389ds, which starts the server. No part of scripts/test: installing it takes longer than this.

const url = process.env['LDAP_URL'] ?? '';
const manager = ['-x', '-H', url, '-D', 'cn=Directory Manager', '-w', process.env['LDAP_PASSWORD'] ?? ''];

const modify = (changes: string) => execFileSync('ldapmodify', manager, { input: changes });
const shipped = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../../config/system/389ds', name), 'utf8');

const addSecrets = () =>
  modify(
    [
      ...[`dn: uid=alice,${peopleBase}`, 'changetype: modify'],
      ...Object.entries(secrets).flatMap(([name, value]) => [`add: ${name}`, `${name}: ${value}`, '-']),
    ].join('\n') + '\n',
  );

/** Rules as the sample entries of 389 DS have them. */
const others = [
  '(targetattr != "userPassword")(version 3.0; acl "all read"; allow (read, search, compare) userdn = "ldap:///anyone";)',
  '(targetattr = "*")(version 3.0; acl "own entry"; allow (write) userdn = "ldap:///self";)',
];
const change = (what: 'add' | 'delete') =>
  modify(
    `dn: ${suffix}\nchangetype: modify\n${what}: aci\n${others.map((each) => `aci: ${each}\n`).join('')}`,
  );

/** The sample directory in the server's own schema. */
function translated({ dn, attributes }: Entry): Entry {
  const { accountStatus, ...rest } = attributes;
  return { dn, attributes: { ...rest, ...(accountStatus && { nsAccountLock: ['true'] }) } };
}

const locked = learnedEntries({ nsAccountLock: ['true'] });
/** Of groups it has to read something here. */
const rightsOfAll = [
  ...rightsOfSecrets,
  ...rightsOfRights,
  ...rightsOfGroups.filter(({ gets }) => gets === 'no'),
  ...rightsOfOwnEntry({ nsAccountLock: 'false' }),
];

const ofTheGateway = rightsOfTheGateway({ nsAccountLock: 'true' });

void describe('389 DS', () => {
  before(() => {
    modify(shipped('gatekeeper.ldif'));
    const below = entries().filter(({ dn }) => dn !== suffix);
    execFileSync('ldapadd', manager, { input: ldif([...below, ...locked].map(translated)) });
  });

  void describe('with rights for everybody alone', () => {
    before(() => {
      change('add');
    });
    void it('lets the gateway find what it must not: the tables below are no accident', async () => {
      for (const [what, operation] of beyondTheGateway) {
        assert.notEqual(await outcome(url, 'the gateway', operation), 'no', what);
      }
    });
  });

  void describe('with aci.ldif beside them', () => {
    before(() => {
      modify(shipped('aci.ldif'));
      addSecrets();
    });
    testRights([...ofTheGateway, ...rightsKept, ...rightsOfAll], () => url);
    testLearning(() => url, '389ds', 'account-disabled');
  });

  void describe('with aci.ldif and nothing else', () => {
    before(() => {
      change('delete');
    });
    testRights([...ofTheGateway, ...rightsOfOthers, ...rightsOfAll], () => url);
    testLearning(() => url, '389ds', 'account-disabled');

    void it('lets a gateway log its users in, and says that an account is locked', async () => {
      const status = { status_attribute: '', state_attributes: ['nsAccountLock'] };
      const causes = await logInAtAGateway({ directoryUrl: url, settings: { directory: status } });
      assert.deepEqual(causes, {
        ...{ alice: undefined, 'alice, wrongly': 'wrong-password', retired: 'account-disabled' },
      });
    });
  });
});
