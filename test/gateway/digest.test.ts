import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startGateway, type Gateway } from '../../scripts/demo/gateway.ts';
import { eventsFile } from '../support/events.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';

/** It is looked every second and a half whether one is due; the minute until what failed is tried again takes three seconds. */
const quick = `const every = setInterval;
globalThis.setInterval = (work, ms, ...rest) => every(work, ms === 20_000 ? 1500 : ms, ...rest);
const now = performance.now.bind(performance);
performance.now = () => now() * 20;
`;
const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(quick)}`];

/** As long as two looks take, and more. */
const twoLooksMs = 3200;

/** As long as a busy machine takes. */
const longestMs = 40_000;

void describe('the daily report by mail, with workers', () => {
  let gateway: TestGateway;
  let running: Gateway;
  const recipients = () => gateway.delivered().flatMap(({ envelope }) => envelope.to);
  const state = () => join(gateway.dir, 'var/gatekeeper/digest.json');
  const both = ['bob@corp.example', 'ops@world.example'];

  before(async () => {
    gateway = await startTestGateway({
      nodes: 2,
      execArgv,
      settings: { audit: { digest: { to: both, at: '00:00' } } },
    });
    running = gateway.gateway;
  });
  after(async () => {
    await running.stop();
    await gateway.stop();
  });

  async function restart(meanwhile: () => void = () => undefined): Promise<void> {
    await running.stop();
    meanwhile();
    const { dir, ports } = gateway;
    running = await startGateway({ dir, ports, directoryUrl: '', sinkPort: 0, reuse: true, execArgv });
  }

  void it('comes once, in one mail, which says what gatekeeper report does', async () => {
    await eventually('the mail', () => recipients().length >= 2, longestMs);
    const text = gateway.delivered()[0]?.bytes.toString() ?? '';
    assert.match(text, /^Subject: \S+: no findings in 24 hours\r$/m);
    assert.match(text, /^Mail flow: /m);
    await delay(twoLooksMs);
    assert.deepEqual(recipients().sort(), both);
    assert.match(readFileSync(state(), 'utf8'), /"day":"\d{4}-\d\d-\d\d"/);
  });

  void it('does not come again after a restart on the same day', async () => {
    await restart();
    await delay(twoLooksMs);
    assert.deepEqual(recipients().sort(), both);
  });

  void it('comes when the events can be read again, where they could not at its time', async () => {
    const file = eventsFile(gateway.dir);
    const since = running.log().length;
    await restart(() => {
      // As on the next day.
      rmSync(state());
      move(file, `${file}.away`);
      mkdirSync(file);
    });
    const complaints = () =>
      running
        .log()
        .slice(since)
        .match(/the daily report was not sent/g)?.length ?? 0;
    await eventually('two complaints', () => complaints() >= 2, longestMs);
    assert.deepEqual(recipients().sort(), both);
    rmSync(file, { recursive: true });
    move(`${file}.away`, file);
    await eventually('the mail', () => recipients().length >= 4, longestMs);
    await delay(twoLooksMs);
    assert.deepEqual(recipients().sort(), [...both, ...both].sort());
  });
});

/** A database, with what of it lies beside it. */
function move(from: string, to: string): void {
  for (const end of ['', '-wal', '-shm']) if (existsSync(from + end)) renameSync(from + end, to + end);
}
