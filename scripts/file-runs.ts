import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import type { Counts } from './counts.ts';

/** How the tests of one file ended; `failures` are the names of those that failed. */
export interface FileResult {
  readonly counts: Counts;
  readonly failures: readonly string[];
}

export type Results = ReadonlyMap<string, FileResult>;

export interface RunOptions {
  readonly concurrency: number;
  /** A file that takes longer, in milliseconds, hangs: it fails, and the others go on. */
  readonly timeout: number;
}

/** Where more files fail than that, the reason is not how busy the machine is. */
const mostAgain = 5;

/**
 * Runs each file in a process of its own, and the few that fail once more by themselves: what counts is how they end then. `unsteady`
 * are the tests that passed only so; they wait for something else than they say, or there is a race in what they test.
 */
export async function runFiles(
  files: readonly string[],
  options: RunOptions,
): Promise<{ results: Results; unsteady: readonly string[] }> {
  const results = await runOnce(files, options);
  const failed = [...results].filter(([, { counts }]) => counts.failed > 0).map(([file]) => file);
  const isFew = failed.length > 0 && failed.length <= mostAgain;
  if (!isFew || !failed.every((file) => files.includes(file))) return { results, unsteady: [] };
  console.log(`\nOnce more, with nothing beside it: ${failed.join(', ')}`);
  const again = await runOnce(failed, { ...options, concurrency: 1 });
  const unsteady = failed.flatMap((file) => {
    const stillFails = new Set(again.get(file)?.failures);
    return (results.get(file)?.failures ?? [])
      .filter((name) => !stillFails.has(name))
      .map((name) => `${file}: ${name}`);
  });
  return { results: new Map([...results, ...again]), unsteady };
}

/** A suite is no test of its own; what failed in no file stands under the empty name. */
async function runOnce(files: readonly string[], options: RunOptions): Promise<Results> {
  const results = new Map<
    string,
    { counts: { -readonly [Name in keyof Counts]: number }; failures: string[] }
  >();
  const of = (file = '') => {
    const known = results.get(file) ?? { counts: { passed: 0, failed: 0, skipped: 0 }, failures: [] };
    results.set(file, known);
    return known;
  };
  const stream = run({ files: [...files], ...options });
  stream.on('test:pass', ({ file, details, skip }) => {
    if (details.type === 'suite') return;
    of(file).counts[skip !== undefined && skip !== false ? 'skipped' : 'passed'] += 1;
  });
  stream.on('test:fail', ({ file, name, details }) => {
    // A suite fails with its tests; only what failed by itself counts.
    const { failureType } = details.error as Error & { failureType?: string };
    if (failureType === 'subtestsFailed') return;
    of(file).counts.failed += 1;
    of(file).failures.push(name);
  });
  const reporter = stream.pipe(new spec());
  reporter.pipe(process.stdout, { end: false });
  await new Promise((resolve) => reporter.once('end', resolve));
  return results;
}

/** All of it together. */
export function totalOf(results: Results): Counts {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { counts } of results.values()) {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  return total;
}
