import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { startGateway, writeInstance } from '../../scripts/demo/gateway.ts';
import { TokenOpener } from '../../plugins/auth/oauth/open.ts';
import { readTrust } from '../../plugins/core/certificate/trust.ts';
import { openDirectories } from '../../plugins/core/directory/directories.ts';
import { messageOf } from '../../plugins/core/message-of.ts';
import { refusalPrefix } from '../../plugins/core/self-check.ts';
import { readSettings } from '../../plugins/core/settings/file.ts';
import type { Policy } from '../../plugins/core/settings/settings.ts';
import { openSmartHosts } from '../../plugins/core/smart-host/open.ts';
import { ClientCertificates } from '../../plugins/tls/certificates.ts';
import { gatekeeper } from '../support/command.ts';
import { freePorts } from '../support/ports.ts';
import { accepts } from './traffic.ts';

const folder = join(import.meta.dirname, '../bad-config');

/** By how the names of mistakes begin: what finds them for start, reload and check, in the folder `config`. */
const finders: Readonly<Record<string, (config: string) => unknown>> = {
  settings: readSettings,
  registry: readSettings,
  directory: readSettings,
  'ca-file': opensDirectories,
  secret: opensDirectories,
  oauth: (config) => {
    const { oauth } = policyIn(config);
    return oauth && new TokenOpener(() => undefined).open(oauth, config);
  },
  certificates: (config) => readTrust(policyIn(config).certificates, 'certificates', config),
  'tls-authorities': judgesClients,
  'tls-revocations': judgesClients,
  'smart-host': (config) => openSmartHosts(policyIn(config), config),
};

/** Those that stand for all of one function, since each start takes its seconds; the others are shown to that function alone. */
const standing: readonly string[] = [
  'certificates-authorities-broken',
  'oauth-file-missing',
  'registry-bad-entry',
  'secret-missing',
  'settings-two-mistakes',
  'smart-host-ca-garbage',
  'tls-authorities-missing',
];

/** Mistakes that a start tells together, where one does not hide another: the others have a start of their own. */
const together: readonly (readonly string[])[] = [
  ['connection-ini-missing', 'internalcmd-key-missing', 'plugin-broken-but-ignored'],
  [
    'plugin-delay-deny',
    'plugin-gatekeeper-auth-missing',
    'plugin-gatekeeper-outbound-missing',
    'plugin-gatekeeper-sender-missing',
    'plugin-gatekeeper-tls-missing',
  ],
  [
    'plugin-outbound-missing-on-an-mx',
    'plugin-sender-missing-on-an-mx',
    'plugin-tls-missing-on-an-mx-that-requires-tls',
  ],
  [
    'plugin-second-auth-provider',
    'plugin-second-auth-provider-first',
    'plugin-timeout-zero',
    'plugin-tls-missing',
    'smart-host-ca-garbage',
    'tls-authorities-missing',
    // Last: certificates need more of the directory than the others say.
    'certificates-authorities-broken',
  ],
  ['oauth-file-missing', 'plugin-timeout-of-one-too-short', 'tenant-without-dkim'],
  ['plugin-timeout-too-short', 'secret-missing'],
  ['tls-certificate-missing', 'tls-host-certificate-garbage', 'tls-host-key-of-another'],
];

/** Those that stand for their kind: `gatekeeper check`, which runs the code of the start, says the same of them. */
const checkedToo: readonly string[] = [
  'ignore-bad-plugins-false',
  'oauth-file-missing',
  'plugin-gatekeeper-outbound-missing',
  'plugin-second-auth-provider',
  'registry-bad-entry',
  'secret-missing',
  'settings-two-mistakes',
  'tls-key-of-another',
];

const cases = readdirSync(folder).sort();

const starts = [
  ...together,
  ...cases
    .filter((name) => !together.flat().includes(name) && (!finderOf(name) || standing.includes(name)))
    .map((name) => [name]),
];

/** EX_CONFIG of sysexits.h. */
const configurationFault = 78;

/**
 * Each folder holds files that replace those of a good config/, what has to be said in `expected.txt`, one text a
 * line, and in `changes.txt` what is said better by a word: `remove NAME`, `directory NAME`, `mode OCTAL NAME`, and of the lines
 * of config/plugins `load PLUGIN`, `load-first PLUGIN` and `unload PLUGIN`.
 */
void describe(
  'a configuration that cannot be meant stops the start with 78 before any port accepts',
  { concurrency: 3 },
  () => {
    for (const names of starts) {
      let start: ReturnType<typeof startWith> | undefined;
      for (const name of names) {
        const isCheckedToo = checkedToo.includes(name);
        void it(isCheckedToo ? `${name}, and \`gatekeeper check\` says the same` : name, async () => {
          const started = await (start ??= startWith(names));
          assert.equal(started.code, configurationFault, `exit ${started.code}; it said:\n${started.log}`);
          for (const text of expectedOf(name)) {
            assert.ok(
              started.refusals.some((line) => line.includes(text)),
              `expected: ${text}\nsaid: ${started.log}`,
            );
          }
          assert.deepEqual(started.accepted, [], 'a port has accepted a connection');
          if (!isCheckedToo) return;
          assert.ok(started.check);
          assert.equal(started.check.code, configurationFault, started.check.out + started.check.err);
          const problems = problemsIn(started.check.out).map((problem) => refusalPrefix + problem);
          assert.deepEqual(problems, started.refusals);
        });
      }
    }

    void it('each kind has one that `gatekeeper check` is asked about', () => {
      assert.deepEqual(
        checkedToo.filter((name) => !starts.flat().includes(name)),
        [],
      );
    });
  },
);

void describe('what cannot be meant is refused by the function that start, reload and check share', () => {
  for (const name of cases.filter((each) => !starts.flat().includes(each))) {
    void it(name, () => {
      const { options, base } = instanceOf([name], [1, 2, 3]);
      try {
        const said = refusalOf(join(options.dir, 'config'), finderOf(name));
        for (const text of expectedOf(name)) assert.ok(said.includes(text), said);
      } finally {
        rmSync(base, { recursive: true, force: true });
      }
    });
  }
});

function finderOf(name: string) {
  return Object.entries(finders).find(([kind]) => name.startsWith(`${kind}-`))?.[1];
}

function policyIn(config: string): Policy {
  return readSettings(config).settings.policy;
}

function opensDirectories(config: string): void {
  openDirectories(policyIn(config), { config, log: () => undefined }).close();
}

function judgesClients(config: string): void {
  new ClientCertificates().prepare(policyIn(config), config);
}

/** The lines that the start would say. */
function refusalOf(config: string, find: ((config: string) => unknown) | undefined): string {
  assert.ok(find);
  try {
    find(config);
  } catch (error) {
    return messageOf(error).replaceAll(/^/gm, refusalPrefix);
  }
  return assert.fail('nothing is wrong with it');
}

/** Writes the directory of a Haraka with what folders put in the place of a good configuration. */
function instanceOf(names: readonly string[], [mx, submission, implicit]: readonly [number, number, number]) {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-bad-'));
  const options = {
    ...{ dir: join(base, 'gateway'), ports: { mx, submission, implicit }, sinkPort: 1 },
    ...{ directoryUrl: 'ldap://127.0.0.1:1', packageDir: process.env['GATEKEEPER_PACKAGE'] },
    config: overlaid(names),
  };
  const config = join(writeInstance(options), 'config');
  for (const name of names) change(config, join(folder, name));
  return { options, base };
}

async function startWith(names: readonly string[]) {
  const [mx, submission, implicit] = await freePorts(3);
  const { options, base } = instanceOf(names, [mx, submission, implicit]);
  const command = ['check', '--json', '--timeout', '60'];
  const isChecked = names.some((name) => checkedToo.includes(name));
  const check = isChecked ? await gatekeeper(command, { haraka: options.dir }) : undefined;
  const gateway = await startGateway({ ...options, reuse: true, ready: false });
  try {
    const accepted = await probeUntilExit([mx, submission, implicit], gateway.exited);
    // What does not refuse by itself is ended here, and told apart by its exit code.
    if (gateway.process.exitCode === null) await gateway.stop();
    const { code } = await gateway.exited;
    const log = gateway.log();
    const refusals = log.split('\n').filter((line) => line.startsWith(refusalPrefix));
    return { code, log, refusals, accepted, check };
  } finally {
    await gateway.stop();
    rmSync(base, { recursive: true, force: true });
  }
}

function problemsIn(json: string): readonly string[] {
  return (JSON.parse(json) as { problems: readonly string[] }).problems;
}

function expectedOf(name: string): string[] {
  return linesOf(join(folder, name, 'expected.txt'));
}

/** The files of all folders; settings of several are one file with the sections of all, each as the last of them has it. */
function overlaid(names: readonly string[]): Record<string, string> {
  const all = names.map((name) => overlay(join(folder, name)));
  const files = Object.assign({}, ...all) as Record<string, string>;
  const settings = all.flatMap(({ 'gatekeeper.yaml': text }) => text ?? []);
  if (settings.length < 2) return files;
  const sections = settings.map((text) => parse(text) as object);
  return { ...files, 'gatekeeper.yaml': stringify(Object.assign({}, ...sections)) };
}

function overlay(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map((entry) => relative(dir, join(entry.parentPath, entry.name)));
  const ours = names.filter((name) => name !== 'expected.txt' && name !== 'changes.txt');
  return Object.fromEntries(ours.map((name) => [name, readFileSync(join(dir, name), 'utf8')]));
}

function change(config: string, dir: string): void {
  if (!readdirSync(dir).includes('changes.txt')) return;
  for (const line of linesOf(join(dir, 'changes.txt'))) {
    const [verb = '', ...rest] = line.split(' ');
    const path = join(config, rest.at(-1) ?? '');
    if (verb.includes('load')) load(join(config, 'plugins'), verb, rest.join(' '));
    else if (verb === 'mode') chmodSync(path, parseInt(rest[0] ?? '', 8));
    else rmSync(path, { recursive: true });
    if (verb === 'directory') mkdirSync(path);
  }
}

function load(file: string, verb: string, plugin: string): void {
  const others = linesOf(file).filter((line) => line !== plugin);
  const first = verb === 'load-first' ? [plugin] : [];
  const last = verb === 'load' ? [plugin] : [];
  writeFileSync(file, [...first, ...others, ...last].join('\n'));
}

/** The ports that accepted while the process lived, for 25 seconds at most. */
async function probeUntilExit(ports: readonly number[], exited: Promise<unknown>): Promise<number[]> {
  const accepted = new Set<number>();
  const end = AbortSignal.any([AbortSignal.timeout(25_000), abortedAfter(exited)]);
  while (!end.aborted && accepted.size < ports.length) {
    const answers = await Promise.all(ports.map(accepts));
    ports.filter((_port, index) => answers[index]).forEach((port) => accepted.add(port));
    await delay(25);
  }
  return [...accepted];
}

function abortedAfter(work: Promise<unknown>): AbortSignal {
  const controller = new AbortController();
  void work.then(() => {
    controller.abort();
  });
  return controller.signal;
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
