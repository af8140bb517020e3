import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { findCases, injections, loginCases } from '../../../plugins/core/directory/contract-cases.ts';
import type { Directory, Verification } from '../../../plugins/core/directory/directory.ts';
import { createLdapDirectory, type DirectorySecrets } from '../../../plugins/core/directory/ldap.ts';
import { directorySettings, type DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';
import { Secret } from '../../../plugins/core/secret.ts';

/** A running directory server that holds alice, bob, retired and the service account. */
export interface Running {
  readonly settings: DirectorySettings;
  readonly secrets: DirectorySecrets;
  readonly stop: () => Promise<void>;
}

/** Settings for the people of the contract; the filter finds an account by its address or by its short name. */
export function settingsFor(
  urls: readonly string[],
  more: Partial<DirectorySettings> = {},
): DirectorySettings {
  return directorySettings.parse({
    urls,
    start_tls: false,
    bind_dn: 'cn=gatekeeper,ou=services,dc=corp,dc=example',
    base: 'dc=corp,dc=example',
    filter: '(&(objectClass=inetOrgPerson)(|(mail={login})(uid={login})))',
    ...more,
  });
}

/** What a verification comes to, in one word: the cause, or the name of the account. */
export function inBrief(verification: Verification): string {
  return verification.kind === 'refused' ? verification.cause : verification.account.name;
}

const [nobody, wrong] = ['no-such-account', 'wrong-password'] as const;

const alice = { login: 'alice@corp.example', password: 'pw-alice' };

const people = {
  alice,
  bob: { login: 'bob@corp.example', password: 'pw-bob' },
  disabled: { login: 'retired@corp.example', password: 'pw-retired' },
};

/** What is shared with sources of identities, and what only a directory does. */
const cases = [
  ...loginCases(people),
  { it: 'compares logins as the directory does', ...alice, login: 'ALICE@Corp.Example', is: 'alice' },
  { it: 'ignores spaces around as the directory does', ...alice, login: ` ${alice.login} `, is: 'alice' },
  ...injections(people).map((login) => ({ it: `takes ${login} for a name`, ...alice, login, is: nobody })),
  ...injections(people).map((password) => ({
    it: `takes ${password} for a password`,
    ...alice,
    password,
    is: wrong,
  })),
];

const found = [
  ...findCases(people),
  { it: 'finds it as the directory compares', login: ' ALICE@Corp.Example ', is: 'alice' },
  ...injections(people).map((login) => ({ it: `does not find ${login}`, login, is: nobody })),
];

/** The account of alice is named by its address. */
const named = (is: string) => (is === 'alice' ? alice.login : is);

/** How a directory is made, and what stands in front of the ids of its accounts. */
export interface Made {
  readonly create?: (settings: DirectorySettings, secrets: DirectorySecrets) => Directory;
  readonly prefix?: string;
}

/** What every implementation of `Directory` does, whatever server is behind it. */
export function directoryContract(
  name: string,
  start: () => Promise<Running>,
  { create = createLdapDirectory, prefix = '' }: Made = {},
): void {
  describe(`directory: ${name}`, () => {
    let running: Running;
    let directory: Directory;
    const verify = (login: string, password: string): Promise<Verification> =>
      directory.verify(login, Secret.fromText(password));

    before(async () => {
      running = await start();
      directory = create(running.settings, running.secrets);
    });
    after(async () => {
      directory.close();
      await running.stop();
    });

    for (const expected of cases) {
      it(expected.it, async () => {
        assert.equal(inBrief(await verify(expected.login, expected.password)), named(expected.is));
      });
    }

    for (const expected of found) {
      it(expected.it, async () => {
        assert.equal(inBrief(await directory.find(expected.login)), named(expected.is));
      });
    }

    it('finds the same account that it verifies', async () => {
      assert.deepEqual(
        await directory.find('alice@corp.example'),
        await verify('alice@corp.example', 'pw-alice'),
      );
    });

    it('gives the identity that the directory has, however it was typed', async () => {
      const verification = await verify('Alice@CORP.example', 'pw-alice');
      assert.equal(verification.kind, 'account');
      const { id, name: called, addresses } = verification.account;
      assert.equal(id.toLowerCase().replaceAll(' ', ''), `${prefix}uid=alice,ou=people,dc=corp,dc=example`);
      assert.equal(called, 'alice@corp.example');
      assert.deepEqual(addresses.map(formatMailbox).slice(0, 2), [
        'alice@corp.example',
        'alice.smith@corp.example',
      ]);
    });

    it('gives each of 200 logins at once its own verdict', async () => {
      const people = Array.from({ length: 200 }, (_, n) => ({
        who: n % 4 < 2 ? 'alice' : 'bob',
        right: n % 2 === 0,
      }));
      const verdicts = await Promise.all(
        people.map(({ who, right }) => verify(`${who}@corp.example`, right ? `pw-${who}` : 'wrong')),
      );
      const expected = people.map(({ who, right }) => (right ? `${who}@corp.example` : 'wrong-password'));
      assert.deepEqual(verdicts.map(inBrief), expected);
    });

    it('is unavailable, and refuses nobody, when its own account is not accepted', async () => {
      const secrets = { ...running.secrets, bindPassword: Secret.fromText('pw-of-another-service') };
      const stranger = create(running.settings, secrets);
      const refused = { name: 'Unavailable', message: /refused the service account cn=gatekeeper.*49/ };
      const attempt = stranger.verify('alice@corp.example', Secret.fromText('pw-alice'));
      await assert.rejects(attempt, refused);
      await assert.rejects(stranger.find('alice@corp.example'), refused);
      stranger.close();
    });

    it('is unavailable, and refuses nobody, when its base does not exist', async () => {
      const settings = { ...running.settings, base: 'ou=nowhere,dc=corp,dc=example' };
      const lost = create(settings, running.secrets);
      const attempt = lost.verify('alice@corp.example', Secret.fromText('pw-alice'));
      await assert.rejects(attempt, { name: 'Unavailable', message: /search failed: noSuchObject \(32\)/ });
      lost.close();
    });

    it('says whether a server would answer', async () => {
      await directory.probe();
      const secrets = { ...running.secrets, bindPassword: Secret.fromText('wrong') };
      const stranger = create(running.settings, secrets);
      await assert.rejects(stranger.probe(), { name: 'Unavailable' });
      stranger.close();
    });

    it('rejects what is asked after its end', async () => {
      const closed = create(running.settings, running.secrets);
      closed.close();
      await assert.rejects(closed.verify('alice@corp.example', Secret.fromText('pw-alice')), {
        name: 'Unavailable',
      });
      await assert.rejects(closed.find('alice@corp.example'), { name: 'Unavailable' });
    });
  });
}
