import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/gateway.ts';
import { busyGateway } from './busy-gateway.ts';
import { withoutOneEvent } from './kept-events.ts';
import { workersIn } from './traffic.ts';

/** So long an end may take, under load. */
const longestMs = 8000;

for (const nodes of [0, 2]) {
  void describe(`a gateway with nodes=${nodes} that is told to end while it is busy`, () => {
    const busy = busyGateway(nodes);

    // As systemd does it with our unit, and as whatever else does it.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      void it(`ends soon after ${signal}, with the event of every message that it took`, async (test) => {
        const { running, scene, accepted, beginAgain } = busy();
        await eventually(
          'messages that are taken',
          () => busy().accepted.length > accepted.length + 20,
          30_000,
        );
        assert.ok(running.process.pid);
        const processes = [running.process.pid, ...workersIn(running.log())];
        const began = performance.now();
        running.process.kill(signal);
        await eventually('the end', () => processes.every(isOver), longestMs);
        test.diagnostic(`${Math.round(performance.now() - began)} ms`);
        await running.stop();
        assert.deepEqual(await withoutOneEvent(scene.test.dir, busy().accepted), []);
        await beginAgain();
      });
    }
  });
}

/** Whether a process has ended, also where nobody has asked how. */
function isOver(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(' Z ');
  } catch {
    return true;
  }
}
