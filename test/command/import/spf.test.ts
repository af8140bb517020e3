import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { notesOf, planOf, plansOf, type Loaded } from '../haraka-directory.ts';

const recorded = { fail: 'record', softfail: 'record', permerror: 'record', temperror: 'record' };

const settings = [
  { it: 'a file that says nothing', ini: '', spf: {} },
  { it: 'mfrom_fail', ini: '[deny]\nmfrom_fail=true', spf: { fail: 'reject' } },
  { it: 'mfrom_softfail', ini: '[deny]\nmfrom_softfail=yes', spf: { softfail: 'reject' } },
  { it: 'mfrom_permerror', ini: '[deny]\nmfrom_permerror=1', spf: { permerror: 'reject' } },
  { it: 'mfrom_temperror', ini: '[defer]\nmfrom_temperror=true', spf: { temperror: 'defer' } },
  { it: 'a key that says false', ini: '[deny]\nmfrom_fail=false', spf: {} },
  { it: 'a key of the shipped sample', ini: '[deny]\ndeny.mfrom_fail=true', spf: {} },
  { it: 'keys of HELO', ini: '[deny]\nhelo_fail=true\n[defer]\nhelo_temperror=true', spf: {} },
  {
    it: 'keys about who has logged in',
    ini: '[deny_relay]\nmfrom_fail=true\n[defer_relay]\nmfrom_temperror=true',
    spf: {},
  },
] as const;

const everything = `lookup_timeout = 20
dns_timeout = 8
[relay]
context = myself
[skip]
relaying = true
auth = true
[defer]
helo_temperror = true
mfrom_temperror = true
[defer_relay]
mfrom_temperror = true
[deny]
helo_none = true
helo_softfail = true
helo_fail = true
helo_permerror = true
mfrom_none = true
mfrom_fail = true
openspf_text = true
[deny_relay]
helo_fail = true
openspf_text = true`;

const always = [
  /^spf: HELO is judged whoever the sender is/m,
  /^spf: Put your domains into protected_domains/m,
  /^spf: Clients at private addresses are judged too/m,
  /^spf: Who forwards mail to you .* partners, with forwarder: true/m,
];

const told = [
  {
    it: 'results that no setting refuses',
    ini: everything,
    note: /^spf: \[deny\] helo_none, \[deny\] helo_softfail, \[deny\] helo_permerror, \[deny\] mfrom_none, \[defer\] helo_temperror: without an equal/m,
  },
  { it: 'openspf_text', ini: everything, note: /^spf: \[deny\] openspf_text: without an equal/m },
  {
    it: 'what counted for who has logged in',
    ini: everything,
    note: /^spf: \[skip\] relaying, \[skip\] auth, \[relay\] context, \[deny_relay\] helo_fail, \[deny_relay\] openspf_text, \[defer_relay\] mfrom_temperror: not needed/m,
  },
  {
    it: 'timeouts',
    ini: everything,
    note: /^spf: lookup_timeout, dns_timeout: not taken over\. dns\.timeout_seconds is/m,
  },
  { it: 'a plugin that refused nothing', ini: '', note: /^spf: It refused no result of MAIL FROM/m },
  {
    it: 'a key of the shipped sample that had no effect',
    ini: '[deny]\ndeny.mfrom_fail = true',
    note: /^spf: config\/spf\.ini: deny\.mfrom_fail in \[deny\] had no effect, .*spf\.fail: reject\.$/m,
  },
] as const;

const plain = '[deny]\nmfrom_fail=true\ndeny.mfrom_softfail=false\nhelo_none=no';
const plans = plansOf<string>('spf', [plain, ...[...settings, ...told].map(({ ini }) => ini)]);
const planFrom = (ini: string): Loaded => plans.get(ini) ?? assert.fail();

describe('spf.ini', () => {
  for (const { it: what, ini, spf } of settings) {
    it(`becomes settings from ${what}`, () => {
      const { fail, softfail, permerror, temperror } = planFrom(ini).policy.spf;
      assert.deepEqual({ fail, softfail, permerror, temperror }, { ...recorded, ...spf });
    });
  }

  for (const { it: what, ini, note } of told) {
    it(`tells of ${what}`, () => assert.match(notesOf(planFrom(ini)), note));
  }

  it('tells of what holds for everybody, and of nothing else where nothing else is set', () => {
    const about = planFrom(plain).notes.filter((note) => note.about === 'spf');
    assert.equal(about.length, always.length);
    for (const note of always) assert.match(notesOf(planFrom(plain)), note);
  });

  it('says of each setting where it came from, and leaves the domains to the operator', () => {
    const { settings: text } = planOf({ plugins: 'spf\n', 'spf.ini': '[deny]\nmfrom_fail=true\n' });
    assert.equal(
      text,
      `# Proposed by \`gatekeeper import\` from spf.ini.
# The sample in the package's folder config/ explains every setting.
# config/plugins lists no AUTH plugin: nobody logs in here
roles: [mx]
# Your own domains: who uses one without a login needs an SPF pass, or an entry of partners
# protected_domains: [example.com] # FILL IN
spf:
  # spf.ini: [deny] mfrom_fail
  fail: reject
  # default of the plugin: [deny] mfrom_softfail
  softfail: record
  # default of the plugin: [deny] mfrom_permerror
  permerror: record
  # default of the plugin: [defer] mfrom_temperror
  temperror: record
`,
    );
  });
});

const hosts = [
  { it: 'mx alone without an AUTH plugin', plugins: 'tls\nspf\n', roles: ['mx'] },
  { it: 'both roles with auth-ldap', plugins: 'auth-ldap\nspf\n' },
  { it: 'both roles with a plugin that is not taken over', plugins: 'auth/auth_proxy\nspf\n' },
  { it: 'both roles with gatekeeper/auth', plugins: 'spf\ngatekeeper/auth\n' },
  {
    it: "both roles with the operator's own AUTH plugin",
    plugins: 'auth/own\nspf\n',
    'plugins/auth/own.js': '',
  },
  { it: "both roles with the operator's own ldap", plugins: 'ldap\nspf\n', 'plugins/ldap.js': '' },
];

describe('a host with spf', () => {
  for (const { it: what, roles = ['submission', 'mx'], ...files } of hosts) {
    it(`is taken for ${what}`, () => {
      const plan = planOf(files);
      const isMx = roles.length === 1;
      assert.deepEqual(plan.policy.roles, roles);
      assert.equal(plan.policy.directory === undefined, isMx);
      assert.equal(/^gatekeeper\/auth$/m.test(plan.plugins.after), !isMx);
      assert.equal(/^roles: .*mx alone/m.test(notesOf(plan)), isMx);
      assert.doesNotMatch(plan.plugins.after, /^spf$/m);
    });
  }

  it('hears nothing of ports where each is for mx', () => {
    const plan = planOf({ plugins: 'spf\n', 'smtp.ini': 'listen=[::0]:25,[::0]:2525\n' });
    assert.doesNotMatch(notesOf(plan), /taken for submission/);
  });

  it('is not told that SPF is new to it', () => {
    assert.match(notesOf(planOf({ plugins: 'ldap\n' })), /^spf: Mail that nobody logged in for is judged/m);
    assert.doesNotMatch(notesOf(planOf({ plugins: 'ldap\nspf\n' })), /is judged by SPF now/);
  });
});

/** What docs/migrate/spf.md says of the version that Haraka brings. */
describe('haraka-plugin-spf, as installed', () => {
  const require = createRequire(createRequire(import.meta.url).resolve('haraka/package.json'));
  const manifest = require.resolve('haraka-plugin-spf/package.json');
  const library = join(dirname(manifest), 'lib/spf.js');

  interface Spf {
    resolver: object;
    log_debug: () => void;
    check_host(ip: string, domain: string, sender: string): Promise<number>;
    result(value: number): string;
  }

  it('is the version that the page names', () => {
    assert.equal((require(manifest) as { version: string }).version, '1.3.0');
  });

  for (const qualifier of ['', '+', '-', '~', '?']) {
    it(`answers Pass to ${qualifier}include of a domain that passes`, async () => {
      const { SPF } = require(library) as { SPF: (new () => Spf) & { prototype: Spf } };
      SPF.prototype.log_debug = () => undefined;
      const records: Record<string, string> = {
        'a.example': `v=spf1 ${qualifier}include:b.example ~all`,
        'b.example': 'v=spf1 ip4:192.0.2.1 -all',
      };
      const spf = new SPF();
      spf.resolver = { resolveTxt: (name: string) => Promise.resolve([[records[name]]]) };
      assert.equal(spf.result(await spf.check_host('192.0.2.1', 'a.example', 'x@a.example')), 'Pass');
    });
  }

  /** Within 200 ms: one that ends at all does so at once. */
  const expand = (sender: string) => {
    const context = createContext({ require: createRequire(library), exports: {}, sender });
    runInContext(readFileSync(library, 'utf8'), context);
    const script = 'const spf = new exports.SPF(); spf.mail_from = sender; spf.expand_macros("%{l}.x")';
    return runInContext(script, context, sender.includes('%') ? { timeout: 200 } : {}) as string;
  };

  it('expands a macro, but never returns from a local-part that holds one', () => {
    assert.equal(expand('alice@a.example'), 'alice.x');
    assert.throws(() => expand('aaaa%{l}@a.example'), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' });
  });
});
