import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { notesOf, planOf, plansOf } from '../haraka-directory.ts';

const people = 'ou=people,dc=corp,dc=example';
const dns = `[dns]\ndn1=uid=%u,${people}`;

const usual = `[core]\nserver=ldaps://ldap.corp.example\nrejectUnauthorized=true\n${dns}`;

const servers = [
  { it: 'a path', ini: 'server=ldaps://ldap.corp.example/dc=x', urls: ['ldaps://ldap.corp.example'] },
  { it: 'a port', ini: 'server=ldaps://ldap.corp.example:1636/', urls: ['ldaps://ldap.corp.example:1636'] },
  { it: 'letters of any case', ini: 'server=LDAPS://LDAP.corp.example', urls: ['ldaps://LDAP.corp.example'] },
  { it: 'IPv6', ini: 'server=ldaps://[2001:db8::1]:636', urls: ['ldaps://[2001:db8::1]:636'] },
  { it: 'others', ini: 'server[]=ldaps://a\nserver[]=ldaps://b', urls: ['ldaps://a', 'ldaps://b'] },
  { it: 'no host', ini: 'server=ldap:///', urls: ['ldap://localhost'] },
  { it: 'nothing', ini: '', urls: ['ldap://127.0.0.1'] },
].map((one) => ({ ...one, ini: `[core]\n${one.ini}\n${dns}` }));

const noUrls = [
  'ldaps://ldap.corp.example ; main',
  'ldap.corp.example',
  'ldapi://%2fldapi',
  'ldaps://x:99999',
].map((server) => `[core]\nserver=${server}\n${dns}`);

const security = [
  { it: 'ldaps, verified', ini: 'server=ldaps://x\nrejectUnauthorized=true', ca: false },
  { it: 'ldaps, not verified', ini: 'server=ldaps://x\nrejectUnauthorized=false', ca: true },
  { it: 'ldaps, not said, and so not verified', ini: 'server=ldaps://x', ca: true },
  { it: 'ldap to the loopback', ini: 'server=ldap://127.0.0.1', startTls: 'false', ca: false },
  { it: 'ldap over the network', ini: 'server=ldap://x', startTls: 'true', ca: true },
  { it: 'ldap to both', ini: 'server[]=ldap://localhost\nserver[]=ldap://x', startTls: 'true', ca: true },
].map((one) => ({ startTls: undefined, ...one, ini: `[core]\n${one.ini}\n${dns}` }));

const timeouts = [
  { it: 'milliseconds as seconds', ini: 'timeout=1500', seconds: 1.5 },
  { it: 'no longer than a login may take', ini: 'timeout=60000', seconds: 10 },
  { it: 'not when it is no number', ini: 'timeout=5s', seconds: 5 },
  { it: 'not when it is 0, which is none', ini: 'timeout=0', seconds: 5 },
].map((one) => ({ ...one, ini: `[core]\n${one.ini}\n${dns}` }));

const unknown = [
  { it: 'there is no template', ini: '[core]\nserver=ldaps://x' },
  { it: 'a template is no search', ini: `[dns]\na=cn=mail,uid=%u,${people}\nb=uid=%u,${people}` },
  { it: 'the places have nothing in common', ini: '[dns]\na=uid=%u,dc=a\nb=uid=%u,dc=b' },
  { it: 'the template has none', ini: '[dns]\na=%u@corp.example' },
];

const two = '[dns]\nb=uid=%u,ou=b,dc=x\na=uid=%u,ou=a,dc=x';

const cases = [servers, security, timeouts, unknown].flat().map(({ ini }) => ini);
const plans = plansOf('auth-ldap', [usual, two, ...noUrls, ...cases]);

function planFrom(ini: string) {
  const plan = plans.get(ini);
  assert.ok(plan);
  return plan;
}

describe('auth_ldap.ini', () => {
  it('becomes a search below the place of its template, by an account that is to be made', () => {
    assert.equal(
      planFrom(usual).settings,
      `# Proposed by \`gatekeeper import\` from auth_ldap.ini.
# The sample in the package's folder config/ explains every setting.
directory:
  # auth_ldap.ini: [core] server
  urls: [ldaps://ldap.corp.example]
  # auth-ldap has no account of its own; this one needs the rights in docs/sysadmin.md
  bind_dn: cn=gatekeeper,ou=services,dc=corp,dc=example # FILL IN
  # The password of bind_dn: write it into this file (mode 600)
  bind_password_file: ldap.password
  # auth_ldap.ini: [dns] dn1 = uid=%u,${people}
  base: ${people}
  # A login is what %u stood for
  filter: (uid={login})
`,
    );
  });

  for (const { it: what, ini, urls } of servers) {
    it(`takes a server with ${what}`, () => assert.deepEqual(planFrom(ini).policy.directory?.urls, urls));
  }

  for (const ini of noUrls) {
    it(`leaves to be filled in what is no URL: ${ini.split('\n')[1]}`, () => {
      assert.match(planFrom(ini).settings, /^ {2}urls: \[ldaps:\/\/ldap\.example\.com\] # FILL IN$/m);
    });
  }

  for (const { it: what, ini, startTls, ca } of security) {
    it(`settles TLS of ${what}`, () => {
      const plan = planFrom(ini);
      const says = (text: string) => notesOf(plan).includes(text);
      assert.equal(/^ {2}start_tls: (\w+)$/m.exec(plan.settings)?.[1], startTls);
      assert.equal(plan.settings.includes('# ca_file: ldap-ca.pem # FILL IN'), ca);
      assert.equal(says('in clear. Gatekeeper asks such a server for StartTLS'), startTls === 'true');
      assert.equal(says('was not verified. Now it is'), what.includes('not verified'));
    });
  }

  for (const { it: what, ini, seconds } of timeouts) {
    it(`takes the timeout ${what}`, () => {
      assert.equal(planFrom(ini).policy.directory?.operation_timeout_seconds, seconds);
    });
  }

  it('names all templates of one search, and what that changes', () => {
    const plan = planFrom(two);
    const from = ['b = uid=%u,ou=b,dc=x', 'a = uid=%u,ou=a,dc=x'].map(
      (text) => `  # auth_ldap.ini: [dns] ${text}\n`,
    );
    assert.ok(plan.settings.includes(`${from.join('')}  base: dc=x\n`), plan.settings);
    assert.match(notesOf(plan), /a login that finds two entries is answered 454/);
  });

  for (const { it: what, ini } of unknown) {
    it(`leaves the base to be filled in where ${what}`, () => {
      assert.match(planFrom(ini).settings, /^ {2}base: .* # FILL IN$/m);
    });
  }

  it('counts the defaults that the installed plugin ships, and leaves its sample DNs out', () => {
    const home = 'node_modules/haraka-plugin-auth-ldap';
    const sample = '[core]\nserver=ldaps://127.0.0.1\n[dns]\ndn1=uid=%u,dc=sample\ndn2=uid=%u,ou=sample\n';
    const plan = planOf({
      plugins: 'auth-ldap\n',
      'auth_ldap.ini': '[dns]\ndn1=uid=%u,dc=mine',
      [`${home}/package.json`]: '{}',
      [`${home}/config/auth_ldap.ini`]: sample,
    });
    assert.match(
      plan.settings,
      /# default of the plugin: \[core\] server\n {2}urls: \[ldaps:\/\/127\.0\.0\.1\]/,
    );
    assert.equal(plan.policy.directory?.base, 'dc=mine');
    assert.match(notesOf(plan), /left out: uid=%u,ou=sample\.$/m);
  });
});
