import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readSettings } from '../../plugins/core/settings/file.ts';
import { harakaDir } from '../../scripts/demo/instance.ts';
import { accepts } from '../gateway/traffic.ts';
import { gatekeeper } from '../support/command.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startSite, type Site } from '../support/instance.ts';
import { freePorts } from '../support/ports.ts';

// That it says what the start says, of every configuration that cannot be meant: test/gateway/bad-config.test.ts.

/** What lies in a folder: each file and folder with its size and when it was last changed. */
function snapshot(dir: string): string[] {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  // A gateway that runs keeps its events, and counts.
  const isBusy = (name: string) => name === 'haraka.log' || /^var\/gatekeeper(?:$|\/.*\.db)/.test(name);
  return ['', ...names.filter((name) => !isBusy(name))].sort().map((name) => {
    const { size, mtimeMs } = statSync(join(dir, name));
    return `${name} ${size} ${mtimeMs}`;
  });
}

void describe('gatekeeper check of a configuration that is right', () => {
  let site: Site;
  const { version } = JSON.parse(readFileSync(join(harakaDir, 'package.json'), 'utf8')) as {
    version: string;
  };
  before(async () => {
    site = await startSite();
    writeFileSync(join(site.dir, 'queue/1600000000000_0_1_1_a_1_host'), 'a message that waits');
    writeFileSync(join(site.dir, 'config/smtp.ini'), 'listen=127.0.0.1:1\nnodes=2\ndaemonize=true\n');
  });
  after(() => site.stop());

  const revision = () => readSettings(join(site.dir, 'config')).settings.revision;

  void it('is ok, names settings and Haraka, and writes nothing', async () => {
    const before = snapshot(site.dir);
    const { code, out, err } = await gatekeeper(['check'], { haraka: site.dir });
    const [ok, settings, haraka, ...checks] = out.trimEnd().split('\n');
    assert.deepEqual(
      [ok, settings, haraka],
      ['ok', `settings  revision ${revision()}`, `haraka    ${version} (${harakaDir})`],
    );
    // In the order in which they decide.
    assert.equal(checks[0], 'checks    session: tls/required, auth/required, outbound/suspended');
    assert.match(checks[1] ?? '', /^ {10}mail: auth\/account, .*sender\/envelope, .*sender\/spf/);
    assert.equal(checks.at(-1), '          gate: outbound/gate, audit/stored, outbound/count');
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(snapshot(site.dir), before);
  });

  void it('gives one JSON document', async () => {
    const { code, out } = await gatekeeper(['check', '--json'], { haraka: site.dir });
    assert.equal(code, 0);
    const haraka = { version, path: harakaDir };
    const { checks, ...rest } = JSON.parse(out) as { checks: Record<string, string[]> };
    assert.deepEqual(rest, { ok: true, revision: revision(), haraka });
    assert.deepEqual(checks['session'], ['tls/required', 'auth/required', 'outbound/suspended']);
  });

  void it("shows Haraka's own log with --verbose, and keeps it out of the answer", async () => {
    const { code, out, err } = await gatekeeper(['check', '--verbose', '--json'], {
      haraka: site.dir,
      ownProcess: true,
    });
    assert.equal(code, 0);
    assert.match(err, /loading gatekeeper\/outbound/);
    assert.equal((JSON.parse(out) as { ok: boolean }).ok, true);
  });

  void it('does not look at what a process of Haraka that starts it has in its environment', async () => {
    const env = { CLUSTER_MASTER_PID: '1', GATEKEEPER_SETTINGS: '{"revision":"of another"}' };
    const { code, out } = await gatekeeper(['check'], { haraka: site.dir, env });
    assert.deepEqual([code, out.split('\n')[1]], [0, `settings  revision ${revision()}`]);
  });

  void it('takes the Haraka that is installed in the directory, that of PATH, or the one that is named', async () => {
    const elsewhere = { haraka: site.dir, env: { PATH: join(process.execPath, '..') } };
    const none = await gatekeeper(['check'], elsewhere);
    assert.equal(none.code, 64);
    assert.match(none.err, /^gatekeeper: no Haraka found in .*; --haraka-package PATH names one/);
    const wrong = await gatekeeper(['check', '--haraka-package', site.dir], elsewhere);
    assert.equal(wrong.code, 64);
    assert.match(wrong.err, /is no package of Haraka/);
    assert.equal((await gatekeeper(['check', '--haraka-package', harakaDir], elsewhere)).code, 0);
    const installed = join(site.dir, 'node_modules/haraka');
    mkdirSync(installed);
    writeFileSync(join(installed, 'package.json'), '{"name":"haraka","version":"0.0.1","main":"x.js"}');
    writeFileSync(join(installed, 'server.js'), "throw new Error('the one of the directory');\n");
    const local = await gatekeeper(['check'], { haraka: site.dir });
    assert.deepEqual([local.code, local.out], [78, 'Error: the one of the directory\n']);
    rmSync(installed, { recursive: true });
  });
});

const badPlugins = [
  {
    it: 'throws when it is registered',
    code: "exports.register = () => { throw new TypeError('no such table\\nsecond line'); };",
    says: 'plugin bad: TypeError: no such table',
  },
  {
    it: 'throws something that is no error',
    code: "exports.register = () => { throw 'a text'; };",
    says: 'plugin bad: a text',
  },
  {
    it: 'cannot be read as JavaScript',
    code: 'exports.register = () => {',
    says: 'plugin bad: SyntaxError: Unexpected end of input',
  },
  {
    it: 'needs a package that is not there',
    code: "require('no-such-package');",
    says: "plugin bad: Error: Cannot find module 'no-such-package'",
  },
  {
    it: 'rejects',
    code: "exports.register = async () => { throw new Error('too late'); };",
    says: 'Error: too late',
  },
  {
    it: 'ends the process',
    code: "exports.register = () => { process.stderr.write('I give up\\n'); process.exit(3); };",
    says: 'Haraka ended by itself (exit 3) while plugin bad was loaded: I give up',
  },
  {
    it: 'hangs',
    code: 'exports.register = () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); };',
    says: 'Haraka hangs: nothing happened for 6 s while plugin bad was loaded',
  },
];

void describe('gatekeeper check with a plugin of somebody else that', { concurrency: 2 }, () => {
  for (const { it: title, code, says } of badPlugins) {
    void it(title, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-plugin-'));
      writeFileSync(join(folder, 'bad.js'), `${code}\n`);
      const site = await startSite({ first: [join(folder, 'bad.js')] });
      try {
        const result = await gatekeeper(['check', '--timeout', '6'], { haraka: site.dir });
        assert.deepEqual([result.code, result.out, result.err], [78, `${says}\n`, '']);
      } finally {
        await site.stop();
        rmSync(folder, { recursive: true });
      }
    });
  }
});

void describe('gatekeeper check without what it needs', { concurrency: 2 }, () => {
  const cases = [
    {
      it: 'no plugin of ours in config/plugins',
      change: (config: string) => writeFileSync(join(config, 'plugins'), 'tls\n'),
      says: /^config\/plugins loads no plugin of gatekeeper that starts\n$/,
    },
    {
      it: 'no config/plugins',
      change: (config: string) => rmSync(join(config, 'plugins')),
      says: /^config\/plugins loads no plugin of gatekeeper that starts\n$/,
    },
    {
      it: 'no config/smtp.ini',
      change: (config: string) => rmSync(join(config, 'smtp.ini')),
      says: /^\/.*\/config\/smtp\.ini is missing; --haraka DIR names the directory of Haraka\n$/,
    },
    {
      it: 'a plugin of ours that is not installed',
      change: (config: string) => writeFileSync(join(config, 'plugins'), 'gatekeeper/nonsense\n'),
      says: /^plugin gatekeeper\/nonsense: Loading plugin gatekeeper\/nonsense failed: No plugin with this name found\n$/,
    },
  ];
  for (const { it: title, change, says } of cases) {
    void it(title, async () => {
      const site = await startSite();
      change(join(site.dir, 'config'));
      const { code, out } = await gatekeeper(['check'], { haraka: site.dir });
      await site.stop();
      assert.equal(code, 78);
      assert.match(out, says);
    });
  }
});

void describe('gatekeeper check in the directory of a Haraka', () => {
  void it('that has no gatekeeper.yaml says that this is missing, and not that another directory is', async () => {
    const site = await startSite();
    rmSync(join(site.dir, 'config/gatekeeper.yaml'));
    const { code, out } = await gatekeeper(['check'], { cwd: site.dir });
    await site.stop();
    assert.equal(code, 78);
    assert.ok(out.startsWith(`${join(site.dir, 'config/gatekeeper.yaml')}: cannot be read (ENOENT)`), out);
  });
});

void describe('gatekeeper check beside a running gateway', () => {
  let test: TestGateway;
  let port: number;
  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-plugin-'));
    [port] = await freePorts(1);
    writeFileSync(
      join(folder, 'listens.js'),
      `exports.register = () => { require('node:net').createServer().listen(Number(process.env.TEST_PORT)); };\n`,
    );
    test = await startTestGateway({ last: [join(folder, 'listens.js')], env: { TEST_PORT: `${port}` } });
    rmSync(folder, { recursive: true });
  });
  after(() => test.stop());

  void it('opens no port, writes nothing, and leaves it alone', async () => {
    assert.ok(await accepts(port), 'the plugin of this test opens its port in the gateway');
    const before = snapshot(test.dir);
    const [free] = await freePorts(1);
    const run = gatekeeper(['check'], { haraka: test.dir, env: { TEST_PORT: `${free}` } });
    const opened = await acceptedUntil(run, free);
    const { code, out } = await run;
    assert.deepEqual([code, opened], [0, false], out);
    assert.deepEqual(snapshot(test.dir), before);
    assert.ok(await accepts(test.ports.submission));
    assert.doesNotMatch(test.log(), /gatekeeper refuses|EADDRINUSE/);
  });
});

/** Whether a port accepts at any time until then. */
async function acceptedUntil(end: Promise<unknown>, port: number): Promise<boolean> {
  const state = { isOver: false, accepted: false };
  void end.then(() => (state.isOver = true));
  while (!state.isOver) state.accepted = (await accepts(port)) || state.accepted;
  return state.accepted;
}
