import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Progress } from '../../../plugins/core/events/progress.ts';

const built = new URL('../../../dist/core/events/progress.js', import.meta.url);

/** A thread runs what is built. It tells of batch after batch as soon as somebody is about to wait: even ones fail. */
const thread = `
  import { workerData } from 'node:worker_threads';
  const { Progress } = await import('${built.href}');
  const progress = new Progress(workerData.shared);
  const asked = new Int32Array(workerData.asked);
  Atomics.store(asked, 1, 1);
  Atomics.notify(asked, 1);
  for (let batch = 1; batch <= workerData.batches; batch += 1) {
    while (Atomics.load(asked, 0) < batch);
    if (batch % 2 === 0) progress.tellFailed(batch);
    else progress.tellWritten(batch);
  }`;

const batches = 20_000;

void describe('the progress of a thread', () => {
  const progress = new Progress();
  const asked = new Int32Array(new SharedArrayBuffer(8));
  let worker: Worker;
  before(() => {
    worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(thread)}`), {
      workerData: { shared: progress.shared, asked: asked.buffer, batches },
      execArgv: [],
    });
  });
  after(() => worker.terminate());

  void it('is heard of at once, however close it comes to the wait', () => {
    Atomics.wait(asked, 1, 0, 20_000);
    const began = performance.now();
    for (let batch = 1; batch <= batches; batch += 1) {
      Atomics.store(asked, 0, batch);
      assert.equal(progress.waitFor(batch, 10_000), batch % 2 === 1);
    }
    assert.ok(performance.now() - began < 10_000, 'one was not heard of');
    assert.equal(progress.written, batches - 1);
  });

  void it('is waited for no longer than allowed', async () => {
    await once(worker, 'exit');
    assert.equal(progress.waitFor(batches + 1, 20), false);
  });

  void it('is told the end of the process', () => {
    const other = new Progress(progress.shared);
    assert.equal(other.isAtEnd, false);
    progress.tellEnd();
    assert.equal(other.isAtEnd, true);
  });
});
