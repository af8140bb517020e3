import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../scripts/demo/ldif.ts';
import { commandEnvironment, gatekeeper, gatekeeperProgram } from '../support/command.ts';
import { awkwardLdif } from '../support/directory-people.ts';
import { answer, startFakeLdap } from '../support/fake-ldap.ts';
import { eventually } from '../support/gateway.ts';
import { startSite, type Site } from '../support/instance.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

/** The filter of the awkward accounts: some have no address. */
const filter = '(&(objectClass=inetOrgPerson)(|(mail={login})(uid={login})))';

const logins = [
  {
    it: 'a right password',
    ...{ login: 'alice@corp.example', password: 'pw-alice', code: 0 },
    says: [
      'yes: alice@corp.example may log in; the password is right',
      'account      uid=alice,ou=people,dc=corp,dc=example',
      'name         alice@corp.example',
      'may send as  alice@corp.example',
      '             alice.smith@corp.example',
      '             team@corp.example',
      '             alice@xn--bcher-kva.example',
    ],
  },
  {
    it: 'a wrong password, with the account all the same',
    ...{ login: 'bob@corp.example', password: 'pw-alice', code: 1 },
    says: [
      'no: bob@corp.example: wrong-password: the directory refuses this password',
      'account      uid=bob,ou=people,dc=corp,dc=example',
      'name         bob@corp.example',
      'may send as  bob@corp.example',
    ],
  },
  {
    it: 'nobody',
    ...{ login: 'mallory@corp.example', password: 'x', code: 1 },
    says: [
      'no: mallory@corp.example: no-such-account: the directory has nobody for this login, or does not show it to directory.bind_dn',
    ],
  },
  {
    it: 'a disabled account',
    ...{ login: 'retired@corp.example', password: 'pw-retired', code: 1 },
    says: ['no: retired@corp.example: account-disabled: the directory says that it may not log in'],
  },
  {
    it: 'a disabled account with a wrong password: both causes',
    ...{ login: 'retired@corp.example', password: 'x', code: 1 },
    says: [
      'no: retired@corp.example: wrong-password: the directory refuses this password',
      'no: retired@corp.example: account-disabled: the directory says that it may not log in',
    ],
  },
  {
    it: 'an account without addresses',
    ...{ login: 'nomail', password: 'pw-nomail', code: 0 },
    says: [
      'yes: nomail may log in; the password is right',
      'account      uid=nomail,ou=people,dc=corp,dc=example',
      'name         uid=nomail,ou=people,dc=corp,dc=example',
      'may send as  (nothing)',
    ],
  },
  {
    it: 'an address that gives no right, as the gateway logs it',
    ...{ login: 'badmail', password: 'pw-badmail', code: 0 },
    says: [
      'yes: badmail may log in; the password is right',
      'account      uid=badmail,ou=people,dc=corp,dc=example',
      'name         good@corp.example',
      'may send as  good@corp.example',
      'note         uid=badmail,ou=people,dc=corp,dc=example: "not an address" is no address and gives no right to send',
    ],
  },
  {
    it: 'no password: it is not asked of the directory, and the account is shown',
    ...{ login: 'bob@corp.example', password: '', code: 1 },
    says: [
      'no: bob@corp.example: empty-password: no password was given, and the directory was not asked',
      'account      uid=bob,ou=people,dc=corp,dc=example',
      'name         bob@corp.example',
      'may send as  bob@corp.example',
    ],
  },
  {
    it: 'a login that would obey the terminal',
    ...{ login: '\u001b[31mred', password: 'x', code: 1 },
    says: [
      'no: \\u001b[31mred: malformed-login: too long, or with control characters; the directory was not asked',
    ],
  },
];

void describe('gatekeeper login', { concurrency: 2 }, () => {
  let slapd: Slapd;
  let site: Site;
  before(async () => {
    const senders = {
      dn: 'ou=senders,dc=corp,dc=example',
      attributes: {
        ...{ objectClass: ['organizationalUnit'], ou: ['senders'] },
        seeAlso: ['uid=alice,ou=people,dc=corp,dc=example'],
      },
    };
    slapd = await startSlapd({ ldif: awkwardLdif() + ldif([senders]) });
    site = await startSite({ directoryUrl: slapd.url, settings: { directory: { filter } } });
  });
  after(async () => {
    await site.stop();
    await slapd.stop();
  });

  const login = (args: readonly string[], input = '') =>
    gatekeeper(['login', ...args], { haraka: site.dir, input });

  for (const { it: title, login: name, password, code, says } of logins) {
    void it(`shows ${title}`, async () => {
      const result = await login([name], `${password}\n`);
      assert.deepEqual(result.out.trimEnd().split('\n'), says);
      assert.deepEqual([result.code, result.err], [code, '']);
    });
  }

  for (const input of ['pw-alice', 'pw-alice\n', 'pw-alice\r\n', 'pw-alice\nsecond line\n']) {
    void it(`takes the first line of standard input, whatever ends it: ${JSON.stringify(input)}`, async () => {
      assert.equal((await login(['alice'], input)).code, 0);
    });
  }

  void it('shows the groups of the settings that the account is in, or that it has to be', async () => {
    const group = 'ou=senders,dc=corp,dc=example';
    const groups = {
      required_groups: [group],
      group_base: 'dc=corp,dc=example',
      member_attributes: ['seeAlso'],
    };
    const ofGroups = await startSite({
      directoryUrl: slapd.url,
      settings: { directory: { filter, ...groups } },
    });
    const shown = async (name: string) =>
      (await gatekeeper(['login', name, '--no-password'], { haraka: ofGroups.dir })).out;
    assert.match(await shown('alice'), /^groups +ou=senders,dc=corp,dc=example$/m);
    assert.equal(
      await shown('bob'),
      'no: bob: not-in-required-group: it is in none of directory.required_groups\n',
    );
    await ofGroups.stop();
  });

  void it('looks up without a password, and does not wait for one', async () => {
    const { code, out } = await login(['alice', '--no-password']);
    assert.equal(code, 0);
    assert.match(out, /^yes: alice may log in; the password was not asked for\naccount {6}uid=alice,/);
    assert.equal((await login(['retired', '--no-password'])).code, 1);
  });

  void it('gives one JSON document', async () => {
    const { code, out } = await login(['bob', '--json'], 'wrong');
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(out), {
      login: 'bob',
      may_log_in: false,
      password_checked: true,
      cause: 'wrong-password',
      account: {
        id: 'uid=bob,ou=people,dc=corp,dc=example',
        name: 'bob@corp.example',
        addresses: ['bob@corp.example'],
      },
    });
  });

  void it('says with 69 that a login is ambiguous, and whose fault it is not', async () => {
    const { code, out, err } = await login(['twin@corp.example'], 'pw-twin');
    assert.deepEqual([code, out], [69, '']);
    assert.match(err, /^gatekeeper: directory: the login "twin@corp\.example" is ambiguous/);
  });

  void it('takes the password of the service account from the environment first', async () => {
    const env = { GATEKEEPER_LDAP_PASSWORD: 'not-the-password' };
    const { code, out, err } = await gatekeeper(['login', 'alice'], { haraka: site.dir, env, input: 'x' });
    assert.deepEqual([code, out], [69, '']);
    assert.match(err, /refused the service account cn=gatekeeper,.*\(49\)\n$/);
    assert.ok(!err.includes('not-the-password'));
  });
});

void describe('gatekeeper login, and a service account that is refused', () => {
  void it('tries it once, so that whoever looks for the cause does not lock it', async () => {
    const server = await startFakeLdap({ serviceBind: ({ id }) => answer.bind(id, 49) });
    const site = await startSite({ directoryUrl: server.url });
    try {
      const { code, err } = await gatekeeper(['login', 'alice'], { haraka: site.dir, input: 'pw-alice' });
      assert.equal(code, 69);
      assert.match(err, /^gatekeeper: ldap:.* refused the service account cn=gatekeeper,.*\(49\)\n$/);
      assert.deepEqual(
        server.kinds().filter((kind) => kind !== 'unbind'),
        ['service-bind'],
      );
    } finally {
      await site.stop();
      await server.close();
    }
  });
});

void describe('gatekeeper login with a misspelled attribute', () => {
  void it('says that it restricts nobody', async () => {
    const slapd = await startSlapd({ ldif: awkwardLdif() });
    const directory = { status_attribute: 'acountStatus' };
    const site = await startSite({ directoryUrl: slapd.url, settings: { directory } });
    try {
      const args = ['login', 'retired@corp.example', '--no-password'];
      const { code, out } = await gatekeeper(args, { haraka: site.dir });
      assert.equal(code, 0);
      assert.match(out, /^note +directory\.status_attribute: .* acountStatus: .* restricts nobody$/m);
    } finally {
      await site.stop();
      await slapd.stop();
    }
  });
});

void describe('gatekeeper login without a directory to ask', () => {
  let site: Site;
  before(async () => {
    site = await startSite({ directoryUrl: 'ldap://127.0.0.1:1' });
  });
  after(() => site.stop());

  void it('is unavailable, with 69', async () => {
    for (const args of [
      ['login', 'alice'],
      ['login', 'alice', '--no-password'],
      ['sender', 'alice', 'a@b.c'],
    ]) {
      const { code, out, err } = await gatekeeper(args, { haraka: site.dir, input: 'x' });
      assert.deepEqual([code, out], [69, ''], args.join(' '));
      assert.match(err, /^gatekeeper: ldap:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
    }
  });

  void it('says it in JSON', async () => {
    const { code, out } = await gatekeeper(['login', 'alice', '--json'], { haraka: site.dir, input: 'x' });
    assert.equal(code, 69);
    assert.match((JSON.parse(out) as { error: string }).error, /ECONNREFUSED/);
  });

  void it('has wrong settings, with 78, before it asks for a password', async () => {
    writeFileSync(join(site.dir, 'config/ldap.password'), '');
    const { code, err } = await gatekeeper(['login', 'alice'], { haraka: site.dir });
    assert.equal(code, 78);
    assert.match(err, /^gatekeeper: \/.*\/config\/ldap\.password is empty: it must hold/);
  });
});

void describe('gatekeeper login on a terminal', () => {
  let slapd: Slapd;
  let site: Site;
  before(async () => {
    slapd = await startSlapd({ ldif: awkwardLdif() });
    site = await startSite({ directoryUrl: slapd.url, settings: { directory: { filter } } });
  });
  after(async () => {
    await site.stop();
    await slapd.stop();
  });

  /** Types on a terminal once the prompt is there; then the terminal is asked for its state. */
  async function typed(login: string, keys: string): Promise<{ code: number; shown: string }> {
    const line = `'${gatekeeperProgram}' login '${login}'; code=$?; stty -a; exit $code`;
    const script = spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'], {
      env: { ...commandEnvironment({ haraka: site.dir }), SHELL: '/bin/bash' },
    });
    let shown = '';
    script.stdout.on('data', (data: Buffer) => (shown += data.toString()));
    const ended = new Promise<number>((settle) => {
      script.once('close', (code) => settle(code ?? -1));
    });
    await eventually('the prompt', () => shown.includes('Password: '), 10_000);
    script.stdin.write(keys);
    return { code: await ended, shown };
  }

  const cases = [
    { it: 'a password', login: 'alice', keys: 'pw-alice\r', code: 0 },
    { it: 'a wrong one', login: 'alice', keys: 'pw-bob\r', code: 1 },
    { it: 'one that was mistyped and corrected', login: 'alice', keys: 'pw-alicX\u007fe\r', code: 0 },
    { it: 'one that was begun again', login: 'alice', keys: 'wrong\u0015pw-alice\r', code: 0 },
    { it: 'letters beyond US-ASCII', login: 'žluťoučký', keys: 'heslo-ž€😀\r', code: 0 },
    { it: 'nothing', login: 'alice', keys: '\r', code: 1 },
    { it: 'the end of input', login: 'alice', keys: '\u0004', code: 1 },
    { it: 'an interrupt', login: 'alice', keys: 'pw-al\u0003', code: 130 },
  ];

  for (const { it: title, login, keys, code } of cases) {
    void it(`takes ${title}, shows nothing of it, and leaves the terminal as it was`, async () => {
      const typing = await typed(login, keys);
      assert.equal(typing.code, code, typing.shown);
      assert.match(typing.shown, /^Password: \r\n/);
      assert.doesNotMatch(typing.shown, /pw-|heslo/);
      assert.match(typing.shown, /[^-]\bicanon\b[^]*[^-]\becho\b/);
    });
  }
});
