import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ratiosOf, spreadOf } from '../../../scripts/benchmarks/statistics.ts';

const spreads = [
  { it: 'of one figure is that figure', figures: [3], min: 3, median: 3, max: 3 },
  { it: 'of an odd number has the one in the middle', figures: [10, 9, 100], min: 9, median: 10, max: 100 },
  { it: 'of an even number has the mean of the two', figures: [4, 1, 2, 100], min: 1, median: 3, max: 100 },
] as const;

void describe('a spread', () => {
  for (const { it: what, figures, ...spread } of spreads) {
    void it(what, () => {
      assert.deepEqual(spreadOf(figures), spread);
    });
  }

  void it('of nothing is an error', () => {
    assert.throws(() => spreadOf([]), RangeError);
  });

  void it('of ratios is taken round by round, so that a slow round does not count twice', () => {
    assert.deepEqual(ratiosOf([2, 20, 6], [1, 10, 2]), { min: 2, median: 2, max: 3 });
    assert.throws(() => ratiosOf([1], [1, 2]), RangeError);
  });
});
