import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outboundTextOf } from '../../../scripts/benchmarks/outbound-report.ts';
import { measureOutbound } from '../../../scripts/benchmarks/outbound.ts';

void describe('scripts/bench outbound', () => {
  void it('judges, queues and lets go messages of a real session, and reports what that took', async () => {
    const figures = await measureOutbound({
      ...{
        rounds: 1,
        seconds: 0.05,
        warmUpSeconds: 0.05,
        say: () => undefined,
        signal: new AbortController().signal,
      },
    });
    const { haraka, gate, counted, known, told } = figures.turns;
    assert.deepEqual(
      [haraka, gate, counted, known, told].map((turns) => turns.map(({ hooks }) => hooks)),
      // registered, suspended, requiretls, limits, recipients, relay, provisional, tenant, accept, gate and count
      [[0], [11], [11], [11], [11]],
    );
    for (const { queue, delivery } of [...gate, ...counted, ...known, ...told]) {
      assert.ok(queue.clock > 0 && delivery.clock > 0);
    }
    const machine = { processor: 'x', cores: 2, versions: {} };
    assert.match(outboundTextOf(figures, machine), /^all three +-?\d+ \(.*under 200$/m);
  });
});
