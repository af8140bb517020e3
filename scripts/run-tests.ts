import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isGood, lineOf, unsteadyText } from './counts.ts';
import { runFiles, totalOf } from './file-runs.ts';

const root = join(import.meta.dirname, '..');

/**
 * Each file runs in a process of its own; three at a time for two processors, since most wait for a gateway, a time limit or
 * a look at a file half of the time. Four are no faster, and tests under load meet their time limits.
 */
const concurrency = Math.ceil(1.5 * availableParallelism());

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
  'gateway/full-disk.test.ts',
  'gateway/crash.test.ts',
  'gateway/accidents.test.ts',
  'gateway/durable-events.test.ts',
  'core/events/writer.test.ts',
  'package/examples.test.ts',
  'gateway/oauth-issuer.test.ts',
  'gateway/bad-config.test.ts',
  'package/install.test.ts',
  'package/spf.test.ts',
  'command/check-online-one.test.ts',
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

/** Runs the tests and ends with a line that counts them. */
async function main(words: readonly string[]): Promise<void> {
  const { results, unsteady } = await runFiles(testFiles(words), { concurrency, timeout: longestFileMs });
  const counts = totalOf(results);
  // To test-matrix.ts, which adds them up, and says the rest at the end.
  if (process.send) process.send({ counts, unsteady });
  else if (unsteady.length > 0) console.log(unsteadyText(unsteady));
  console.log(lineOf(counts));
  if (!isGood(counts)) process.exitCode = 1;
}

await main(process.argv.slice(2));
