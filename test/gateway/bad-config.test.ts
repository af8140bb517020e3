import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startGateway, writeInstance } from '../../scripts/demo/gateway.ts';
import { refusalPrefix } from '../../plugins/core/self-check.ts';
import { SettingsError } from '../../plugins/core/settings/document.ts';
import { readSettings } from '../../plugins/core/settings/file.ts';
import { gatekeeper } from '../support/command.ts';
import { freePorts } from '../support/ports.ts';
import { accepts } from './traffic.ts';

const folder = join(import.meta.dirname, '../bad-config');

/**
 * Mistakes that one function finds for start and check: two of them stand for all, since each start takes its seconds. The
 * others are shown to that function alone.
 */
const isRepetition = /^(?:settings|registry|directory)-(?!two-mistakes|bad-entry)/;

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

/** EX_CONFIG of sysexits.h. */
const configurationFault = 78;

/**
 * Each folder holds files that replace those of a good config/, what has to be said in `expected.txt`, one text a
 * line, and in `changes.txt` what cannot be said by a file: `remove NAME`, `directory NAME`, `mode OCTAL NAME`.
 */
void describe(
  'a configuration that cannot be meant stops the start with 78 before any port accepts',
  { concurrency: 3 },
  () => {
    for (const name of cases.filter((each) => !isRepetition.test(each))) {
      const isCheckedToo = checkedToo.includes(name);
      void it(isCheckedToo ? `${name}, and \`gatekeeper check\` says the same` : name, async () => {
        const started = await startWith(join(folder, name), isCheckedToo);
        assert.equal(started.code, configurationFault, `exit ${started.code}; it said:\n${started.log}`);
        for (const text of linesOf(join(folder, name, 'expected.txt'))) {
          assert.ok(
            started.refusals.includes(text),
            `expected: ${text}\nsaid: ${started.refusals || started.log}`,
          );
        }
        assert.deepEqual(started.accepted, [], 'a port has accepted a connection');
        if (!started.check) return;
        assert.equal(started.check.code, configurationFault, started.check.out + started.check.err);
        assert.deepEqual(problemsIn(started.check.out), refusalsIn(started.log));
      });
    }

    void it('each kind has one that `gatekeeper check` is asked about', () => {
      assert.deepEqual(
        checkedToo.filter((name) => !cases.includes(name)),
        [],
      );
    });
  },
);

void describe('settings that cannot be meant are refused by the reader that start, reload and check share', () => {
  for (const name of cases.filter((each) => isRepetition.test(each))) {
    void it(name, () => {
      const dir = join(folder, name);
      const { options, base } = instanceOf(dir, [1, 2, 3]);
      try {
        const said = refusalOf(join(options.dir, 'config'));
        for (const text of linesOf(join(dir, 'expected.txt'))) assert.ok(said.includes(text), said);
      } finally {
        rmSync(base, { recursive: true, force: true });
      }
    });
  }
});

function refusalOf(config: string): string {
  try {
    readSettings(config);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.message;
  }
  return assert.fail('the settings load');
}

/** Writes the directory of a Haraka with what a folder puts in the place of a good configuration. */
function instanceOf(dir: string, [mx, submission, implicit]: readonly [number, number, number]) {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-bad-'));
  const options = {
    ...{ dir: join(base, 'gateway'), ports: { mx, submission, implicit }, sinkPort: 1 },
    ...{ directoryUrl: 'ldap://127.0.0.1:1', packageDir: process.env['GATEKEEPER_PACKAGE'] },
    config: overlay(dir),
  };
  change(join(writeInstance(options), 'config'), dir);
  return { options, base };
}

async function startWith(dir: string, isCheckedToo: boolean) {
  const [mx, submission, implicit] = await freePorts(3);
  const { options, base } = instanceOf(dir, [mx, submission, implicit]);
  const command = ['check', '--json', '--timeout', '60'];
  const check = isCheckedToo ? await gatekeeper(command, { haraka: options.dir }) : undefined;
  const gateway = await startGateway({ ...options, reuse: true, ready: false });
  try {
    const accepted = await probeUntilExit([mx, submission, implicit], gateway.exited);
    // What does not refuse by itself is ended here, and told apart by its exit code.
    if (gateway.process.exitCode === null) await gateway.stop();
    const { code } = await gateway.exited;
    const log = gateway.log();
    const refusals = log
      .split('\n')
      .filter((line) => line.includes('gatekeeper'))
      .join('\n');
    return { code, log, refusals, accepted, check };
  } finally {
    await gateway.stop();
    rmSync(base, { recursive: true, force: true });
  }
}

function refusalsIn(log: string): string[] {
  const lines = log.split('\n').filter((line) => line.startsWith(refusalPrefix));
  return lines.map((line) => line.slice(refusalPrefix.length));
}

function problemsIn(json: string): readonly string[] {
  return (JSON.parse(json) as { problems: readonly string[] }).problems;
}

function overlay(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map((entry) => relative(dir, join(entry.parentPath, entry.name)));
  const overlaid = names.filter((name) => name !== 'expected.txt' && name !== 'changes.txt');
  return Object.fromEntries(overlaid.map((name) => [name, readFileSync(join(dir, name), 'utf8')]));
}

function change(config: string, dir: string): void {
  if (!readdirSync(dir).includes('changes.txt')) return;
  for (const line of linesOf(join(dir, 'changes.txt'))) {
    const [verb, ...rest] = line.split(' ');
    const path = join(config, rest.at(-1) ?? '');
    if (verb === 'mode') chmodSync(path, parseInt(rest[0] ?? '', 8));
    else rmSync(path, { recursive: true });
    if (verb === 'directory') mkdirSync(path);
  }
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
