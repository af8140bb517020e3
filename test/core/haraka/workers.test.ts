import assert from 'node:assert/strict';
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Workers } from '../../../plugins/core/haraka/workers.ts';
import { parseSettings } from '../../../plugins/core/settings/file.ts';

const settings = parseSettings('roles: [mx]\n', 'gatekeeper.yaml');

void describe('a worker that dies while the settings change', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatekeeper-workers-'));
    const program = join(dir, 'worker.cjs');
    writeFileSync(program, "process.on('message', () => undefined);\n");
    cluster.setupPrimary({ exec: program, execArgv: [] });
  });
  after(() => {
    rmSync(dir, { recursive: true });
  });

  /** A worker that is dead, which this process has had no chance to learn. */
  async function dead(): Promise<Worker> {
    const worker = cluster.fork();
    await once(worker, 'online');
    const { pid } = worker.process;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    // Without a turn of the event loop, in which we would be told.
    const sleep = new Int32Array(new SharedArrayBuffer(4));
    while (!isDead(pid)) Atomics.wait(sleep, 0, 0, 10);
    Atomics.wait(sleep, 0, 0, 100);
    assert.ok(worker.isConnected());
    return worker;
  }

  void it('has no say any more, and does not take the primary with it', async () => {
    await dead();
    await new Workers(cluster).agree(settings);
  });

  void it('does not take the primary with it when it dies before it is told to go ahead', async () => {
    const worker = await dead();
    new Workers(cluster).commit(settings);
    await once(worker, 'exit');
    await delay(0);
  });
});

function isDead(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
