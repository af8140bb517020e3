import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../../plugins/core/deadline.ts';

const late = (): Error => new Error('too late');

void describe('a deadline', () => {
  void it('tells all who listen, once, and why', async () => {
    const deadline = new Deadline(5, late);
    const heard: string[] = [];
    const gone = (): unknown => heard.push('gone');
    deadline.addEventListener('abort', () => heard.push(deadline.reason.message));
    deadline.addEventListener('abort', gone);
    deadline.removeEventListener('abort', gone);
    deadline.throwIfAborted();
    await sleep(30);
    assert.deepEqual(heard, ['too late']);
    assert.ok(deadline.aborted);
    assert.throws(() => deadline.throwIfAborted(), /too late/);
  });

  void it('that is met does not pass, nor keeps the process', async () => {
    const before = timers();
    const deadline = new Deadline(5, late);
    deadline.meet();
    assert.equal(timers(), before);
    await sleep(20);
    assert.ok(!deadline.aborted);
  });

  void it('ends a wait for what comes too late, or never', async () => {
    const deadline = new Deadline(5, late);
    await assert.rejects(deadline.race(new Promise(() => undefined)), /^Error: too late$/);
  });

  void it('lets what comes in time come, and fail', async () => {
    const deadline = new Deadline(1000, late);
    assert.equal(await deadline.race(Promise.resolve('here')), 'here');
    await assert.rejects(deadline.race(Promise.reject(new Error('broken'))), /^Error: broken$/);
    deadline.meet();
  });

  void it('may be as far as one likes', () => {
    const deadline = new Deadline(Infinity, late);
    deadline.meet();
  });
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
