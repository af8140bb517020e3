import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isGood, lineOf } from '../../scripts/counts.ts';
import { planRuns, type Harakas } from '../../scripts/test-plan.ts';

const two: Harakas = { oldest: '3.3.4', newest: '3.4.1' };
const one: Harakas = { oldest: '3.3.4', newest: '3.3.4' };

const plans: readonly { args: string; harakas: Harakas; runs: readonly string[] }[] = [
  { args: '', harakas: two, runs: ['here', 'node 24, part for node', 'haraka 3.3.4, part for haraka'] },
  { args: '', harakas: one, runs: ['here', 'node 24, part for node'] },
  { args: 'gateway/tls docs', harakas: two, runs: ['here, gateway/tls docs'] },
  { args: '--node 24', harakas: two, runs: ['node 24'] },
  { args: '--node 22.19.0 docs', harakas: two, runs: ['node 22.19.0, docs'] },
  { args: '--haraka oldest', harakas: two, runs: ['haraka 3.3.4'] },
  { args: '--haraka oldest', harakas: one, runs: ['here'] },
  { args: '--haraka 3.4.0 --node 24 docs', harakas: two, runs: ['node 24, haraka 3.4.0, docs'] },
  { args: '--haraka 3.4.1', harakas: two, runs: ['here'] },
];

void describe('scripts/test', () => {
  for (const { args, harakas, runs } of plans) {
    void it(`'${args}' runs ${runs.join(' and ')} when Haraka is ${harakas.oldest} to ${harakas.newest}`, () => {
      const planned = planRuns(args.split(' ').filter(Boolean), harakas);
      const shown = planned?.map(({ node, haraka, words, crossSection }) =>
        [
          ...(node === undefined ? [] : [`node ${node}`]),
          ...(haraka === undefined ? [] : [`haraka ${haraka}`]),
          ...(node === undefined && haraka === undefined ? ['here'] : []),
          ...(crossSection ? [`part for ${crossSection}`] : words.length > 0 ? [words.join(' ')] : []),
        ].join(', '),
      );
      assert.deepEqual(shown, runs);
    });
  }

  void it('says what it can do instead of running anything', () => {
    assert.equal(planRuns(['--help'], two), undefined);
  });

  void it('refuses an option that it does not know', () => {
    assert.throws(() => planRuns(['--nodes', '2'], two), /Unknown option '--nodes'/);
  });

  void it('ends with a line that counts, and is good only when something ran', () => {
    assert.equal(lineOf({ passed: 3, failed: 1, skipped: 2 }), '3 passed, 1 failed, 2 skipped');
    assert.equal(lineOf({ passed: 3, failed: 0, skipped: 0 }), '3 passed, 0 failed');
    assert.equal(isGood({ passed: 3, failed: 0, skipped: 0 }), true);
    assert.equal(isGood({ passed: 3, failed: 1, skipped: 0 }), false);
    assert.equal(isGood({ passed: 0, failed: 0, skipped: 0 }), false);
  });
});
