import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readReport } from '../../plugins/core/readings/read-report.ts';
import { MemoryEvents } from '../support/memory-events.ts';
import { begin, judge, weekOf, type Shape } from './week.ts';

/** What weeks differ in, beside what their seed draws. */
const shapes: readonly Shape[] = [
  {
    seed: 1,
    users: 300,
    rate: 1,
    mail: 0.4,
    history: 35,
    sprayNetworks: 500,
    sprayPasswords: 5,
    isSlow: false,
  },
  { seed: 2, users: 300, rate: 1, mail: 1, history: 0, sprayNetworks: 500, sprayPasswords: 5, isSlow: true },
  {
    seed: 3,
    users: 300,
    rate: 0.3,
    mail: 1,
    history: 0,
    sprayNetworks: 50,
    sprayPasswords: 40,
    isSlow: true,
  },
  {
    seed: 4,
    users: 300,
    rate: 3,
    mail: 0.3,
    history: 3,
    sprayNetworks: 2000,
    sprayPasswords: 40,
    isSlow: false,
  },
  {
    seed: 5,
    users: 300,
    rate: 0.3,
    mail: 0.3,
    history: 0,
    sprayNetworks: 2000,
    sprayPasswords: 3,
    isSlow: false,
  },
  { seed: 6, users: 80, rate: 1, mail: 1, history: 7, sprayNetworks: 200, sprayPasswords: 8, isSlow: true },
];

void describe('a week whose attacks are known', () => {
  for (const shape of shapes) {
    const { seed, rate, sprayNetworks, sprayPasswords } = shape;
    const pace = shape.isSlow ? 'slowly' : 'at once';
    void it(`${seed}: ×${rate}, ${sprayPasswords} passwords sprayed ${pace} from ${sprayNetworks} networks`, async (t) => {
      const week = weekOf(shape);
      const store = new MemoryEvents();
      store.append(week.events);
      const now = new Date(week.end);
      const report = await readReport(store.tallies, {
        ...{ since: new Date(begin), until: now, now, settings: week.settings },
      });
      const { found, accused } = judge(week, report);
      for (const [name, isFound] of found) t.diagnostic(`${isFound ? 'found' : 'MISSED'}: ${name}`);
      assert.deepEqual(accused, []);
      assert.deepEqual(
        [...found].filter(([, isFound]) => !isFound),
        [],
      );
    });
  }
});
