import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { isGood, lineOf } from './counts.ts';

const root = join(import.meta.dirname, '..');

/** Each file runs in a process of its own; two at a time, because gateways and servers run beside them. */
const concurrency = 2;

/** Test files below test/ whose path holds one of the words; all without words. */
function testFiles(words: readonly string[]): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort()
    .map((file) => join(root, 'test', file));
}

/** Runs the tests and ends with a line that counts them; a suite is no test of its own. */
function runTests(words: readonly string[]): void {
  const files = testFiles(words);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const stream = run({ files, concurrency });
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
