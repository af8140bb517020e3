import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Keeper, type Keeping } from '../../../plugins/core/events/keeper.ts';
import { Spool } from '../../../plugins/core/events/spool.ts';
import { openSqliteEvents, setAside } from '../../../plugins/core/events/sqlite.ts';
import { EventsUnavailable, type EventStore } from '../../../plugins/core/events/store.ts';
import { eventWith } from './sample-events.ts';
import { found, key } from './stores.ts';

const base = mkdtempSync(join(tmpdir(), 'gatekeeper-keeper-'));
let count = 0;

const lines = (...names: string[]) => names.map((login) => JSON.stringify(eventWith({ login })));

/** A keeper of a store that fails on demand, with a clock that moves on demand. */
function scene(over: Partial<Keeping> = {}) {
  const folder = join(base, String((count += 1)));
  const file = join(folder, 'events.db');
  const state = { now: 0, opened: 0, fault: undefined as EventsUnavailable | undefined };
  const alarms: string[] = [];
  const open = (): EventStore => {
    state.opened += 1;
    const store = openSqliteEvents({ file, key });
    const append: EventStore['append'] = (events) =>
      state.fault ? Promise.reject(state.fault) : store.append(events);
    return { ...storeOf(store), append };
  };
  const spool = new Spool(join(folder, 'spool'), () => new Date(state.now));
  const keeper = new Keeper({
    ...{ open, spool, spooled: [spool], alarm: (text) => alarms.push(text), now: () => state.now },
    setAside: ({ inode }) => setAside(file, inode, new Date(0)),
    ...over,
  });
  const kept = async () => {
    const store = openSqliteEvents({ file, key });
    const all = await found(store);
    await store.close();
    return all.map(({ event }) => event.login);
  };
  const spooled = () => {
    try {
      const names = readdirSync(join(folder, 'spool'));
      return names.flatMap((name) =>
        readFileSync(join(folder, 'spool', name), 'utf8')
          .trimEnd()
          .split('\n'),
      );
    } catch {
      return [];
    }
  };
  return { keeper, state, alarms, kept, spooled, file };
}

function storeOf(store: EventStore): EventStore {
  return {
    append: (events) => store.append(events),
    events: (query) => store.events(query),
    tallies: (query) => store.tallies(query),
    size: () => store.size(),
    maintain: (limits) => store.maintain(limits),
    erase: (names) => store.erase(names),
    close: () => store.close(),
  };
}

void describe('the keeper of events', () => {
  after(() => {
    rmSync(base, { recursive: true, force: true });
  });

  void it('keeps them in the store, and spools them while it fails, without asking it for five seconds', async () => {
    const { keeper, state, alarms, kept, spooled } = scene();
    await keeper.keep(lines('one'));
    state.fault = new EventsUnavailable('as asked');
    await keeper.keep(lines('two'));
    const { opened } = state;
    for (const now of [1, 4999]) {
      state.now = now;
      await keeper.keep(lines(`at ${now}`));
    }
    assert.equal(state.opened, opened);
    assert.equal(spooled().length, 3);
    assert.deepEqual(await kept(), ['one']);
    assert.deepEqual(alarms, ['the store of events cannot be used, events are spooled: as asked']);
    state.now = 5000;
    await keeper.keep(lines('again'));
    assert.equal(state.opened, opened + 1);
  });

  void it('says each minute why, also where it has not asked the store just now', async () => {
    const { keeper, state, alarms } = scene();
    state.fault = new EventsUnavailable('as asked');
    for (const now of [0, 59_000, 60_000]) {
      state.now = now;
      await keeper.keep(lines(`at ${now}`));
    }
    const says = 'the store of events cannot be used, events are spooled: as asked';
    assert.deepEqual(alarms, [says, says]);
  });

  void it('takes in what was spooled, the oldest first, when the store can be used again', async () => {
    const { keeper, state, alarms, kept, spooled } = scene();
    state.fault = new EventsUnavailable('as asked');
    for (const name of ['one', 'two', 'three']) await keeper.keep(lines(name));
    state.fault = undefined;
    state.now = 5000;
    await keeper.keep(lines('four'));
    await keeper.takeSpooled();
    assert.deepEqual(await kept(), ['four', 'one', 'two', 'three']);
    assert.deepEqual(spooled(), []);
    assert.deepEqual(alarms.slice(1), [
      'the store of events can be used again',
      '3 events that were spooled are in their store now',
    ]);
  });

  void it('takes it in without another event, too', async () => {
    const { keeper, state, alarms, kept } = scene();
    state.fault = new EventsUnavailable('as asked');
    await keeper.keep(lines('one'));
    state.now = 5000;
    await keeper.tryAgain();
    state.fault = undefined;
    state.now = 10_000;
    await Promise.all([keeper.tryAgain(), keeper.tryAgain(), keeper.takeSpooled()]);
    assert.deepEqual(await kept(), ['one']);
    assert.match(alarms.at(-1) ?? '', /can be used again/);
    await keeper.tryAgain();
    assert.equal(alarms.length, 3);
  });

  void it('complains once a minute', async () => {
    const { keeper, state, alarms } = scene();
    state.fault = new EventsUnavailable('as asked');
    for (let now = 0; now < 180_000; now += 2500) {
      state.now = now;
      await keeper.keep(lines('x'));
    }
    assert.equal(alarms.length, 3);
  });

  void it('refuses them where nobody is to be let go on, and takes them afterwards', async () => {
    const { keeper, state, alarms, kept } = scene({ spool: undefined });
    state.fault = new EventsUnavailable('as asked', { isFull: true });
    await assert.rejects(keeper.keep(lines('one')), { isFull: true });
    await assert.rejects(keeper.keep(lines('one')), EventsUnavailable);
    assert.deepEqual(alarms, ['the store of events cannot be used, mail is deferred: as asked']);
    state.now = 5000;
    state.fault = undefined;
    await keeper.keep(lines('one'));
    assert.deepEqual(await kept(), ['one']);
  });

  void it('takes in what was spooled before nobody was to be let go on', async () => {
    const folder = join(base, 'before');
    const spool = new Spool(folder, () => new Date());
    spool.write(lines('one'));
    const { keeper, kept } = scene({ spool: undefined, spooled: [spool] });
    await keeper.takeSpooled();
    assert.deepEqual(await kept(), ['one']);
  });

  void it('refuses them when the spool cannot be written either, and says whether more room would help', async () => {
    const full = Object.assign(new Error('no room'), { code: 'ENOSPC' });
    const spool = { write: () => assert.fail(full), empty: () => Promise.resolve(0) } as unknown as Spool;
    const { keeper, state, alarms, kept } = scene({ spool, spooled: [spool] });
    state.fault = new EventsUnavailable('as asked');
    await assert.rejects(keeper.keep(lines('one')), {
      ...{ name: 'EventsUnavailable', isFull: true, message: 'as asked; spool: no room' },
    });
    assert.deepEqual(alarms, [
      'the store of events cannot be used, nor can the spool (no room), mail is deferred: as asked',
    ]);
    state.fault = undefined;
    state.now = 5000;
    await keeper.keep(lines('two'));
    assert.deepEqual(await kept(), ['two']);
  });

  void it('sets a broken file aside and begins a new one, with what it was to take', async () => {
    const { keeper, alarms, kept, file } = scene();
    await keeper.keep(lines('old'));
    await keeper.close();
    for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
    writeFileSync(file, 'no database '.repeat(1000));
    await keeper.keep(lines('new'));
    assert.deepEqual(await kept(), ['new']);
    assert.equal(alarms.length, 1);
    assert.match(
      alarms[0] ?? '',
      /broken \(.*not a database.*\): it is .*events\.db\.broken-1970-01-01T000000\.000Z now/,
    );
    assert.match(readFileSync(`${file}.broken-1970-01-01T000000.000Z`, 'utf8'), /^no database /);
  });

  void it('leaves the new file of another process where it is', async () => {
    const { keeper, alarms, kept, state } = scene();
    await keeper.keep(lines('of the other'));
    // Seen in the file that the other has set aside.
    state.fault = new EventsUnavailable('as asked', { isBroken: true, inode: 1 });
    const kept1 = keeper.keep(lines('mine'));
    state.fault = undefined;
    await kept1;
    assert.deepEqual(await kept(), ['of the other', 'mine']);
    assert.deepEqual(alarms, []);
  });
});
