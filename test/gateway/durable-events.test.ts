import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type Libsql from 'libsql';
import { lastLines } from '../../scripts/demo/gateway.ts';
import { gatekeeper } from '../support/command.ts';
import { breakEvents, eventsFile } from '../support/events.ts';
import { eventually, type TestGateway } from '../support/gateway.ts';
import { fill, mountTmpfs } from '../support/tmpfs.ts';
import { busyGateway, unlimited } from './busy-gateway.ts';
import { eventsOf, withoutOneEvent } from './kept-events.ts';
import { mail, startScene, type Scene } from './provenance-scene.ts';

/** How often the gateway is killed, half of them as one process and half as four workers. */
const crashes = Number(process.env['EVENT_CRASHES'] ?? 4);
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));

const data = (test: TestGateway) => join(test.dir, 'var/gatekeeper');

/** How many events say of each message that it was accepted. */
async function acceptances(dir: string, data_directory?: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { accepted, recipients = [] } of await eventsOf(dir, data_directory)) {
    if (!accepted) continue;
    for (const to of recipients) counts.set(to, (counts.get(to) ?? 0) + 1);
  }
  return counts;
}

/** Waits until each of these recipients is in one event of acceptance. */
async function assertKept(
  dir: string,
  recipients: readonly string[],
  data_directory?: string,
): Promise<void> {
  const wanted = recipients.map((to) => [to, 1] as const);
  const end = Date.now() + 15_000;
  for (;;) {
    const counts = await acceptances(dir, data_directory).catch((error: unknown) => {
      if (Date.now() > end) throw error;
      return new Map<string, number>();
    });
    const found = recipients.map((to) => [to, counts.get(to) ?? 0] as const);
    if (found.every(([, count]) => count === 1)) return;
    if (Date.now() > end) assert.deepEqual(found, wanted);
    await delay(100);
  }
}

for (const nodes of [0, 4]) {
  void describe(`events of a gateway with nodes=${nodes} that is killed (SEED=${seed})`, () => {
    const busy = busyGateway(nodes);

    void it('are there once for every message that it took', async (test) => {
      for (let number = 0; number < crashes / 2; number += 1) {
        const { running, scene, accepted, beginAgain } = busy();
        const isTaking = () => busy().accepted.length > accepted.length + 5;
        await eventually('messages that are taken', isTaking, 30_000).catch(() => {
          throw new Error(lastLines(running.log()));
        });
        await delay(randomInt(500));
        if (running.process.pid) process.kill(-running.process.pid, 'SIGKILL');
        await running.stop();
        const wrong = await withoutOneEvent(scene.test.dir, busy().accepted);
        assert.deepEqual(wrong, [], `after crash ${number + 1}`);
        await beginAgain();
      }
      test.diagnostic(`${busy().accepted.length} accepted`);
    });

    void it('are found by gatekeeper trace', async () => {
      const { load, scene } = busy();
      await load.stop();
      const { id = '' } = busy().accepted.at(-1) ?? {};
      const { code, out } = await gatekeeper(['trace', id], { haraka: scene.test.dir });
      assert.equal(code, 0, out);
      assert.match(out, /accepted/);
    });
  });
}

/** Nobody else can write to the store until the function that is returned is called. */
function lock(file: string): () => void {
  const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
  const database = new Database(file);
  database.pragma('busy_timeout = 5000');
  database.exec('BEGIN IMMEDIATE');
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}

void describe('events of a gateway whose store fails', () => {
  let scene: Scene;
  let yaml: string;
  const test = () => scene.test;
  const kept: string[] = [];
  let number = 0;

  /** Sends one, and remembers it where it is taken. */
  async function send(): Promise<string> {
    const to = `n${(number += 1)}@one.example`;
    const { code, text } = await mail(test(), [to]);
    if (code === 250) kept.push(to);
    return text;
  }
  const logged = (pattern: RegExp, since = 0) =>
    eventually(String(pattern), () => pattern.test(test().log().slice(since)), 15_000);

  async function setting(change: (text: string) => string): Promise<void> {
    const since = test().log().length;
    writeFileSync(yaml, change(readFileSync(yaml, 'utf8')));
    await logged(/settings: revision \S+ is in force/, since);
    await delay(300);
  }

  before(async () => {
    scene = await startScene({
      settings: { limits: unlimited, audit: { unwritable: 'spool' } },
    });
    yaml = join(test().dir, 'config/gatekeeper.yaml');
  });
  after(() => scene.stop());

  void it('are all there when somebody writes over their file while it runs, whatever of it SQLite can mend', async () => {
    assert.match(await send(), /^250 /);
    kept.splice(0);
    breakEvents(test().dir);
    // Until then it may have been looked at a moment ago.
    await delay(1100);
    assert.match(await send(), /^250 /);
    assert.match(await send(), /^250 /);
    // By the log, which it had open, the file may be whole again; else it is set aside.
    await logged(/\[CRIT\].*the store of events (?:is broken|can be used again)/);
    await assertKept(test().dir, kept);
  });

  void it('go on in a new file when theirs is broken at the start', async () => {
    kept.splice(0);
    const since = test().log().length;
    await scene.restart(() => {
      // This process has read it, and lets go of the old one some time: that would be mended, and not the one in its place.
      rmSync(eventsFile(test().dir));
      breakEvents(test().dir);
    });
    assert.match(await send(), /^250 /);
    await logged(/\[CRIT\].*the store of events is broken/, since);
    await assertKept(test().dir, kept);
    assert.ok(readdirSync(data(test())).some((name) => /^events\.db\.broken-\S+Z$/.test(name)));
  });

  void it('wait in the spool while something else is in the place of their store', async () => {
    const away = `${eventsFile(test().dir)}.away`;
    for (const end of ['', '-wal', '-shm']) renameSync(`${eventsFile(test().dir)}${end}`, `${away}${end}`);
    mkdirSync(eventsFile(test().dir));
    await delay(1100);
    const spooled = [await send(), await send()];
    assert.ok(
      spooled.every((text) => text.startsWith('250 ')),
      spooled.join(),
    );
    await logged(/\[CRIT\].*the store of events cannot be used, events are spooled/);
    rmSync(eventsFile(test().dir), { recursive: true });
    for (const end of ['', '-wal', '-shm']) renameSync(`${away}${end}`, `${eventsFile(test().dir)}${end}`);
    await logged(/events that were spooled are in their store now/);
    await assertKept(test().dir, kept);
  });

  void it('go to the new place when the settings name one, and none is lost', async () => {
    const old = kept.splice(0);
    assert.match(await send(), /^250 /);
    const unlock = lock(eventsFile(test().dir));
    await setting((text) => `${text}\ndata_directory: elsewhere\n`);
    const moved = [await send()];
    assert.match(moved[0] ?? '', /^250 /);
    unlock();
    const before = await acceptances(test().dir);
    const later = await acceptances(test().dir, 'elsewhere');
    for (const to of [...old, ...kept]) assert.equal((before.get(to) ?? 0) + (later.get(to) ?? 0), 1, to);
    await setting((text) => text.replace('\ndata_directory: elsewhere\n', ''));
  });

  void it('are the condition of every 250 with audit.unwritable: defer', async () => {
    kept.splice(0);
    await setting((text) =>
      text.replace('unwritable: spool', 'unwritable: defer').replace('"spool"', '"defer"'),
    );
    assert.match(await send(), /^250 /);
    const since = test().log().length;
    const unlock = lock(eventsFile(test().dir));
    try {
      assert.match(await send(), /^451 4\.3\.0 /);
      assert.match(await send(), /^451 4\.3\.0 /);
    } finally {
      unlock();
    }
    await logged(/the store of events can be used again/, since);
    await delay(1200);
    assert.match(await send(), /^250 /);
    await assertKept(test().dir, kept);
  });
});

void describe('events of a gateway whose disk is full', () => {
  let scene: Scene;
  const unmounts: (() => void)[] = [];
  const kept: string[] = [];

  before(async () => {
    scene = await startScene({ settings: { limits: unlimited } });
    await scene.restart(() => {
      const folder = data(scene.test);
      mkdirSync(folder, { recursive: true });
      unmounts.push(mountTmpfs(folder, '1m'));
      mkdirSync(join(folder, 'events-spool'));
      unmounts.push(mountTmpfs(join(folder, 'events-spool'), '64k'));
    });
  });
  after(async () => {
    for (const unmount of unmounts.reverse()) unmount();
    await scene.stop();
  });

  async function send(to: string): Promise<string> {
    const { code, text } = await mail(scene.test, [to]);
    if (code === 250) kept.push(to);
    return text;
  }

  void it('wait where there is room, mail is refused for now where there is none, and all is there afterwards', async () => {
    const folder = data(scene.test);
    assert.match(await send('before@one.example'), /^250 /);
    const fills = [fill(folder)];
    for (let number = 0; number < 100; number += 1) {
      assert.match(await send(`spooled${number}@one.example`), /^250 /);
      if (scene.test.log().includes('the store of events cannot be used, events are spooled')) break;
    }
    assert.match(await send('spooled@one.example'), /^250 /);
    fills.push(fill(join(folder, 'events-spool')));
    const replies = [];
    for (let number = 0; number < 6; number += 1) replies.push(await send(`refused${number}@one.example`));
    assert.match(replies.at(-1) ?? '', /^452 4\.3\.1 /, replies.join('\n'));
    for (const empty of fills) empty();
    await eventually(
      'the store',
      () => scene.test.log().includes('the store of events can be used again'),
      15_000,
    );
    await delay(1200);
    assert.match(await send('after@one.example'), /^250 /);
    await assertKept(scene.test.dir, kept);
  });
});
