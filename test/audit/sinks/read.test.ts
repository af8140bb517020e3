import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { placeBefore, readBehind, type Found, type Mark } from '../../../plugins/audit/sinks/read.ts';
import type { GatekeeperEvent } from '../../../plugins/core/events/event.ts';
import type { EventStore } from '../../../plugins/core/events/store.ts';
import { eventWith, noon } from '../../core/events/sample-events.ts';
import { found, storeKinds } from '../../core/events/stores.ts';

const minute = 60_000;

/** Of a minute of the day each. */
const events = (count: number, from = 0, fields: Partial<GatekeeperEvent> = {}) =>
  Array.from({ length: count }, (_, index) => eventWith(fields, noon + (from + index) * minute));

for (const { it: kind, fresh } of storeKinds()) {
  void describe(`behind a mark, of ${kind},`, () => {
    const opened: EventStore[] = [];
    const open = () => {
      const store = fresh().open();
      opened.push(store);
      return store;
    };
    after(() => Promise.all(opened.map((store) => store.close())));
    const isCounted = kind !== 'files of lines';
    const read = (store: EventStore, mark: Mark, isMeant: (event: GatekeeperEvent) => boolean = () => true) =>
      readBehind({ store, isCounted, isMeant }, mark);
    const markAt = async (store: EventStore, index: number): Promise<Mark> => {
      const one = (await found(store)).at(index);
      assert.ok(one);
      return { place: one.place, time: one.event.time };
    };
    async function foundIn(store: EventStore, mark: Mark, isMeant?: (event: GatekeeperEvent) => boolean) {
      const answer = await read(store, mark, isMeant);
      assert.notEqual(answer, 'another store');
      const { events: text, ...rest } = answer as Found;
      const all = JSON.parse(text) as GatekeeperEvent[];
      assert.equal(all.length, rest.count);
      return { ...rest, all };
    }

    void it('comes what was taken later, in its order, and nothing where there is nothing', async () => {
      const store = open();
      assert.deepEqual(await foundIn(store, { place: 0 }), {
        ...{ all: [], count: 0, until: { place: 0 }, missed: 0, isMore: false },
      });
      const all = events(5);
      await store.append(all);
      const { all: first, until } = await foundIn(store, { place: await placeBefore(store, noon) });
      assert.deepEqual(first, all);
      assert.deepEqual(until, await markAt(store, -1));
      assert.deepEqual((await foundIn(store, await markAt(store, 2))).all, all.slice(3));
      const nothing = await foundIn(store, until);
      assert.deepEqual([nothing.count, nothing.until, nothing.missed], [0, until, 0]);
    });

    void it('comes no more at once than may be handed over, of small events and of large ones', async () => {
      const store = open();
      const small = events(450);
      const large = events(4, 450, { detail: 'x'.repeat(200_000) });
      await store.append(small);
      await store.append(large);
      let mark: Mark = { place: await placeBefore(store, 0) };
      const counts: number[] = [];
      const seen: string[] = [];
      for (let isMore = true; isMore;) {
        const next = await foundIn(store, mark);
        ({ until: mark, isMore } = next);
        counts.push(next.count);
        seen.push(...next.all.map(({ time }) => time));
      }
      assert.deepEqual(
        seen,
        [...small, ...large].map(({ time }) => time),
      );
      assert.deepEqual(counts, [200, 200, 51, 1, 1, 1]);
    });

    void it('comes only what is meant, and the mark goes on with the rest', async () => {
      const store = open();
      await store.append([
        ...events(3, 0, { node: 'other' }),
        ...events(1, 3),
        ...events(2, 4, { node: 'other' }),
      ]);
      const { all, until } = await foundIn(store, { place: 0 }, ({ node }) => node === 'mx1');
      assert.deepEqual(
        all.map(({ node }) => node),
        ['mx1'],
      );
      assert.deepEqual(until, await markAt(store, -1));
    });

    void it('tells what has left the store meanwhile', async () => {
      const store = open();
      await store.append(events(300));
      const mark = await markAt(store, 9);
      // A file that is written to keeps what it has: it is rotated first.
      const keepAfter = new Date(noon + 100 * minute);
      await store.maintain({
        clearBefore: new Date(0),
        keepAfter,
        maxBytes: Infinity,
        digestBefore: new Date(0),
      });
      const { all, missed } = await foundIn(store, mark);
      assert.equal(all[0]?.time, keepAfter.toISOString());
      assert.equal(missed, isCounted ? 90 : 'unknown');
    });

    void it('is another store, where its event is not what it was, or nothing is left that is as late', async () => {
      const store = open();
      await store.append(events(10));
      const { place } = await markAt(store, 5);
      assert.equal(
        await read(store, { place, time: new Date(noon - minute).toISOString() }),
        'another store',
      );
      const beyond = (await markAt(store, -1)).place + 100;
      assert.equal(await read(store, { place: beyond, time: new Date(noon).toISOString() }), 'another store');
      const emptied = { place: beyond, time: new Date(noon).toISOString() };
      assert.equal((await foundIn(open(), emptied)).count, 0, 'all may have left');
    });

    void it('stands after it was pseudonymised', async () => {
      const store = open();
      await store.append(events(3, 0, { identity: 'alice' }));
      const mark = await markAt(store, 0);
      const clearBefore = new Date(noon + 10 * minute);
      await store.maintain({
        clearBefore,
        keepAfter: new Date(0),
        maxBytes: Infinity,
        digestBefore: new Date(0),
      });
      const { all } = await foundIn(store, mark);
      assert.equal(all.length, 2);
      assert.match(all[0]?.identity ?? '', /^~/);
    });

    void it('stands all that fell since a time, however late it was written', async () => {
      const store = open();
      const late = eventWith({}, noon - 24 * 60 * minute);
      await store.append([...events(3), late, ...events(2, 3)]);
      const since = async (time: number) =>
        (await foundIn(store, { place: await placeBefore(store, time) })).count;
      assert.equal(await since(noon), 6);
      assert.equal(await since(noon + 2 * minute), 4);
      assert.equal(await since(noon + 4 * minute), 1);
      assert.equal(await since(noon + 5 * minute), 0);
    });
  });
}
