import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import type Libsql from 'libsql';
import type { StorePlace } from '../../../plugins/core/events/places.ts';
import { openSqliteEvents } from '../../../plugins/core/events/sqlite.ts';
import type { EventWriter as Writer, WriterOptions } from '../../../plugins/core/events/writer.ts';
import { eventually } from '../../support/gateway.ts';
import { EventWriter } from '../../../plugins/core/events/writer.ts';
import { eventWith } from './sample-events.ts';
import { found, key } from './stores.ts';

const base = mkdtempSync(join(tmpdir(), 'gatekeeper-writer-'));
const run = promisify(execFile);
const unavailable = { name: 'EventsUnavailable' };
let count = 0;

function scene(over: Partial<WriterOptions> = {}) {
  const folder = join(base, String((count += 1)));
  mkdirSync(folder);
  const file = join(folder, 'events.db');
  const place: StorePlace = { kind: 'sqlite', file, key };
  const spoolFolder = join(folder, 'spool');
  const alarms: string[] = [];
  const lost: number[] = [];
  const options: WriterOptions = {
    ...{ place, spoolFolder, isSpooling: true },
    ...{ alarm: (text) => alarms.push(text), onLost: () => lost.push(1), ...over },
  };
  return { file, place, spoolFolder, alarms, lost, options, writer: new EventWriter(options) };
}

async function kept(file: string): Promise<(string | undefined)[]> {
  const store = openSqliteEvents({ file, key });
  const all = await found(store);
  await store.close();
  return all.map(({ event }) => event.login);
}

function spooled(folder: string): string[] {
  return readdirSync(folder).flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/"login":"([^"]*)"/g)].map(
      ([, login = '']) => login,
    ),
  );
}

/** Nobody else can write to a store until the function that is returned is called. */
function lock(file: string): () => void {
  const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
  const database = new Database(file);
  database.exec('BEGIN IMMEDIATE');
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}

const names = (many: number) => Array.from({ length: many }, (_, number) => `n${number}`);
const takeAll = (writer: Writer, logins: readonly string[]) => {
  for (const login of logins) writer.take(eventWith({ login }));
};

/** The thread of each order from now on. */
function watched(test: TestContext): Worker[] {
  const sentTo: Worker[] = [];
  const post = Reflect.get(Worker.prototype, 'postMessage') as (this: Worker, value: unknown) => void;
  test.mock.method(Worker.prototype, 'postMessage', function (this: Worker, value: unknown) {
    sentTo.push(this);
    post.call(this, value);
  });
  return sentTo;
}

void describe('the writer of events', () => {
  // Its thread keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  after(() => {
    clearInterval(alive);
    rmSync(base, { recursive: true, force: true });
  });

  void it('says that they are on disk when another connection can read them', async () => {
    const { file, writer } = scene();
    await writer.onDisk();
    for (const login of names(20)) {
      takeAll(writer, [login]);
      await writer.onDisk();
      assert.equal((await kept(file)).at(-1), login);
    }
    assert.deepEqual(await writer.close(), []);
    assert.deepEqual(await kept(file), names(20));
  });

  void it('writes many that come at once in few steps, and each who waits has his own there', async (test) => {
    const { file, writer } = scene();
    takeAll(writer, ['first']);
    await writer.onDisk();
    const sentTo = watched(test);
    const waits: Promise<void>[] = [];
    for (let turn = 0; turn < 100; turn += 1) {
      for (let each = 0; each < 10; each += 1) {
        takeAll(writer, [`turn ${turn}`]);
        waits.push(writer.onDisk());
      }
      await delay(0);
    }
    await Promise.all(waits);
    assert.equal((await kept(file)).length, 1001);
    assert.ok(sentTo.length <= 100, `${sentTo.length} batches for 1000 events`);
    test.diagnostic(`${sentTo.length} batches for 1000 events`);
    await writer.close();
  });

  void it('writes more than one step takes in several, in their order', async () => {
    const { file, writer } = scene();
    takeAll(writer, names(12_000));
    await writer.onDisk();
    assert.deepEqual(await kept(file), names(12_000));
    await writer.close();
  });

  for (const isSpooling of [true, false]) {
    const what = isSpooling ? 'spools' : 'lets nobody go on';
    void it(`${what} while the store cannot be opened, and has all of it afterwards`, async () => {
      const { file, spoolFolder, writer, alarms } = scene({ isSpooling });
      mkdirSync(file);
      takeAll(writer, ['one', 'two']);
      if (isSpooling) {
        await writer.onDisk();
        assert.deepEqual(spooled(spoolFolder), ['one', 'two']);
      } else {
        await assert.rejects(writer.onDisk(), unavailable);
        await assert.rejects(writer.onDisk(), unavailable);
      }
      assert.match(alarms[0] ?? '', isSpooling ? /events are spooled/ : /mail is deferred/);
      rmdirSync(file);
      takeAll(writer, ['three']);
      await eventually('the store', () => alarms.some((text) => text.includes('can be used again')), 15_000);
      const isOnDisk = () =>
        writer.onDisk().then(
          () => true,
          () => false,
        );
      // A batch may have failed a moment ago.
      await eventually('all of it on disk', isOnDisk);
      await delay(100);
      assert.deepEqual((await kept(file)).sort(), ['one', 'three', 'two']);
      await writer.close();
    });
  }

  void it('begins its thread again when that has died, and loses nothing of what was under way', async (test) => {
    const { file, writer, alarms } = scene();
    takeAll(writer, ['first']);
    await writer.onDisk();
    const sentTo = watched(test);
    for (let round = 0; round < 3; round += 1) {
      takeAll(writer, [`before ${round}`]);
      await delay(round);
      // An order that is none is a fault in it. Node.js ends a thread in the middle of a step as well, and now and then the
      // process with it.
      sentTo.at(-1)?.postMessage(null);
      takeAll(writer, [`after ${round}`]);
      await writer.onDisk();
    }
    const rounds = [0, 1, 2].flatMap((round) => [`before ${round}`, `after ${round}`]);
    // What it had written and not told of is written again.
    assert.deepEqual([...new Set(await kept(file))], ['first', ...rounds]);
    assert.equal(alarms.length, 3, alarms.join());
    for (const alarm of alarms) assert.match(alarm, /^the thread that writes events failed: TypeError/);
    await writer.close();
  });

  void it('gives back what it could not write when it is closed, and its successor writes that', async () => {
    const { file, options, writer } = scene({ isSpooling: false });
    mkdirSync(file);
    takeAll(writer, ['one', 'two']);
    await assert.rejects(writer.onDisk(), unavailable);
    const other = join(base, 'other', 'events.db');
    const next = new EventWriter({
      ...options,
      ...{ place: { kind: 'sqlite', file: other, key }, former: writer },
    });
    takeAll(next, ['three']);
    await next.onDisk();
    assert.deepEqual(await kept(other), ['one', 'two', 'three']);
    assert.deepEqual(await next.close(), []);
  });

  void it('has its successor take in what it has spooled elsewhere', async () => {
    const { file, spoolFolder, options, writer } = scene();
    mkdirSync(file);
    takeAll(writer, ['one', 'two']);
    await writer.onDisk();
    const folder = join(base, 'moved');
    const place: StorePlace = { kind: 'sqlite', file: join(folder, 'events.db'), key };
    const next = new EventWriter({ ...options, place, spoolFolder: join(folder, 'spool'), former: writer });
    takeAll(next, ['three']);
    await next.onDisk();
    await eventually('an empty spool', () => readdirSync(spoolFolder).length === 0);
    await delay(100);
    assert.deepEqual((await kept(place.file)).sort(), ['one', 'three', 'two']);
    await next.close();
  });

  void it('loses events rather than its memory, and then nothing is said to be on disk', async () => {
    const { file, writer, lost } = scene({ isSpooling: false });
    mkdirSync(file);
    const large = 'x'.repeat(1024 * 1024);
    takeAll(
      writer,
      Array.from({ length: 100 }, () => large),
    );
    assert.ok(lost.length >= 36, `${lost.length} of 100 MiB`);
    await assert.rejects(writer.onDisk(), unavailable);
    // The event of a message may be among the lost ones.
    await delay(0);
    await assert.rejects(writer.onDisk(), unavailable);
    await writer.close();
  });

  const program = join(import.meta.dirname, 'writer-end.ts');
  const ends: readonly { readonly it: string; unwritable: 'spool' | 'defer'; isLocked: boolean }[] = [
    { it: 'writes what is left at the end of its process', unwritable: 'defer', isLocked: false },
    { it: 'spools it where the store is locked', unwritable: 'spool', isLocked: true },
    { it: 'spools it there even if nobody was let go on', unwritable: 'defer', isLocked: true },
  ];
  for (const { it: what, unwritable, isLocked } of ends) {
    void it(what, async () => {
      const { file, place, spoolFolder, options } = scene({ isSpooling: unwritable === 'spool' });
      await openSqliteEvents({ file, key }).close();
      const unlock = isLocked ? lock(file) : () => undefined;
      const args = ['--import', 'tsx', program, JSON.stringify(place), spoolFolder, unwritable, '500'];
      try {
        await run(process.execPath, args, { timeout: 60_000 });
      } finally {
        unlock();
      }
      const last = Array.from({ length: 500 }, (_, number) => `last ${number}`);
      assert.deepEqual(isLocked ? spooled(spoolFolder) : await kept(file), ['first', ...last]);
      const next = new EventWriter(options);
      takeAll(next, ['next']);
      await next.onDisk();
      await eventually('what was spooled', async () => (await kept(file)).length === last.length + 2);
      assert.deepEqual((await kept(file)).sort(), ['first', ...last, 'next'].sort());
      await next.close();
    });
  }
});
