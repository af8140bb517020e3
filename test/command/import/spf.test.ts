import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { notesOf, planOf, plansOf } from '../haraka-directory.ts';

const logged = /also looks at clients that have logged in/;
const noEffect = /\[skip\] auth has no effect beside gatekeeper\/auth/;

const told = [
  { it: 'clients that have logged in', ini: '', note: logged },
  { it: 'the same where only [skip] auth is set', ini: '[skip]\nauth=true', note: noEffect },
  {
    it: 'a key of the shipped sample that has no effect',
    ini: '[deny]\ndeny.mfrom_fail = true',
    note: /deny\.mfrom_fail in \[deny\] has no effect/,
  },
  {
    it: 'refusals of who has logged in',
    ini: '[deny_relay]\nmfrom_fail = yes\nhelo_none = no',
    note: /\[deny_relay\] mfrom_fail refuses mail of clients/,
  },
  { it: 'its weaknesses', ini: '[deny]\nmfrom_fail=true', note: /Version 1\.3\.0 has weaknesses/ },
];
const silent = '[skip]\nrelaying=true\n[deny]\nmfrom_fail=true';
const plans = plansOf('spf', [silent, ...told.map(({ ini }) => ini)]);

describe('spf.ini', () => {
  for (const { it: what, ini, note } of told) {
    it(`tells of ${what}`, () => assert.match(notesOf(plans.get(ini) ?? assert.fail()), note));
  }

  it('is silent about clients that [skip] relaying leaves out', () => {
    assert.doesNotMatch(notesOf(plans.get(silent) ?? assert.fail()), /logged in/);
  });

  it('keeps the line, and knows nothing of a directory', () => {
    const plan = planOf({ plugins: 'tls\nspf\n' });
    assert.match(plan.plugins.after, /^spf$/m);
    assert.equal(plan.settings.match(/FILL IN/g)?.length, 3);
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
