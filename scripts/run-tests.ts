import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { isGood, lineOf } from './counts.ts';

const root = join(import.meta.dirname, '..');

/**
 * Each file runs in a process of its own; three at a time for two processors, since most wait for a gateway, a time limit or
 * a look at a file half of the time.
 */
const concurrency = 3;

/** A file that takes longer hangs: it fails, and the others go on. */
const longestFileMs = 600_000;

/** What takes more than half a minute by itself begins first, so that it is not what the others are waited for. */
const long: readonly string[] = [
  'dialogues.test.ts',
  'gateway/held.test.ts',
  'gateway/reload.test.ts',
  'gateway/provenance.test.ts',
  'gateway/guessing.test.ts',
  'package/migration.test.ts',
  'gateway/tls-renewal.test.ts',
  'gateway/patches.test.ts',
  'gateway/full-disk.test.ts',
  'gateway/crash.test.ts',
  'gateway/accidents.test.ts',
  'gateway/durable-events.test.ts',
  'gateway/clearance-left-out.test.ts',
  'core/events/writer.test.ts',
  'package/examples.test.ts',
  'gateway/oauth-issuer.test.ts',
  'gateway/bad-config.test.ts',
  'package/install.test.ts',
  'package/spf.test.ts',
  'gateway/oauth.test.ts',
  'config/system/fail2ban.test.ts',
  'core/directory/failover.test.ts',
];

/** Test files below test/ whose path holds one of the words; all without words. The long ones, then the large ones first. */
function testFiles(words: readonly string[]): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort((one, other) => rankOf(one) - rankOf(other) || sizeOf(other) - sizeOf(one))
    .map((file) => join(root, 'test', file));
}

function rankOf(file: string): number {
  const index = long.indexOf(file);
  return index === -1 ? long.length : index;
}

function sizeOf(file: string): number {
  return statSync(join(root, 'test', file)).size;
}

/** Runs the tests and ends with a line that counts them; a suite is no test of its own. */
function runTests(words: readonly string[]): void {
  const files = testFiles(words);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const stream = run({ files, concurrency, timeout: longestFileMs });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined && event.skip !== false) counts.skipped += 1;
    else counts.passed += 1;
  });
  stream.on('test:fail', ({ details }) => {
    // A suite fails with its tests; only what failed by itself counts.
    const { failureType } = details.error as Error & { failureType?: string };
    if (failureType !== 'subtestsFailed') counts.failed += 1;
  });
  // For test-matrix.ts, which adds them up.
  stream.once('end', () => process.send?.(counts));
  stream.pipe(new spec()).pipe(process.stdout);
  process.on('exit', () => {
    console.log(lineOf(counts));
    if (!isGood(counts)) process.exitCode = 1;
  });
}

runTests(process.argv.slice(2));
