import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries } from '../../../scripts/demo/people.ts';
import { loadSchema, startSlapd, type Slapd } from '../../support/slapd.ts';
import { learnedEntries, rightsOfGroups, testLearning } from './learns.ts';
import { logInAtAGateway } from './logins.ts';
import {
  beyondTheGateway,
  outcome,
  rightsKept,
  rightsOfOwnEntry,
  rightsOfOthers,
  rightsOfRights,
  rightsOfSecrets,
  rightsOfTheGateway,
  secretAttributes,
  secrets,
  testRights,
  valuesOf,
  withSecrets,
} from './rights.ts';

const shipped = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../../config/system/openldap', name), 'utf8');

/** What Debian's slapd has after its installation, but for an attribute whose schema is not loaded here. */
const rightsOfDebian = `access to attrs=userPassword by self write by anonymous auth by * none
access to * by * read`;

const locked = learnedEntries({ pwdAccountLockedTime: ['000001010000Z'] });
const people = () => ldif([...withSecrets(entries()), ...locked]);
/** It brings the attributes of locks. */
const overlays = [{ name: 'ppolicy' }];

const ofTheGateway = rightsOfTheGateway({ accountStatus: 'disabled' });

const rightsOfAll = [
  ...rightsOfSecrets,
  ...rightsOfRights,
  ...rightsOfGroups,
  ...rightsOfOwnEntry({
    accountStatus: 'active',
    pwdAccountLockedTime: '20990101000000Z',
    pwdReset: 'FALSE',
  }),
];

/** Where users manage their own entries. */
const rightsOfOwners = `access to attrs=userPassword by self write by anonymous auth by * none
access to * by self write by users read`;

const servers = [
  {
    it: 'acl.conf and nothing else',
    how: { access: shipped('acl.conf') },
    rights: [...ofTheGateway, ...rightsOfOthers],
  },
  {
    it: 'acl.ldif and nothing else',
    how: { access: '', configLdif: shipped('acl.ldif') },
    rights: [...ofTheGateway, ...rightsOfOthers],
  },
  {
    it: "acl.ldif in front of Debian's rights",
    how: { access: rightsOfDebian, configLdif: shipped('acl.ldif') },
    rights: [...ofTheGateway, ...rightsKept],
  },
  {
    it: 'acl.conf in front of the rights of owners',
    how: { access: `${shipped('acl.conf')}\n${rightsOfOwners}` },
    rights: [...ofTheGateway, ...rightsKept],
  },
] as const;

for (const { it: what, how, rights } of servers) {
  void describe(`slapd with ${what}`, () => {
    let slapd: Slapd;
    before(async () => {
      slapd = await startSlapd({ ldif: people(), overlays, ...how });
    });
    after(() => slapd.stop());

    testRights([...rights, ...rightsOfAll], () => slapd.url);

    testLearning(() => slapd.url, 'openldap', 'account-locked');

    void it('lets a gateway log its users in', async () => {
      const causes = await logInAtAGateway({ directoryUrl: slapd.url });
      assert.deepEqual(causes, {
        alice: undefined,
        'alice, wrongly': 'wrong-password',
        retired: 'account-disabled',
      });
    });
  });
}

void describe("slapd with Debian's rights alone", () => {
  void it('lets everybody find what the gateway must not: the table above is no accident', async () => {
    const slapd = await startSlapd({ ldif: ldif(withSecrets(entries())), access: rightsOfDebian });
    try {
      for (const [what, operation] of beyondTheGateway) {
        assert.notEqual(await outcome(slapd.url, 'the gateway', operation), 'no', what);
      }
      for (const name of secretAttributes) {
        assert.deepEqual(await outcome(slapd.url, 'anybody', valuesOf(name)), [secrets[name]], name);
      }
    } finally {
      await slapd.stop();
    }
  });
});

void describe('the schema for cn=config', () => {
  void it('is taken by slapd, and then the entries of its class', async () => {
    await loadSchema(shipped('gatekeeper.ldif'), ldif(withSecrets(entries())));
    const without = shipped('gatekeeper.ldif').replace('gatekeeperPair', 'gatekeeperOther');
    await assert.rejects(loadSchema(without, ldif(entries())), /gatekeeperPair/);
  });

  void it('says the same as gatekeeper.schema', () => {
    const definitions = (text: string) =>
      text
        .split(/^(?:attributetype|objectclass|olcAttributeTypes:|olcObjectClasses:) /m)
        .slice(1)
        .map((each) => each.trim().replace(/\s+/g, ' '));
    const meant = definitions(shipped('gatekeeper.schema'));
    assert.equal(meant.length, 12);
    assert.deepEqual(definitions(shipped('gatekeeper.ldif')), meant);
  });
});
