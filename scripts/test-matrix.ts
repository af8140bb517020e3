import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { versionOf } from '../plugins/command/haraka-package.ts';
import { testedHaraka } from '../plugins/core/haraka/patch.ts';
import { checkCode } from './code-check.ts';
import { type Counts, isGood, lineOf, unsteadyText } from './counts.ts';
import { harakaDir, varDir } from './demo/instance.ts';
import { planRuns, usage, type Run } from './test-plan.ts';

/** What a run of tests tells when it ends. */
interface Ended {
  readonly counts: Counts;
  readonly unsteady: readonly string[];
}

/** A run whose Node.js and Haraka are here. */
interface Ready extends Run {
  readonly nodeBinary: string;
  readonly harakaFolder: string;
}

/** Checks the code and runs the tests where a command line asks for, and ends with one line that counts all of them. */
async function main(): Promise<void> {
  const harakas = { oldest: testedHaraka.from, newest: versionOf(harakaDir) };
  const runs = planRuns(process.argv.slice(2), harakas);
  if (!runs) {
    process.stdout.write(usage);
    return;
  }
  const checked = checkCode();
  const results: (Ended & { name: string })[] = [];
  for (const run of runs) {
    const ready = prepare(run);
    const name = nameOf(ready);
    console.log(`\n== ${name}`);
    results.push({ name, ...(await runTests(ready)) });
  }
  const isCodeGood = await checked;
  console.log('');
  if (runs.length > 1) for (const { name, counts } of results) console.log(`${name}: ${lineOf(counts)}`);
  const unsteady = results.flatMap((each) => each.unsteady);
  if (unsteady.length > 0) console.log(unsteadyText(unsteady));
  const total = sum(results.map(({ counts }) => counts));
  if (!isCodeGood) console.log('npm run check fails: see above');
  console.log(lineOf(total));
  if (!isGood(total) || !isCodeGood) process.exitCode = 1;
}

function prepare(run: Run): Ready {
  const { node, haraka } = run;
  const nodePackage = `node-${process.platform}-${process.arch}`;
  const nodeBinary = node === undefined ? process.execPath : join(fetched(nodePackage, node), 'bin/node');
  const harakaFolder = haraka === undefined ? harakaDir : fetched('haraka', haraka);
  return { ...run, nodeBinary, harakaFolder };
}

/** Installs a package below var/, where it touches nothing of ours; it stays there for the next time. */
function fetched(name: string, version: string): string {
  const prefix = join(varDir, 'matrix', `${name}-${version}`);
  const folder = join(prefix, 'node_modules', name);
  // npm writes this file last.
  if (existsSync(join(prefix, 'node_modules/.package-lock.json'))) return folder;
  console.log(`scripts/test: installing ${name}@${version}`);
  rmSync(prefix, { recursive: true, force: true });
  mkdirSync(prefix, { recursive: true });
  const options = [
    '--prefix',
    prefix,
    '--no-save',
    '--ignore-scripts',
    '--omit=optional',
    '--no-audit',
    '--no-fund',
  ];
  execFileSync('npm', ['install', '--silent', ...options, `${name}@${version}`], { stdio: 'inherit' });
  return folder;
}

/** Everything that the tests start finds the same Node.js first, and the same Haraka. */
async function runTests({ nodeBinary, harakaFolder, words, crossSection }: Ready): Promise<Ended> {
  const child = spawn(nodeBinary, ['--import', 'tsx', join(import.meta.dirname, 'run-tests.ts'), ...words], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      PATH: `${dirname(nodeBinary)}${delimiter}${process.env['PATH'] ?? ''}`,
      GATEKEEPER_HARAKA: harakaFolder,
      ...(crossSection && { CROSS_SECTION: crossSection }),
    },
  });
  let ended: Ended | undefined;
  child.on('message', (message) => {
    ended = message as Ended;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  // What ends without having counted has not run its tests.
  const hasCounted = ended && (code === 0 || ended.counts.failed > 0);
  return ended && hasCounted ? ended : { counts: { passed: 0, failed: 1, skipped: 0 }, unsteady: [] };
}

function nameOf({ nodeBinary, harakaFolder, crossSection }: Ready): string {
  const node = execFileSync(nodeBinary, ['--version'], { encoding: 'utf8' }).trim();
  const places = `Node.js ${node.slice(1)}, Haraka ${versionOf(harakaFolder)}`;
  return crossSection ? `${places}, a cross-section` : places;
}

function sum(all: readonly Counts[]): Counts {
  const add = (key: keyof Counts) => all.reduce((total, counts) => total + counts[key], 0);
  return { passed: add('passed'), failed: add('failed'), skipped: add('skipped') };
}

await main().catch((error: unknown) => {
  const isUsage = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') ?? false;
  if (!isUsage) throw error;
  console.error(`scripts/test: ${(error as Error).message.split('. ')[0]}; --help lists the options`);
  process.exitCode = 64; // EX_USAGE of sysexits.h
});
