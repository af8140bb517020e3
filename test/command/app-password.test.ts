import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { isMadeOf, readAppPassword } from '../../plugins/core/directory/app-password.ts';
import { Secret } from '../../plugins/core/secret.ts';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries, peopleBase } from '../../scripts/demo/people.ts';
import { appPassword, withAppPasswords } from '../support/app-passwords.ts';
import { gatekeeper } from '../support/command.ts';
import { startSite, type Site } from '../support/instance.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

interface Made {
  readonly name: string;
  readonly password: string;
  readonly attribute: string;
  readonly value: string;
}

const make = async (...args: readonly string[]): Promise<Made> => {
  const { code, out, err } = await gatekeeper(['app-password', ...args, '--json'], { cwd: '/' });
  assert.deepEqual([code, err], [0, '']);
  return JSON.parse(out) as Made;
};

void describe('gatekeeper app-password', () => {
  void it('makes a random password, and a value that is of it', async () => {
    const made = await make('printer');
    assert.match(made.password, /^[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){3}$/);
    assert.deepEqual([made.name, made.attribute], ['printer', 'gatekeeperAppPassword']);
    assert.ok(!made.value.includes(made.password));
    const { credential, verifier } = readAppPassword(Buffer.from(made.value));
    assert.deepEqual(credential, { name: 'printer' });
    assert.equal(verifier.iterations, 4096);
    assert.ok(await isMadeOf(verifier, Secret.fromText(made.password)));
    assert.ok(!(await isMadeOf(verifier, Secret.fromText(made.password.replaceAll('-', '')))));
    const again = await make('printer');
    assert.notEqual(again.password, made.password);
  });

  void it('takes a day, networks and iterations', async () => {
    const { value } = await make(
      ...['phone-2', '--expires', '2027-01-31', '--iterations', '10000'],
      ...['--network', '10.1.0.0/16', '--network', '2001:db8::7'],
    );
    const prefix = 'name=phone-2;expires=2027-01-31;networks=10.1.0.0/16,2001:db8::7;SCRAM-SHA-256$10000:';
    assert.ok(value.startsWith(prefix), value);
    assert.ok(readAppPassword(Buffer.from(value)));
  });

  const wrong = [
    { args: ['the printer'], says: /letters, digits, dots/ },
    { args: ['x;expires=2999-01-01'], says: /letters, digits, dots/ },
    { args: ['x', '--expires', '2027-02-30'], says: /a day as YYYY-MM-DD/ },
    { args: ['x', '--network', 'office'], says: /ADDRESS or ADDRESS\/PREFIX/ },
    { args: ['x', '--network', '0.0.0.0/0'], says: /ADDRESS or ADDRESS\/PREFIX/ },
    { args: ['x', '--iterations', '1000'], says: /from 4096 to 100000/ },
    { args: ['x', '--iterations', '100001'], says: /from 4096 to 100000/ },
    {
      args: ['x', ...Array.from({ length: 60 }, (_, n) => ['--network', `2001:db8:1:2:3::${n}`]).flat()],
      says: /the value is longer than 1024 octets/,
    },
    { args: [], says: /missing required argument/ },
  ];
  for (const { args, says } of wrong) {
    void it(`refuses ${args.slice(0, 3).join(' ') || 'nothing'}`, async () => {
      const { code, out, err } = await gatekeeper(['app-password', ...args], { cwd: '/' });
      assert.deepEqual([code, out], [64, '']);
      assert.match(err, says);
    });
  }
});

void describe('gatekeeper app-password, its output fed to ldapmodify', () => {
  let slapd: Slapd;
  let site: Site;
  before(async () => {
    const access = `access to * by dn.exact="uid=dave,${peopleBase}" write by anonymous auth by users read`;
    slapd = await startSlapd({ ldif: ldif(entries()), access });
    const directory = { app_password_attribute: 'gatekeeperAppPassword' };
    site = await startSite({ directoryUrl: slapd.url, settings: { directory } });
  });
  after(async () => {
    await site.stop();
    await slapd.stop();
  });

  void it('makes a password that logs in', async () => {
    const { out } = await gatekeeper(['app-password', 'printer'], { haraka: site.dir });
    const password = /^password {2}(\S+)$/m.exec(out)?.[1] ?? '';
    const bind = ['-x', '-H', slapd.url, '-D', `uid=dave,${peopleBase}`, '-w', 'pw-dave'];
    execFileSync('ldapmodify', bind, { input: out.slice(out.indexOf('dn: ')), stdio: 'pipe' });
    const shown = await gatekeeper(['login', 'alice@corp.example'], { haraka: site.dir, input: password });
    assert.match(
      shown.out,
      /^yes: alice@corp\.example may log in; it is the application password printer\n[^]*^app passwords {2}printer$/m,
    );
  });
});

void describe('gatekeeper login with application passwords', () => {
  let slapd: Slapd;
  let site: Site;
  before(async () => {
    const networks = ['10.1.0.0/16', '2001:db8::/48'];
    const people = {
      alice: [appPassword('printer', { networks, expires: '2999-12-31' }), appPassword('laptop')],
      bob: [appPassword('phone', { expires: '2020-01-01' }), 'name=x;nonsense'],
      retired: [appPassword('old')],
    };
    slapd = await startSlapd({ ldif: ldif(withAppPasswords(entries(), people)) });
    const directory = { app_password_attribute: 'gatekeeperAppPassword' };
    site = await startSite({ directoryUrl: slapd.url, settings: { directory } });
  });
  after(async () => {
    await site.stop();
    await slapd.stop();
  });

  const login = async (who: string, password: string, ...more: readonly string[]) => {
    const args = ['login', `${who}@corp.example`, ...more];
    const { code, out, err } = await gatekeeper(args, { haraka: site.dir, input: password });
    assert.equal(err, '');
    assert.doesNotMatch(out, /SCRAM-SHA-256\$\d|app-(?!password)/);
    return { code, lines: out.trimEnd().split('\n') };
  };

  const printer = 'printer, from 10.1.0.0/16 or 2001:db8::/48 only, until 2999-12-31';
  const ofAlice = [`app passwords  ${printer}`, '               laptop'];

  void it('says which one was given, and shows all of them', async () => {
    const { code, lines } = await login('alice', 'app-printer');
    assert.equal(code, 0);
    assert.equal(lines[0], `yes: alice@corp.example may log in; it is the application password ${printer}`);
    assert.deepEqual(lines.slice(-2), ofAlice);
  });

  void it('shows them with the password of the account, and without any', async () => {
    const own = await login('alice', 'pw-alice');
    assert.equal(own.lines[0], 'yes: alice@corp.example may log in; the password is right');
    assert.deepEqual(own.lines.slice(-2), ofAlice);
    assert.deepEqual((await login('alice', '', '--no-password')).lines.slice(-2), ofAlice);
    assert.equal((await login('carol', 'pw-carol')).lines.at(-1), 'app passwords  (nothing)');
  });

  void it('says that its last day is over, and notes what cannot be read', async () => {
    const { code, lines } = await login('bob', 'app-phone');
    assert.equal(code, 1);
    assert.deepEqual(lines, [
      'no: bob@corp.example: app-password-expired: it is an application password whose last day is over',
      'given          phone',
      'account        uid=bob,ou=people,dc=corp,dc=example',
      'name           bob@corp.example',
      'may send as    bob@corp.example',
      'app passwords  phone, until 2020-01-01',
      'note           directory: uid=bob,ou=people,dc=corp,dc=example: gatekeeperAppPassword: a value is not name=…;expires=…;networks=…;SCRAM-SHA-256$…, and logs nobody in',
    ]);
  });

  void it('names one of an account that is disabled', async () => {
    const { code, lines } = await login('retired', 'app-old');
    assert.equal(code, 1);
    assert.match(lines.join('\n'), /^no: .*: account-disabled: .*\ngiven {2}old$/);
  });

  void it('gives them in JSON', async () => {
    const { lines } = await login('alice', 'app-laptop', '--json');
    const { app_password, account } = JSON.parse(lines[0] ?? '') as {
      app_password: string;
      account: { app_passwords: unknown };
    };
    assert.equal(app_password, 'laptop');
    assert.deepEqual(account.app_passwords, [
      { name: 'printer', networks: ['10.1.0.0/16', '2001:db8::/48'], expires: '2999-12-31' },
      { name: 'laptop' },
    ]);
  });
});
