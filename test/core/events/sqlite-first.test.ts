import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { key } from './stores.ts';

const built = resolve(process.env['GATEKEEPER_PACKAGE'] ?? 'dist', 'core/events/sqlite.js');

/** Opens and closes the store in a file at the moment at which all others do, and says what went wrong. */
const opener = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.built).then(({ openSqliteEvents }) => {
  parentPort.on('message', ({ file, round }) => {
    while (Atomics.load(workerData.turn, 0) < round);
    try {
      void openSqliteEvents({ file, key: workerData.key }).close();
      parentPort.postMessage('opened');
    } catch (error) {
      parentPort.postMessage(String(error));
    }
  });
  parentPort.postMessage('ready');
});`;

void describe('a store in SQLite that is not there yet', () => {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-events-'));
  after(() => rmSync(base, { recursive: true }));

  // Of the primary process one writes, and another reads the daily report.
  void it('is made once, and opened by all threads of a process that come at once', async (test) => {
    const turn = new Int32Array(new SharedArrayBuffer(4));
    const threads = Array.from(
      { length: 3 },
      () => new Worker(opener, { eval: true, execArgv: [], workerData: { built, key, turn } }),
    );
    test.after(() => Promise.all(threads.map((thread) => thread.terminate())));
    const answers = () => Promise.all(threads.map(async (thread) => String(await once(thread, 'message'))));
    await answers();
    for (let round = 1; round <= 20; round += 1) {
      const folder = join(base, String(round));
      const heard = answers();
      for (const thread of threads) thread.postMessage({ file: join(folder, 'events.db'), round });
      Atomics.store(turn, 0, round);
      assert.deepEqual(await heard, ['opened', 'opened', 'opened']);
      assert.deepEqual(
        readdirSync(folder).filter((name) => !/^events\.db(?:-wal|-shm)?$/.test(name)),
        [],
      );
    }
  });
});
