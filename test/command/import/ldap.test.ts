import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { notesOf, planOf, plansOf } from '../haraka-directory.ts';

const account = 'cn=haraka,ou=services,dc=corp,dc=example';
const main = `server[]=ldaps://ldap.corp.example\nbinddn=${account}\nbindpw=pw-secret\nbasedn=dc=corp,dc=example`;
const usual = `${main}\n[authn]\nsearchfilter=(&(objectClass=person)(uid=%u))\n[authz]\nsearchfilter=(&(uid=%u)(|(mail=%a)(alias = %a)))`;

const filters = [
  { it: 'the default', ini: '[authn]', filter: '(&(objectclass=*)(uid={login}))' },
  {
    it: 'the login twice',
    ini: '[authn]\nsearchfilter=(|(uid=%u)(mail=%u))',
    filter: '(|(uid={login})(mail={login}))',
  },
  {
    it: 'braces, which are data',
    ini: '[authn]\nsearchfilter=(&(cn={x})(uid=%u))',
    filter: '(&(cn=\\7bx\\7d)(uid={login}))',
  },
  { it: 'a continued line', ini: '[authn]\nsearchfilter=(& \\\n(uid=%u))', filter: '(& (uid={login}))' },
].map((one) => ({ ...one, ini: `${main}\n${one.ini}` }));

const toFillIn = [
  { it: 'a filter that is none', key: 'filter', ini: `${main}\n[authn]\nsearchfilter=uid=%u` },
  { it: 'a filter without the login', key: 'filter', ini: `${main}\n[authn]\nsearchfilter=(uid=x)` },
  { it: 'no basedn', key: 'base', ini: 'server[]=ldaps://x\n[authn]' },
  { it: 'no binddn', key: 'bind_dn', ini: 'server[]=ldaps://x\nbindpw=x\n[authn]' },
  { it: 'no bindpw', key: 'bind_dn', ini: `server[]=ldaps://x\nbinddn=${account}\n[authn]` },
];

const startTls = [
  { it: 'true', ini: 'tls_enabled=true', expected: 'true' },
  { it: 'the text false', ini: 'tls_enabled=false', expected: 'true' },
  { it: 'the number 0, over the network', ini: 'tls_enabled=0', expected: 'true' },
  { it: 'a bare flag, over the network', ini: 'tls_enabled', expected: 'true' },
  { it: 'nothing, to the loopback', ini: '', server: 'ldap://localhost:389', expected: 'false' },
  { it: 'true, to the loopback', ini: 'tls_enabled=true', server: 'ldap://localhost:389', expected: 'true' },
].map(({ server = 'ldap://ldap.corp.example', ...one }) => ({
  ...one,
  ini: `server[]=${server}\n${one.ini}\n[authn]`,
}));

const told = [
  {
    it: 'a scope that is narrower',
    ini: `${main}\nscope=base\n[authn]\nscope=one`,
    note: /\[authn\] scope = one: Gatekeeper searches all/,
  },
  { it: 'a password of digits', ini: main.replace('pw-secret', '0123'), note: /loses zeros at its begin/ },
  {
    it: 'dn without brackets',
    ini: `${main}\n[authn]\ndn=uid=%u,dc=x`,
    note: /dn without brackets, dn\[\], had no effect/,
  },
  { it: 'no logins', ini: main, note: /Without a section \[authn\] it checked no logins/ },
  {
    it: 'no certificate verified, which it was',
    ini: `${main}\ntls_rejectUnauthorized=false`,
    note: /did not keep it from verifying/,
  },
  { it: 'the text false', ini: `${main}\ntls_enabled=false`, note: /tls_enabled=false is a text to it/ },
  { it: 'nothing about the sender', ini: main, note: /Whoever was logged in could send as anybody/ },
  {
    it: 'a sender that no attribute says',
    ini: `${main}\n[authz]\nsearchfilter=(mail=*%a)`,
    note: /address_attributes cannot say all/,
  },
  {
    it: 'aliases',
    ini: `${main}\n[aliases]`,
    note: /It also replaced recipients \(\[aliases\]\)\. Gatekeeper has no equal/,
  },
  {
    it: 'recipients',
    ini: `${main}\n[rcpt_to]`,
    note: /It also checked recipients \(\[rcpt_to\]\)\. .*does not start beside it/,
  },
];

const byTemplate = `${main}\n[authn]\ndn[]=uid=%u,ou=a,dc=corp,dc=example\ndn[]=uid=%u,ou=b,dc=corp,dc=example`;

const cases = [filters, toFillIn, startTls, told].flat().map(({ ini }) => ini);
const plans = plansOf('ldap', [usual, byTemplate, ...cases]);

function planFrom(ini: string) {
  const plan = plans.get(ini);
  assert.ok(plan);
  return plan;
}

describe('ldap.ini', () => {
  it('is taken over: server, account, base, filter, and the attributes that own an address', () => {
    assert.equal(
      planFrom(usual).settings,
      `# Proposed by \`gatekeeper import\` from ldap.ini.
# The sample in the package's folder config/ explains every setting.
directory:
  # ldap.ini: server
  urls: [ldaps://ldap.corp.example]
  # ldap.ini: binddn
  bind_dn: ${account}
  # ldap.ini: bindpw (mode 600)
  bind_password_file: ldap.password
  # ldap.ini: basedn
  base: dc=corp,dc=example
  # ldap.ini: [authn] searchfilter
  filter: (&(objectClass=person)(uid={login}))
  # ldap.ini: [authz] searchfilter
  address_attributes: [mail, alias]
`,
    );
  });

  it('has a password that no part of the plan prints', () => {
    const plan = planFrom(usual);
    assert.equal(
      plan.proposed.directory?.password?.reveal((bytes) => bytes.toString()),
      'pw-secret',
    );
    assert.doesNotMatch(JSON.stringify(plan), /pw-secret/);
  });

  for (const { it: what, ini, filter } of filters) {
    it(`takes a filter with ${what}`, () => assert.equal(planFrom(ini).policy.directory?.filter, filter));
  }

  for (const { it: what, key, ini } of toFillIn) {
    it(`leaves ${key} to be filled in with ${what}`, () => {
      assert.match(planFrom(ini).settings, new RegExp(`^ {2}${key}: .* # FILL IN$`, 'm'));
    });
  }

  for (const { it: what, ini, expected } of startTls) {
    it(`asks for StartTLS as tls_enabled says by ${what}`, () => {
      assert.equal(/^ {2}start_tls: (\w+)$/m.exec(planFrom(ini).settings)?.[1], expected);
    });
  }

  it('by templates of a DN becomes one search, and keeps the account', () => {
    const { directory } = planFrom(byTemplate).policy;
    const { base, filter, bind_dn } = directory ?? {};
    assert.deepEqual(
      { base, filter, bind_dn },
      { base: 'dc=corp,dc=example', filter: '(uid={login})', bind_dn: account },
    );
  });

  for (const { it: what, ini, note } of told) {
    it(`is told about ${what}`, () => assert.match(notesOf(planFrom(ini)), note));
  }

  it('takes neither account nor base from the sample that the plugin ships', () => {
    const home = 'node_modules/haraka-plugin-ldap';
    const { settings, proposed } = planOf({
      plugins: 'haraka-plugin-ldap\n',
      'ldap.ini': 'server[]=ldaps://x\n',
      [`${home}/package.json`]: '{}',
      [`${home}/config/ldap.ini`]: 'binddn=uid=user1,dc=sample\nbindpw=REPLACE\nbasedn=sample\n[authn]\n',
    });
    assert.doesNotMatch(settings, /: sample|user1/);
    assert.equal(proposed.directory?.password, undefined);
  });
});
