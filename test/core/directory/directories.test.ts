import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { peopleBase, type Entry } from '../../../scripts/demo/people.ts';
import {
  byLoginDomain,
  named,
  Nobody,
  openDirectories,
} from '../../../plugins/core/directory/directories.ts';
import type {
  Account,
  Directory,
  RememberingDirectory,
  Verification,
} from '../../../plugins/core/directory/directory.ts';
import { createLdapDirectory } from '../../../plugins/core/directory/ldap.ts';
import { MadeUpVerifiers } from '../../../plugins/core/directory/scram.ts';
import { directoryEntry } from '../../../plugins/core/directory/settings.ts';
import { directoriesOf } from '../../../plugins/core/directory/sources.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { parseSettings } from '../../../plugins/core/settings/file.ts';
import { awkwardLdif } from '../../support/directory-people.ts';
import { verifiedEntries } from '../../support/scram-people.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { directoryContract, inBrief, settingsFor } from './contract.ts';
import { atEnd } from './fixtures.ts';

/** Of the people of the contract; all others are nobody's. */
directoryContract(
  'slapd as one of several, for its domain',
  async () => {
    const slapd = await startSlapd({ ldif: awkwardLdif() });
    const secrets = { bindPassword: Secret.fromText('pw-gatekeeper') };
    return { settings: settingsFor([slapd.url]), secrets, stop: slapd.stop };
  },
  {
    prefix: 'corp:',
    create: (settings, secrets) => {
      const entry = directoryEntry.parse({ ...settings, name: 'corp', login_domains: ['corp.example'] });
      const [source] = directoriesOf({ directories: [entry] });
      assert.ok(source);
      const corp = named(createLdapDirectory(settings, secrets), source);
      return byLoginDomain(new Map([[source, corp]]), new Nobody());
    },
  },
);

/** The sample directory, its alice with one password more, that nobody else's has, and one account of its own. */
function peopleOf(place: string): readonly Entry[] {
  const own = `${place}@${place}.example`;
  return [
    ...verifiedEntries().map((entry) => {
      const { uid, mail } = entry.attributes;
      if (uid?.[0] !== 'alice') return entry;
      const addresses = [...(mail ?? []), `alice@${place}.example`];
      return {
        ...entry,
        attributes: { ...entry.attributes, mail: addresses, userPassword: [`pw-alice-${place}`] },
      };
    }),
    {
      dn: `uid=${place},${peopleBase}`,
      attributes: {
        ...{ objectClass: ['inetOrgPerson'], uid: [place], cn: ['x'], sn: ['x'] },
        ...{ mail: [own], userPassword: ['pw-own'] },
      },
    },
    {
      dn: `uid=nomail,${peopleBase}`,
      attributes: {
        ...{ objectClass: ['inetOrgPerson'], uid: [`nomail@${place}.example`], cn: ['x'], sn: ['x'] },
        userPassword: ['pw-nomail'],
      },
    },
  ];
}

interface Settings {
  readonly directory?: object;
  readonly directories?: readonly object[];
}

void describe('directory: two for different domains', () => {
  const servers: Slapd[] = [];
  let config: string;
  let logged: string[];
  before(async () => {
    config = mkdtempSync(join(tmpdir(), 'gatekeeper-directories-'));
    writeFileSync(join(config, 'ldap.password'), 'pw-gatekeeper\n', { mode: 0o600 });
    for (const place of ['others', 'acme']) {
      servers.push(await startSlapd({ ldif: ldif(peopleOf(place)) }));
    }
  });
  after(async () => {
    for (const server of servers) await server.stop();
    rmSync(config, { recursive: true });
  });
  beforeEach(() => {
    logged = [];
  });

  const section = (server: number, more: object = {}) => ({
    ...{ urls: [servers[server]?.url], start_tls: false },
    ...{ bind_dn: 'cn=gatekeeper,ou=services,dc=corp,dc=example', bind_password_file: 'ldap.password' },
    ...{ base: 'dc=corp,dc=example', filter: '(&(objectClass=inetOrgPerson)(|(mail={login})(uid={login})))' },
    ...more,
  });
  const acme = (more: object = {}) => section(1, { name: 'acme', login_domains: ['acme.example'], ...more });

  function open(settings: Settings): RememberingDirectory {
    const { policy } = parseSettings(JSON.stringify(settings), 'test');
    const directory = openDirectories(policy, { config, log: (line) => logged.push(line) });
    atEnd(() => directory.close());
    return directory;
  }
  const both = (more: object = {}): RememberingDirectory =>
    open({ directory: section(0, more), directories: [acme(more)] });

  async function verify(directory: Directory, login: string, password: string): Promise<string> {
    return inBrief(await directory.verify(login, Secret.fromText(password)));
  }

  async function account(directory: Directory, login: string): Promise<Account> {
    const found = await directory.find(login);
    assert.equal(found.kind, 'account');
    return found.account;
  }

  const logins = [
    { login: 'alice@acme.example', password: 'pw-alice-acme', is: 'alice@corp.example' },
    { login: 'alice@acme.example', password: 'pw-alice-others', is: 'wrong-password' },
    { login: 'alice@corp.example', password: 'pw-alice-others', is: 'alice@corp.example' },
    { login: 'alice@corp.example', password: 'pw-alice-acme', is: 'wrong-password' },
    { login: 'alice', password: 'pw-alice-others', is: 'alice@corp.example' },
    { login: 'alice', password: 'pw-alice-acme', is: 'wrong-password' },
    { login: 'others@others.example', password: 'pw-own', is: 'others@others.example' },
    { login: 'acme@acme.example', password: 'pw-own', is: 'acme@acme.example' },
    { login: ' ACME＠Acme.Example ', password: 'pw-own', is: 'no-such-account' },
    // OpenLDAP takes it for the name that it stands for: it must not do so in another directory.
    { login: 'nomail＠acme.example', password: 'pw-nomail', is: `acme:uid=nomail,${peopleBase}` },
    { login: 'acme@acme.example ', password: 'pw-own', is: 'acme@acme.example' },
    { login: 'others@acme.example', password: 'pw-own', is: 'no-such-account' },
    { login: 'alice@acme.example', password: '', is: 'empty-password' },
  ] as const;
  for (const { login, password, is } of logins) {
    void it(`answers ${login} with ${password || 'no password'}: ${is}`, async () => {
      assert.equal(await verify(both(), login, password), is);
    });
  }

  void it('tells accounts of one DN apart, and says of which directory they are', async () => {
    const directory = both();
    const ids = [await account(directory, 'alice'), await account(directory, 'alice@acme.example')];
    const dn = `uid=alice,${peopleBase}`;
    assert.deepEqual(
      ids.map(({ id }) => id),
      [dn, `acme:${dn}`],
    );
    const { id, name } = await account(directory, 'nomail@acme.example');
    assert.deepEqual([id, name], [`acme:uid=nomail,${peopleBase}`, `acme:uid=nomail,${peopleBase}`]);
  });

  void it('leaves everything else of an account as it is, what limits it above all', async () => {
    const [, source] = directoriesOf({
      directory: settingsFor(['ldap://127.0.0.1:1']),
      directories: [directoryEntry.parse(acme())],
    });
    assert.ok(source);
    const credential = { name: 'printer', expires: '2020-01-01', networks: ['192.0.2.7'] };
    const found: Verification = {
      kind: 'account',
      account: {
        id: 'uid=x',
        name: 'x',
        addresses: [],
        groups: ['cn=a'],
        credential,
        credentials: [credential],
      },
    };
    const refusal: Verification = { kind: 'refused', cause: 'no-app-password', detail: 'x', credential: 'y' };
    const answers = [found, refusal];
    const answer = () => Promise.resolve(answers.shift() ?? refusal);
    const directory = named(Object.assign(new Nobody(), { verify: answer }), source);
    const password = Secret.fromText('x');
    assert.deepEqual(await directory.verify('x', password), {
      ...found,
      account: { ...found.account, id: 'acme:uid=x' },
    });
    assert.deepEqual(await directory.verify('x', password), refusal);
  });

  for (const [down, up] of [
    [0, 1],
    [1, 0],
  ] as const) {
    void it(`answers for ${down === 0 ? 'acme' : 'all others'} while the other is down, which says so itself`, async () => {
      const people = [
        ['others@others.example', 'ldap'],
        ['acme@acme.example', 'directories\\.acme: ldap'],
      ] as const;
      const directory = both();
      await directory.probe();
      await servers[down]?.kill();
      try {
        const refused = new RegExp(`^${people[down][1]}://127\\.0\\.0\\.1:\\d+: .*ECONNREFUSED`);
        const error = { name: 'Unavailable', message: refused };
        await assert.rejects(verify(directory, people[down][0], 'pw-own'), error);
        await assert.rejects(directory.find(people[down][0]), error);
        await assert.rejects(directory.probe(), error);
        assert.equal(await verify(directory, people[up][0], 'pw-own'), people[up][0]);
        assert.equal(logged.length, 1);
        assert.match(logged[0] ?? '', refused);
      } finally {
        await servers[down]?.start();
      }
      assert.equal(await verify(directory, people[down][0], 'pw-own'), people[down][0]);
      await directory.probe();
    });
  }

  void it('complains in the name of the one that it is about', async () => {
    const directory = both({ base: `ou=nowhere,dc=corp,dc=example` });
    const failed = { message: /^directories\.acme: .*search failed: noSuchObject/ };
    await assert.rejects(directory.find('alice@acme.example'), failed);
    await assert.rejects(directory.find('alice'), { message: /^ldap:.*search failed: noSuchObject/ });
    const slow = both({ login_timeout_seconds: 0.05, operation_timeout_seconds: 5 });
    await servers[1]?.pause();
    try {
      const late = { message: 'directories.acme: a login was not decided within 0.05 s' };
      await assert.rejects(slow.find('alice@acme.example'), late);
    } finally {
      servers[1]?.resume();
    }
  });

  void it('knows nobody but who has a listed domain, where nobody answers for all others', async () => {
    const directory = open({ directories: [acme()] });
    for (const login of ['alice', 'alice@corp.example', 'others@others.example', '*', 'alice@']) {
      assert.equal(await verify(directory, login, 'pw-alice-acme'), 'no-such-account', login);
      assert.equal(inBrief(await directory.find(login)), 'no-such-account', login);
    }
    assert.equal(await verify(directory, 'alice', ''), 'empty-password');
    assert.equal(await verify(directory, 'ali\0ce', 'x'), 'malformed-login');
    assert.equal(await verify(directory, 'acme@acme.example', 'pw-own'), 'acme@acme.example');
  });

  const scram = { scram_attribute: 'gatekeeperScramVerifier', scram_iterations: 5000 };
  void it('has verifiers of the one that decides', async () => {
    const directory = both(scram);
    const { ifProven } = await directory.verifier('alice@acme.example');
    assert.equal(ifProven.kind, 'account');
    assert.equal(ifProven.account.id, `acme:uid=alice,${peopleBase}`);
    const stranger = await directory.verifier('others@acme.example');
    assert.equal(stranger.otherwise, 'no-such-account');
    assert.equal(stranger.verifier.iterations, 5000);
    await assert.rejects(directory.verifier('carol@corp.example'), { message: /^directory: uid=carol/ });
  });

  void it('makes verifiers up, unasked, where nobody answers for a login', async () => {
    const directory = open({ directories: [acme(scram)] });
    const madeUp = new MadeUpVerifiers(Buffer.from('pw-gatekeeper'), 5000);
    for (const login of ['alice@corp.example', 'alice']) {
      assert.deepEqual(await directory.verifier(login), {
        verifier: madeUp.of(login),
        ifProven: { kind: 'refused', cause: 'no-such-account' },
        otherwise: 'no-such-account',
      });
    }
    await assert.rejects(open({ directories: [acme()] }).verifier('alice'), { name: 'Unavailable' });
  });

  void it('takes each password from its own file or variable', async () => {
    writeFileSync(join(config, 'wrong.password'), 'wrong\n', { mode: 0o600 });
    writeFileSync(join(config, 'open.password'), 'pw-gatekeeper\n', { mode: 0o604 });
    const settings = (bind_password_file: string) => ({
      directory: section(0),
      directories: [acme({ name: 'acme-2', bind_password_file })],
    });
    const error = { message: /^directories\.acme-2: .*refused the service account/ };
    await assert.rejects(open(settings('wrong.password')).find('alice@acme.example'), error);
    assert.equal((await account(open(settings('wrong.password')), 'alice')).name, 'alice@corp.example');
    assert.throws(() => open(settings('open.password')), /open\.password can be read by everybody/);
    const without = { directories: [{ ...acme(), bind_password_file: undefined }] };
    const variable =
      /^Error: directories\.acme\.bind_password_file is not set, nor is the variable GATEKEEPER_LDAP_PASSWORD_ACME$/;
    assert.throws(() => open(without), variable);
    process.env['GATEKEEPER_LDAP_PASSWORD_ACME_2'] = 'pw-gatekeeper';
    process.env['GATEKEEPER_LDAP_PASSWORD'] = 'wrong';
    try {
      const opened = open(settings('wrong.password'));
      assert.equal((await account(opened, 'alice@acme.example')).name, 'alice@corp.example');
      await assert.rejects(opened.find('alice'), { message: /refused the service account/ });
    } finally {
      delete process.env['GATEKEEPER_LDAP_PASSWORD_ACME_2'];
      delete process.env['GATEKEEPER_LDAP_PASSWORD'];
    }
  });

  void it('all end together', async () => {
    const directory = both();
    directory.close();
    for (const login of ['alice', 'alice@acme.example']) {
      await assert.rejects(directory.find(login), { name: 'Unavailable' });
    }
  });
});
