import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { publint } from 'publint';
import type { Ports } from '../../scripts/demo/instance.ts';
import { eventsIn } from '../support/events.ts';
import { eventually } from '../support/gateway.ts';
import { letter, type Mail, sendAsAlice, sendUnauthenticated } from './client.ts';
import { type Choice, gatekeeperLines, relayingClient, selector } from './configure.ts';
import { installedPackages, manifestIn, unresolvedImports, whatItWouldRun } from './contents.ts';
import { filesUnder, installSite, projectDir, type Site } from './operator.ts';
import { type Verification, verifyDkim } from './dkim.ts';
import { type Running, startScene, type Surroundings, surroundingsOf } from './scene.ts';

const mebibyte = 1024 * 1024;
const plugins = ['audit', 'auth', 'outbound', 'sender', 'tls'];

/** To a foreign recipient, from a sender that we do not protect. */
const relayAttempt: Mail = { ...letter, from: 'mallory@world.example' };
const inbound: Mail = { ...relayAttempt, to: 'bob@corp.example' };

const refused = [
  {
    who: 'a stranger who would relay',
    tries: ({ mx }: Ports) => sendUnauthenticated(mx, relayAttempt),
    reply: /^550 5\.7\.1 Relaying needs an authenticated identity \(\S+ outbound\/relay\)$/,
  },
  {
    who: 'a client that plugin relay trusts',
    tries: ({ mx }: Ports) => sendUnauthenticated(mx, relayAttempt, relayingClient),
    reply: /^550 5\.7\.1 Relaying needs an authenticated identity \(\S+ outbound\/relay\)$/,
  },
  {
    who: 'the same client for a recipient that another plugin accepts, which Haraka would relay too',
    tries: ({ mx }: Ports) => sendUnauthenticated(mx, inbound, relayingClient),
    reply: /^550 5\.7\.1 Relaying needs an authenticated identity \(\S+ outbound\/accept\)$/,
  },
  {
    who: 'submission without TLS and without a login',
    tries: ({ submission }: Ports) => sendUnauthenticated(submission, letter),
    reply: /^530 5\.7\.0 Must issue a STARTTLS command first \(\S+ tls\/required\)$/,
  },
  {
    who: 'an envelope sender that the account does not own',
    tries: ({ submission }: Ports) => sendAsAlice(submission, { ...letter, from: 'bob@corp.example' }),
    reply: /^553 5\.7\.1 Sender address is not yours to use \(\S+ sender\/envelope\)$/,
  },
  {
    who: 'a From that the account does not own',
    tries: ({ submission }: Ports) =>
      sendAsAlice(submission, { ...letter, data: letter.data.replace('<alice@', '<bob@') }),
    reply: /^550 5\.7\.1 Header address is not yours to use \(\S+ sender\/header\)$/,
  },
] as const;

describe('the packed package in an untouched Haraka', () => {
  let site: Site;

  before(async () => {
    site = await installSite();
  });

  describe('what npm install brings', () => {
    it('is thirty-six packages and what the platform needs of one, and no second Haraka', () => {
      assert.deepEqual(
        installedPackages(site.instance)
          .map(({ name }) => name)
          .filter((name) => !name.startsWith('@libsql/')),
        [
          '@mongodb-js/saslprep',
          '@neon-rs/load',
          '@opentelemetry/api',
          'bintrees',
          'commander',
          'detect-libc',
          'fastest-levenshtein',
          'haraka-constants',
          'haraka-dsn',
          'haraka-plugin-gatekeeper',
          'haraka-utils',
          'jose',
          'libsql',
          'lru-cache',
          'memory-pager',
          ...['pg', 'pg-cloudflare', 'pg-connection-string', 'pg-int8', 'pg-pool', 'pg-protocol', 'pg-types'],
          ...['pgpass', 'postgres-array', 'postgres-bytea', 'postgres-date', 'postgres-interval'],
          'prom-client',
          'sparse-bitfield',
          'split2',
          'tdigest',
          'unhomoglyph',
          'uplot',
          'xtend',
          'yaml',
          'zod',
        ],
      );
    });

    it('needs no compiler and no install script', () => {
      for (const each of installedPackages(site.instance))
        assert.deepEqual(whatItWouldRun(each), [], each.name);
      const lock = readFileSync(join(site.instance, 'node_modules/.package-lock.json'), 'utf8');
      assert.match(lock, /haraka-plugin-gatekeeper/);
      assert.doesNotMatch(lock, /hasInstallScript/);
    });

    it('is small', () => {
      const sizes = filesUnder(site.packageDir).map((file) => statSync(join(site.packageDir, file)).size);
      const size = sizes.reduce((sum, each) => sum + each, 0);
      assert.ok(size > mebibyte / 8 && size < 10 * mebibyte, `${size} bytes`);
    });
  });

  describe('the package', () => {
    const text = (file: string): string => readFileSync(join(site.packageDir, file), 'utf8');
    const filesOf = (ending: string): string[] =>
      filesUnder(site.packageDir).filter((file) => file.endsWith(ending));

    it('holds the plugins, what they share, the sample and the papers, and nothing else', () => {
      const papers = [
        'CHANGELOG.md',
        'CONTRIBUTING.md',
        'LICENSE',
        'README.md',
        'SECURITY.md',
        'package.json',
      ];
      const folders = [...plugins, 'api', 'command', 'config', 'core', 'docs', 'web'];
      assert.deepEqual(readdirSync(site.packageDir).sort(), [...papers, ...folders].sort());
      for (const paper of papers) assert.notEqual(text(paper), '', `${paper} is empty`);
      assert.deepEqual(filesOf('.yaml'), [
        'config/gatekeeper.yaml',
        'config/system/prometheus/gatekeeper.rules.yaml',
      ]);
      assert.equal(
        text('config/gatekeeper.yaml'),
        readFileSync(join(projectDir, 'config/gatekeeper.yaml'), 'utf8'),
      );
    });

    it('has five folders that Haraka takes for plugins', () => {
      const manifests = filesOf('/package.json');
      assert.deepEqual(
        manifests.sort(),
        plugins.map((plugin) => `${plugin}/package.json`),
      );
      for (const plugin of plugins) {
        const main = manifestIn(join(site.packageDir, plugin)).main ?? '';
        assert.ok(
          existsSync(join(site.packageDir, plugin, main)) && main === './index.js',
          `${plugin}: ${main}`,
        );
      }
    });

    it('has the code, the map and the types of every module, and of no other', () => {
      const sources = filesUnder(join(projectDir, 'plugins')).filter((file) => file.endsWith('.ts'));
      const modules = sources
        .filter((file) => !file.endsWith('.d.ts'))
        .map((file) => file.slice(0, -'.ts'.length));
      const endings = ['.js', '.js.map', '.d.ts'];
      const expected = modules.flatMap((module) => endings.map((ending) => `${module}${ending}`));
      // What browsers run.
      expected.push('web/assets/page.js');
      const found = filesUnder(site.packageDir).filter((file) => /\.(?:[cm]?[jt]sx?|map)$/.test(file));
      assert.deepEqual(found.sort(), expected.sort());
      assert.deepEqual(
        found.filter((file) => /test|demo|fixture/.test(file) && !file.startsWith('api/testing.')),
        [],
      );
    });

    it('does not tell where it was built', () => {
      for (const file of filesUnder(site.packageDir)) {
        for (const place of [projectDir, homedir()])
          assert.ok(!text(file).includes(place), `${file} has ${place}`);
      }
    });

    it('has maps that need no file from elsewhere', () => {
      for (const file of filesOf('.map')) {
        const map = JSON.parse(text(file)) as { sources: string[]; sourcesContent?: string[] };
        const [source = ''] = map.sources;
        assert.match(source, /^(?:\.\.\/)+plugins\/[\w/-]+\.ts$/, file);
        assert.equal(map.sourcesContent?.length, 1, `${file} points to ${source} without its text`);
      }
    });

    it('imports what it has, and what its dependencies bring', () => {
      assert.deepEqual(unresolvedImports(site.packageDir), []);
    });

    it('has a sample that loads as it stands', async () => {
      const module = pathToFileURL(join(site.packageDir, 'core/settings/file.js')).href;
      const { readSettings } = (await import(module)) as { readSettings: (configDir: string) => unknown };
      assert.ok(readSettings(join(site.packageDir, 'config')));
      assert.throws(() => readSettings(site.packageDir), /gatekeeper\.yaml: cannot be read/);
    });

    it('is packed of what is built, as the pages say, and never of the sources', () => {
      for (const page of ['README.md', 'docs/operator.md'])
        assert.match(readFileSync(join(projectDir, page), 'utf8'), /npm run build && npm pack \.\/dist/);
      const { status, stderr } = spawnSync('npm', ['pack', '--dry-run', '--ignore-scripts=false'], {
        cwd: projectDir,
        encoding: 'utf8',
      });
      assert.notEqual(status, 0);
      assert.match(stderr, /These are the sources: npm run build, then npm pack \.\/dist/);
    });

    it('gives publint nothing to say', async () => {
      const { buffer } = new Uint8Array(readFileSync(site.tarball));
      const { messages } = await publint({ level: 'warning', pack: { tarball: buffer } });
      assert.deepEqual(messages, []);
    });
  });

  describe('at work', () => {
    let around: Surroundings;
    let scene: Running;
    const plays = (choice: Choice): void => {
      before(async () => {
        scene = await startScene(site, around, choice);
      });
      after(() => scene.stop());
    };

    before(async () => {
      around = await surroundingsOf(site);
    });
    after(() => around.stop());

    describe('without our lines in config/plugins', () => {
      plays({ queue: 'smtp_forward', gatekeeper: false });

      it('Haraka relays for whom its plugin relay trusts: the gate has something to hold', async () => {
        const reply = await sendUnauthenticated(around.ports.mx, relayAttempt, relayingClient);
        assert.equal(reply.code, 250, reply.text);
        assert.deepEqual((await scene.delivery()).envelope.to, ['friend@world.example']);
      });
    });

    describe('behind DKIM signing and smtp_forward, both listed before us', () => {
      plays({ queue: 'smtp_forward', gatekeeper: true });

      it('starts with all plugins and without a warning', () => {
        const loaded = [...scene.log().matchAll(/ loading (\S+\/\S+|dkim)$/gm)].map(([, name]) => name);
        // In the primary and in its worker.
        const once = ['dkim', 'queue/smtp_forward', ...gatekeeperLines];
        assert.deepEqual(loaded, [...once, ...once]);
        const complaints =
          scene.log().match(/^.*(?:warning|\[(?:WARN|ERROR|CRIT|ALERT|EMERG)\]).*$/gim) ?? [];
        assert.deepEqual(
          complaints.filter((line) => !line.includes('smtp.ini.nodes unset')),
          [],
        );
      });

      for (const { who, reply: expected, tries } of refused) {
        it(`refuses ${who}`, async () => {
          const before = scene.received().length;
          const reply = await tries(around.ports);
          assert.match(reply.text, expected);
          assert.equal(scene.received().length, before);
        });
      }

      it('sends what an account may send, signed by dkim and forwarded by smtp_forward', async () => {
        const reply = await sendAsAlice(around.ports.submission, letter);
        assert.equal(reply.code, 250, reply.text);
        assertSigned((await scene.delivery()).bytes, 'relaxed/simple');
        assert.deepEqual(queuedBy(scene.log()), ['queue/smtp_forward']);
      });

      it('lets mail for local recipients in, unsigned', async () => {
        const before = scene.received().length;
        const reply = await sendUnauthenticated(around.ports.mx, inbound);
        assert.equal(reply.code, 250, reply.text);
        const [message, ...others] = scene.received().slice(before);
        assert.ok(message && others.length === 0);
        assert.throws(() => verifyDkim(message.bytes, around.publicKey), /^Error: 0 DKIM signatures/);
      });

      it('writes into the instance, not where it was started', () => {
        assert.ok(eventsIn(site.instance)().some(({ check }) => check === 'outbound/gate'));
        assert.deepEqual(readdirSync(join(site.root, 'elsewhere')), []);
      });
    });

    describe('with DKIM signing and no other queue', () => {
      plays({ queue: 'none', gatekeeper: true, canonicalBody: 'relaxed' });

      it('refuses the same, and queues by itself what an account may send, signed by dkim', async () => {
        for (const { who, reply: expected, tries } of refused)
          assert.match((await tries(around.ports)).text, expected, who);
        const reply = await sendAsAlice(around.ports.submission, letter);
        assert.equal(reply.text.replace(/ \(.*/, ''), '250 Message queued');
        assertSigned((await scene.delivery()).bytes, 'relaxed/relaxed');
        assert.deepEqual(queuedBy(scene.log()), ['gatekeeper/outbound']);
        const queue = join(site.instance, 'queue');
        await eventually('an empty queue', () => readdirSync(queue).length === 0);
        assert.equal(scene.received().length, 1);
      });
    });

    function assertSigned(bytes: Buffer, canonicalization: string): void {
      const { signed, ...found } = verifyDkim(bytes, around.publicKey);
      const identity = { domain: 'corp.example', selector, canonicalization };
      assert.deepEqual(found, { ...identity, bodyHash: 'matches', signature: 'valid' });
      for (const name of ['from', 'to', 'subject', 'date', 'message-id'])
        assert.ok(signed.includes(name), name);
      assert.equal(verifyChanged(bytes, 'The end', 'The fin').bodyHash, 'differs');
      assert.equal(verifyChanged(bytes, 'folded', 'forged').signature, 'invalid');
    }

    function verifyChanged(bytes: Buffer, from: string, to: string): Verification {
      const text = bytes.toString('latin1');
      assert.equal(text.split(from).length, 2, from);
      return verifyDkim(Buffer.from(text.replace(from, to), 'latin1'), around.publicKey);
    }
  });
});

/** The plugins that said OK to `queue_outbound`, in the words of Haraka's own log. */
function queuedBy(log: string): (string | undefined)[] {
  return [...log.matchAll(/hook=queue_outbound plugin=(\S+) .*retval=OK/g)].map(([, plugin]) => plugin);
}
