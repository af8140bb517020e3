import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

/** Sources with one fault each; without one the contract holds. */
const program = join(import.meta.dirname, 'faulty-source.ts');

const faults: readonly [fault: string, failing: readonly string[]][] = [
  ['none', []],
  ['prefix', ['refuses a shorter one']],
  ['truncates', ['refuses a longer one']],
  ['folds', ['tells case apart in passwords']],
  ['forgets-state', ['refuses a disabled account', 'says that an account is disabled']],
  ['pattern', ['takes whatever a login holds for a name', 'finds no account by an asterisk']],
  ['typed-id', ['gives the identity that it has, or refuses, however a login is written']],
  ['one-id', ['gives each account an id of its own, in whatever case it is written']],
  ['mixes-up', ['gives each of 100 logins at once its own answer']],
  ['not-the-same', ['finds the same account that it verifies']],
  [
    'refuses-when-down',
    ['refuses nobody, and lets nobody in, when it is broken; what it says then is not the password'],
  ],
  ['tells', ['refuses nobody, and lets nobody in, when it is broken; what it says then is not the password']],
];

void describe('the contract of identity sources', { concurrency: 2 }, () => {
  for (const [fault, failing] of faults) {
    void it(
      fault === 'none' ? 'holds for a source without fault' : `tells one that has the fault ${fault}`,
      () => {
        const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
        const args = ['--import', 'tsx', '--test', '--test-reporter=tap', program];
        const { stdout, status } = spawnSync(process.execPath, args, {
          env: { ...env, FAULT: fault },
          encoding: 'utf8',
          timeout: 120_000,
        });
        assert.equal(status, failing.length === 0 ? 0 : 1, stdout);
        const failed = [...stdout.matchAll(/^ +not ok \d+ - (.*)$/gm)].map(([, name]) => name);
        for (const name of failing) assert.ok(failed.includes(name), `${fault}: ${failed.join('\n')}`);
      },
    );
  }
});
