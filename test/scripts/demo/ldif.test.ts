import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries } from '../../../scripts/demo/people.ts';
import { dryRun } from '../../support/slapd.ts';

const values = [
  { it: 'plain text', value: 'Alice Smith', line: 'cn: Alice Smith' },
  { it: 'a colon inside', value: 'a: b', line: 'cn: a: b' },
  { it: 'a colon first', value: ':a', line: 'cn:: OmE=' },
  { it: 'a less-than sign first', value: '<a', line: 'cn:: PGE=' },
  { it: 'a space first', value: ' a', line: 'cn:: IGE=' },
  { it: 'a space last', value: 'a ', line: 'cn:: YSA=' },
  { it: 'a line break', value: 'a\ndn: x', line: 'cn:: YQpkbjogeA==' },
  { it: 'letters beyond US-ASCII', value: 'Bücher', line: 'cn:: QsO8Y2hlcg==' },
] as const;

for (const { it, value, line } of values) {
  test(`writes ${it} as RFC 2849 wants it`, () => {
    const text = ldif([{ dn: 'dc=x', attributes: { cn: [value] } }]);
    assert.deepEqual(text.split('\n').slice(-3), ['dn: dc=x', line, '']);
  });
}

test('hashes passwords, with a salt of their own each time', () => {
  const [first, second] = [ldif(entries()), ldif(entries())];
  const hashes = [...`${first}${second}`.matchAll(/^userPassword: (\{SSHA\}\S+)$/gm)].map(
    (match) => match[1],
  );
  assert.equal(hashes.length, 18);
  assert.equal(new Set(hashes).size, 18);
  assert.doesNotMatch(first.replace(/^#.*$/gm, ''), /pw-/);
});

test('names the schema that OpenLDAP needs first', () => {
  assert.match(ldif(entries()), /^# [^\0]*config\/system\/openldap\/gatekeeper\.schema first/);
});

test('is accepted by slapadd, and not without the schema of its classes', async () => {
  await dryRun(ldif(entries()));
  const broken = ldif(entries()).replace('objectClass: gatekeeperSender', 'objectClass: unheardOf');
  await assert.rejects(dryRun(broken), /unheardOf/);
});
