import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { usersLdif } from '../../../plugins/command/import/flat-file.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { dryRun } from '../../support/slapd.ts';
import { notesOf, planOf, plansOf } from '../haraka-directory.ts';

const base = 'ou=people,dc=corp,dc=example';

const passwords = [
  { it: 'a word', line: 'a=pw-1', accepted: 'pw-1' },
  { it: 'spaces around and inside', line: 'a =  p w  ', accepted: 'p w' },
  { it: 'a semicolon, which is no comment', line: 'a=x ; y', accepted: 'x ; y' },
  { it: 'an equals sign', line: 'a=x=y', accepted: 'x=y' },
  { it: 'a number that loses its zero', line: 'a=0123', accepted: '123' },
  { it: 'a number that is too large', line: 'a=12345678901234567890', accepted: '12345678901234567000' },
  { it: 'a fraction', line: 'a=1.50', accepted: '1.5' },
  { it: 'a list', line: 'a[]=x\na[]=y', accepted: 'x,y' },
  { it: 'the last of two', line: 'a=x\na=y', accepted: 'y' },
  { it: 'a continued line', line: 'a=x\\\ny', accepted: 'xy' },
  { it: 'none', line: 'a=', accepted: undefined },
  { it: 'none and no equals sign', line: 'a', accepted: undefined },
  { it: 'zero, which counts as none', line: 'a=0', accepted: undefined },
].map((one) => ({ ...one, ini: `[users]\n${one.line}` }));

const names = [
  {
    it: 'two that differ by case',
    ini: '[users]\nBob=1x\nbob=2x\neve=3x',
    users: ['Bob', 'eve'],
    note: /^auth\/flat_file: bob: differs from another name by case only/m,
  },
  {
    it: 'one without a password',
    ini: '[users]\na=\nb=x',
    users: ['b'],
    note: /: a: no password, so no login/,
  },
  {
    it: 'one with a password of digits',
    ini: '[users]\na=0123\nb=x',
    users: ['a', 'b'],
    note: /: a: Haraka reads the password as a number/,
  },
  {
    it: 'one that is no address',
    ini: '[users]\na=x\nb@corp.example=y',
    users: ['a', 'b@corp.example'],
    note: /: a: the name is no address/,
  },
  {
    it: 'one that Haraka cannot read',
    ini: '[users]\na b=x\nc=y',
    users: ['c'],
    note: /Haraka does not read line 2; nor is it here/,
  },
  {
    it: 'two that Haraka cannot read',
    ini: '[users]\na b=x\n\n; comment\n"c"=y',
    users: [],
    note: /does not read lines 2, 5;/,
  },
  {
    it: 'a section that is none',
    ini: '[users\na=x\n[users]\nb=y',
    users: ['b'],
    note: /"\[users" begins no section: what follows it counts for \[main\]/,
  },
  {
    it: 'sections of the same name',
    ini: '[users]\na=x\n[core]\n[users]\nb=y',
    users: ['a', 'b'],
    note: /The users move/,
  },
];

const told = [
  { it: 'CRAM-MD5 among others', ini: '[core]\nmethods=PLAIN,cram-md5', note: /CRAM-MD5 is not offered/ },
  {
    it: 'senders of its domain',
    ini: '[core]\nmethods=PLAIN',
    note: /any address of the domain in its name/,
  },
  { it: 'senders of any domain', ini: '[core]\nconstrain_sender=off', note: /could send as any address\. / },
];

const cases = [passwords, names, told].flat().map(({ ini }) => ini);
const plans = plansOf('auth/flat_file', cases, base);

function planFrom(ini: string) {
  const plan = plans.get(ini);
  assert.ok(plan);
  return plan;
}

describe('auth_flat_file.ini', () => {
  for (const { it: what, ini, accepted } of passwords) {
    it(`has the password that Haraka accepts: ${what}`, () => {
      const [user] = planFrom(ini).users;
      assert.equal(
        user?.password.reveal((bytes) => bytes.toString()),
        accepted,
      );
    });
  }

  for (const { it: what, ini, users, note } of names) {
    it(`has users, and tells of ${what}`, () => {
      const plan = planFrom(ini);
      assert.deepEqual(
        plan.users.map(({ name }) => name),
        users,
      );
      assert.match(notesOf(plan), note);
    });
  }

  for (const { it: what, ini, note } of told) {
    it(`tells what becomes of ${what}`, () => assert.match(notesOf(planFrom(ini)), note));
  }

  it('tells what becomes of CRAM-MD5 where Haraka has it by default', () => {
    assert.match(notesOf(planOf({ plugins: 'auth/flat_file\n' })), /CRAM-MD5 is not offered/);
  });

  it('never shows a line that cannot be read: it may hold a password', () => {
    assert.doesNotMatch(JSON.stringify(planFrom('[users]\na b=x\nc=y')), /a b/);
  });

  it('knows the base of the command line, and nothing else of the directory', () => {
    const { settings } = planFrom('[users]\na=');
    assert.deepEqual(settings.match(/^ {2}\w+: .*$/gm), [
      '  urls: [ldaps://ldap.example.com] # FILL IN',
      '  bind_dn: cn=gatekeeper,ou=services,dc=corp,dc=example # FILL IN',
      '  bind_password_file: ldap.password',
      `  base: ${base}`,
      '  filter: (&(objectClass=inetOrgPerson)(uid={login}))',
    ]);
  });
});

describe('users as LDIF', () => {
  const user = (name: string) => ({ name, password: Secret.fromText('pw') });
  const hidden = (text: string) => text.replaceAll(/\{SSHA\}\S+/g, '{SSHA}…').replaceAll(/^#.*\n/gm, '');

  it('has name and address of who is called by one', () => {
    const entry = `
dn: uid=alice@corp.example,${base}
objectClass: inetOrgPerson
uid: alice@corp.example
cn: alice@corp.example
sn: alice@corp.example
mail: alice@corp.example
userPassword: {SSHA}…
`;
    assert.equal(hidden(usersLdif([user('alice@corp.example')], base)), entry);
  });

  it('asks for the address of who is not', () => {
    const text = usersLdif([user('matt')], base);
    assert.match(text, /^# mail: matt@FILL-IN$/m);
    assert.doesNotMatch(text, /^mail:/m);
  });

  it('has no password in clear', () => {
    assert.doesNotMatch(usersLdif([{ name: 'a', password: Secret.fromText('pw-clear') }], base), /pw-clear/);
  });

  it('is accepted by slapadd, odd names and all', async () => {
    const odd = ['a+b@corp.example', 'x/y', '-', '[z]', 'a:b', 'bob@corp.example'].map(user);
    const top = `dn: dc=corp,dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: corp\no: Corp\n`;
    const unit = `dn: ${base}\nobjectClass: organizationalUnit\nou: people\n`;
    await dryRun([top, unit, usersLdif(odd, base)].join('\n'));
  });
});
