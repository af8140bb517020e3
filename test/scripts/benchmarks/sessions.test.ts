import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readOptions, UsageError } from '../../../scripts/benchmarks/options.ts';
import type { Result } from '../../../scripts/benchmarks/sessions.ts';

const root = join(import.meta.dirname, '../../..');

const mistakes = [
  { args: [], says: /expected what to measure/ },
  { args: ['messages'], says: /expected what to measure/ },
  { args: ['sessions', '--rounds', '0'], says: /^--rounds 0: expected a whole number from 1 to 100$/ },
  { args: ['sessions', '--seconds', '1.5'], says: /^--seconds 1.5: expected/ },
  { args: ['sessions', '--only', 'exim'], says: /^--only exim: expected one of haraka, / },
  { args: ['sessions', '--fast'], says: /^Unknown option '--fast'; --help lists the options$/ },
] as const;

function documented(): string[] {
  const page = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8');
  const commands = page.match(/^scripts\/bench .*$/gm);
  assert.ok(commands);
  return commands;
}

void describe('scripts/bench', () => {
  for (const { args, says } of mistakes) {
    void it(`does not take "${args.join(' ')}"`, () => {
      assert.throws(
        () => readOptions(args),
        (error) => error instanceof UsageError && says.test(error.message),
      );
    });
  }

  for (const command of documented()) {
    void it(`takes "${command}", as the documentation has it`, () => {
      assert.ok(readOptions(command.split(' ').slice(1)).contestants.length > 0);
    });
  }

  void it('measures Haraka by itself, and says what happened', () => {
    const start = ['--import', 'tsx', 'scripts/benchmarks/start.ts', 'sessions', '--json'];
    const brief = ['--only', 'haraka', '--rounds', '1', '--seconds', '1', '--warm-up', '1', '--clients', '2'];
    const run = spawnSync(process.execPath, [...start, ...brief], { cwd: root, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const { entries } = JSON.parse(run.stdout) as Result;
    assert.deepEqual(
      entries.map(({ name, clients }) => [name, clients]),
      [['haraka', 2]],
    );
    const { resumed, full } = entries[0]?.turns ?? { resumed: [], full: [] };
    assert.equal(resumed.length, 1);
    assert.equal(full.length, 1);
    for (const turn of [...resumed, ...full]) {
      assert.ok(turn.sessions > 0);
      assert.deepEqual(turn.tls, ['TLSv1.3 TLS_AES_256_GCM_SHA384']);
    }
  });
});
