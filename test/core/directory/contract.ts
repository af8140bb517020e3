import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
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

const cases = [
  {
    it: 'knows the right password',
    login: 'alice@corp.example',
    password: 'pw-alice',
    is: 'alice@corp.example',
  },
  { it: 'refuses a wrong one', login: 'alice@corp.example', password: 'pw-bob', is: 'wrong-password' },
  { it: 'refuses a longer one', login: 'alice@corp.example', password: 'pw-alice ', is: 'wrong-password' },
  {
    it: 'tells case apart in passwords',
    login: 'alice@corp.example',
    password: 'PW-ALICE',
    is: 'wrong-password',
  },
  {
    it: 'does not know everybody',
    login: 'mallory@corp.example',
    password: 'pw-alice',
    is: 'no-such-account',
  },
  { it: 'refuses no password', login: 'alice@corp.example', password: '', is: 'empty-password' },
  {
    it: 'refuses a disabled account',
    login: 'retired@corp.example',
    password: 'pw-retired',
    is: 'account-disabled',
  },
  {
    it: 'tells strangers nothing about it',
    login: 'retired@corp.example',
    password: 'guess',
    is: 'wrong-password',
  },
  {
    it: 'compares logins as the directory does',
    login: 'ALICE@Corp.Example',
    password: 'pw-alice',
    is: 'alice@corp.example',
  },
  {
    it: 'ignores spaces around as the directory does',
    login: ' alice@corp.example ',
    password: 'pw-alice',
    is: 'alice@corp.example',
  },
  { it: 'takes an asterisk for a letter', login: '*', password: 'pw-alice', is: 'no-such-account' },
  {
    it: 'takes part of a name for another name',
    login: 'alice*',
    password: 'pw-alice',
    is: 'no-such-account',
  },
  {
    it: 'takes filter syntax for a name (1)',
    login: '*)(uid=*',
    password: 'pw-alice',
    is: 'no-such-account',
  },
  {
    it: 'takes filter syntax for a name (2)',
    login: 'alice@corp.example)(objectClass=*',
    password: 'pw-alice',
    is: 'no-such-account',
  },
  {
    it: 'takes an escape for a name',
    login: '\\61lice@corp.example',
    password: 'pw-alice',
    is: 'no-such-account',
  },
  {
    it: 'takes a DN for a name',
    login: 'uid=alice,ou=people,dc=corp,dc=example',
    password: 'pw-alice',
    is: 'no-such-account',
  },
  { it: 'takes no NUL', login: 'alice@corp.example\0', password: 'pw-alice', is: 'malformed-login' },
  {
    it: 'takes no NUL in a password',
    login: 'alice@corp.example',
    password: 'pw-alice\0',
    is: 'malformed-login',
  },
  { it: 'takes no line end', login: 'alice@corp.example\r\n', password: 'pw-alice', is: 'malformed-login' },
  {
    it: 'takes no half letter',
    login: 'alice\ud800@corp.example',
    password: 'pw-alice',
    is: 'malformed-login',
  },
  { it: 'takes no empty login', login: '', password: 'pw-alice', is: 'malformed-login' },
  { it: 'takes a login of 256 octets', login: 'é'.repeat(128), password: 'pw-alice', is: 'no-such-account' },
  { it: 'takes no longer one', login: `${'é'.repeat(128)}x`, password: 'pw-alice', is: 'malformed-login' },
] as const;

const found = [
  { it: 'finds an account without its password', login: 'alice@corp.example', is: 'alice@corp.example' },
  { it: 'finds it as the directory compares', login: ' ALICE@Corp.Example ', is: 'alice@corp.example' },
  { it: 'finds nobody who is not there', login: 'mallory@corp.example', is: 'no-such-account' },
  { it: 'finds no account by an asterisk', login: '*', is: 'no-such-account' },
  { it: 'says that an account is disabled', login: 'retired@corp.example', is: 'account-disabled' },
  { it: 'does not search for a line end', login: 'alice@corp.example\r\n', is: 'malformed-login' },
  { it: 'does not search for an empty login', login: '', is: 'malformed-login' },
  { it: 'does not search for a long login', login: `${'é'.repeat(128)}x`, is: 'malformed-login' },
] as const;

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
        assert.equal(inBrief(await verify(expected.login, expected.password)), expected.is);
      });
    }

    for (const expected of found) {
      it(expected.it, async () => {
        assert.equal(inBrief(await directory.find(expected.login)), expected.is);
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
