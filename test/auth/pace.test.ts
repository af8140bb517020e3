import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { waitOfChallenge, waitOfRefusal } from '../../plugins/auth/pace.ts';

const chance = fc.double({ min: 0, max: 1, noNaN: true });
const near = (is: number, wanted: number) => assert.ok(Math.abs(is - wanted) < 1e-6, `${is}, not ${wanted}`);

void describe('the time of an answer', () => {
  void it('to a wrong password is the same, whatever took how long', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 999, noNaN: true }), chance, (elapsed, by) => {
        near(elapsed + waitOfRefusal(elapsed, 1000, by), 1000 + 50 * by);
      }),
    );
  });

  void it('that is late already is not put off', () => {
    assert.equal(waitOfRefusal(1051, 1000, 1), 0);
    assert.equal(waitOfRefusal(3, 0, 1), 0);
  });

  void it('by a challenge is one step, or two, and a part of one by chance', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 500, noNaN: true }), chance, (elapsed, by) => {
        const all = elapsed + waitOfChallenge(elapsed, 1000, by);
        near(all, (Math.ceil(elapsed / 50) + by) * 50);
        assert.ok(all >= elapsed);
      }),
    );
    near(waitOfChallenge(2, 1000, 0), 48);
    near(waitOfChallenge(49, 1000, 0.5), 26);
    near(waitOfChallenge(51, 1000, 0), 49);
  });

  void it('by a challenge is its own without a delay', () => {
    assert.equal(waitOfChallenge(2, 0, 0.7), 0);
  });
});
