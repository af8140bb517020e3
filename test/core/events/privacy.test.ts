import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { pseudonym } from '../../../plugins/core/events/pseudonym.ts';
import type { EventStore } from '../../../plugins/core/events/store.ts';
import { dayMs, topics, type Tally, type Topic } from '../../../plugins/core/events/tallies.ts';
import { eventWith, noon } from './sample-events.ts';
import { found, key, storeKinds, type Place } from './stores.ts';

const kinds = storeKinds();

const day = (number: number) => new Date(noon + number * dayMs);
const keptAll = {
  ...{ clearBefore: new Date(0), keepAfter: new Date(0), maxBytes: Infinity },
  digestBefore: new Date('2100-01-01'),
};
const wholeTime = { since: new Date(0), until: new Date('2100-01-01') };

const eventsOf = async (store: EventStore, mentions?: string) =>
  (await found(store, { mentions })).map(({ event }) => event);

async function talliesOf(store: EventStore): Promise<readonly Tally[]> {
  const all = await Promise.all(
    (Object.keys(topics) as Topic[]).map((topic) => store.tallies({ topic, ...wholeTime, isOverTime: true })),
  );
  return all.flat();
}

/** What somebody would find who looks for a name in all that is kept. */
const allText = async (store: EventStore) =>
  JSON.stringify([await eventsOf(store), await talliesOf(store)]).toLowerCase();

/** What one day leaves of two people, each with a home of their own. */
const dayOf = (number: number) => {
  const at = noon + number * dayMs;
  const [alice, bob] = ['alice', 'bob'].map((name, index) => ({
    ...{ identity: name, identity_id: `uid=${name},dc=corp,dc=example`, login: `${name}@corp.example` },
    ...{ client: index === 0 ? '2001:db8:a:b::1' : '192.0.2.66', helo: `${name}s-laptop` },
  }));
  return [
    eventWith({ ...alice, check: 'auth/login' }, at),
    eventWith(
      {
        ...alice,
        ...{ accepted: true, bytes: 100, sender: 'alice@corp.example', message_id: '<1.alice@laptop>' },
        recipients: ['bob@corp.example', 'carol@else.example'],
      },
      at + 1,
    ),
    eventWith(
      {
        ...{
          check: 'outbound/delivery',
          identity: 'alice',
          sender: 'alice@corp.example',
          outcome: 'bounced',
        },
        ...{ recipients: ['carol@else.example'], answer: '550 5.1.1 <carol@else.example> is unknown' },
      },
      at + 2,
    ),
    eventWith(
      {
        ...{ ...bob, check: 'sender/envelope', verdict: 'refuse', reason: 'not-owned' },
        ...{ sender: 'alice@corp.example', detail: 'bob may not write as alice@corp.example' },
        reply: '553 5.7.1 alice@corp.example is not yours',
      },
      at + 3,
    ),
    eventWith({ check: 'audit/connection', ...bob, role: 'submission', port: 587, reason: 'ended' }, at + 4),
  ];
};

for (const { it: kind, fresh } of kinds) {
  void describe(`what ${kind} keeps of people`, () => {
    const opened: EventStore[] = [];
    const open = (place: Place = fresh()) => {
      const store = place.open();
      opened.push(store);
      return store;
    };
    after(() => Promise.all(opened.map((store) => store.close())));

    void it('names nobody after a while, and is still found and counted by who knows the name', async () => {
      const store = open();
      await store.append([...dayOf(0), ...dayOf(5)]);
      const result = await store.maintain({ ...keptAll, clearBefore: day(3) });
      assert.deepEqual(result, { pseudonymised: 5, removed: 0 });
      const [events, tallies] = [await eventsOf(store), await talliesOf(store)];
      assert.deepEqual(
        events.slice(5).map((each) => each.identity),
        ['alice', 'alice', 'alice', 'bob', 'bob'],
      );
      const old = JSON.stringify([
        events.slice(0, 5),
        tallies.filter(({ at }) => at < noon + dayMs),
      ]).toLowerCase();
      assert.doesNotMatch(old, /alice|bob|carol|laptop|192\.0\.2\.66|2001/);
      assert.match(old, /192\.0\.2\.0\/24.*550 5\.1\.1"|550 5\.1\.1"/);
      const name = pseudonym(key, 'ALICE');
      assert.equal(events[0]?.identity, name);
      for (const text of ['alice', 'Alice', 'alice@corp.example', '<1.alice@laptop>', 'bob@corp.example']) {
        const times = (await eventsOf(store, text)).map(({ time }) => time.slice(0, 10));
        assert.deepEqual(new Set(times), new Set(['2026-11-24', '2026-11-29']), text);
      }
      const byHash = await eventsOf(store, name);
      assert.deepEqual(byHash, await eventsOf(store, 'alice'));
      const sent = await store.tallies({ topic: 'sent', ...wholeTime, by: ['identity'] });
      assert.deepEqual(
        sent.map(({ keys, count }) => [keys[0], count]),
        [
          ['alice', 1],
          [name, 1],
        ],
      );
    });

    void it('is looked through again where something older comes late, and otherwise stays as it is', async () => {
      const store = open();
      const clear = { ...keptAll, clearBefore: day(3) };
      await store.append(dayOf(0));
      assert.equal((await store.maintain(clear)).pseudonymised, 5);
      const before = [await eventsOf(store), await talliesOf(store)];
      assert.equal((await store.maintain(clear)).pseudonymised, 0);
      assert.deepEqual([await eventsOf(store), await talliesOf(store)], before);
      await store.append(dayOf(-1));
      await store.append(dayOf(0));
      assert.equal((await store.maintain(clear)).pseudonymised, 10);
      assert.doesNotMatch(await allText(store), /alice|bob|carol/);
      const [tally] = await store.tallies({ topic: 'sent', ...wholeTime, by: [] });
      assert.equal(tally?.count, 3, 'counted together, under one name');
    });

    void it('is removed when it is too old, or too much, and no place is given twice', async () => {
      const store = open();
      await store.append([...dayOf(0), ...dayOf(5)]);
      assert.deepEqual(await store.maintain({ ...keptAll, keepAfter: day(3) }), {
        pseudonymised: 0,
        removed: 5,
      });
      assert.deepEqual(
        new Set((await eventsOf(store)).map(({ time }) => time.slice(0, 10))),
        new Set(['2026-11-29']),
      );
      assert.ok((await talliesOf(store)).every(({ at }) => at > noon + 3 * dayMs));
      assert.equal((await eventsOf(store, 'alice')).length, 3);
      const last = (await found(store)).at(-1)?.place ?? 0;
      assert.equal((await store.maintain({ ...keptAll, maxBytes: 0 })).removed, 5);
      assert.deepEqual(await eventsOf(store), []);
      assert.deepEqual(await eventsOf(store, 'alice'), []);
      await store.append(dayOf(6));
      assert.ok(((await found(store))[0]?.place ?? 0) > last);
    });

    void it('lets others write meanwhile', async () => {
      const place = fresh();
      const [store, other] = [open(place), open(place)];
      for (let number = 0; number < 3; number += 1) {
        await store.append(Array.from({ length: 200 }, () => dayOf(number)).flat());
      }
      const state = { isOver: false };
      const maintained = store
        .maintain({ ...keptAll, clearBefore: day(2) })
        .finally(() => (state.isOver = true));
      let written = 0;
      for (; !state.isOver && written < 50; written += 1) {
        await (written % 2 === 0 ? store : other).append([
          eventWith({ identity: 'alice', accepted: true }, noon),
        ]);
      }
      await maintained;
      await store.maintain({ ...keptAll, clearBefore: day(2) });
      assert.ok(written > 2);
      const sent = await store.tallies({ topic: 'sent', ...wholeTime, by: ['identity'] });
      assert.deepEqual(
        sent.map(({ keys, count }) => [keys[0], count]),
        [
          ['alice', 200],
          [pseudonym(key, 'alice'), 400 + written],
        ],
      );
      assert.equal((await eventsOf(store)).length, 3000 + written);
    });

    void it('forgets nobody by an empty name, and whoever has a name with signs of its own', async () => {
      const store = open();
      const names = ['anna-maria', 'a+b.c*@x.example', '(x)|y'];
      await store.append(
        names.map((name) => eventWith({ verdict: 'refuse', check: 'their/check', detail: `<${name}> no` })),
      );
      assert.deepEqual((await store.erase([''])).events, 0);
      for (const name of names) assert.equal((await store.erase([name])).events, 1, name);
      assert.doesNotMatch(await allText(store), /anna|a\+b|\(x\)/);
    });

    for (const isOld of [false, true]) {
      void it(`forgets who somebody is${isOld ? ', even of what names nobody any more' : ''}`, async () => {
        const store = open();
        await store.append(dayOf(0));
        if (isOld) await store.maintain({ ...keptAll, clearBefore: day(3) });
        const names = ['Alice', 'alice@corp.example', 'uid=alice,dc=corp,dc=example'];
        const erased = await store.erase(names);
        assert.equal(erased.events, 4);
        // Files keep none.
        assert.ok(erased.tallies >= (kind === 'files of lines' ? 0 : 5));
        assert.deepEqual(await store.erase(names), { events: 0, tallies: 0 });
        const text = await allText(store);
        assert.doesNotMatch(text, /alice|1\.alice|2001:db8:a:b/);
        for (const name of names) {
          assert.deepEqual(await eventsOf(store, name), []);
          assert.ok(!text.includes(pseudonym(key, name).toLowerCase()));
        }
        const events = await eventsOf(store);
        const [{ identity = '' } = {}] = events;
        assert.match(identity, /^~/);
        assert.deepEqual(
          await eventsOf(store, identity),
          [events[0], events[1], events[2]],
          'one person still',
        );
        assert.equal((await eventsOf(store, 'bob')).length, 1);
        const [sent] = await store.tallies({ topic: 'sent', ...wholeTime });
        assert.deepEqual([sent?.keys[0], sent?.count], [identity, 1]);
        await store.maintain({ ...keptAll, clearBefore: day(3) });
        assert.equal((await eventsOf(store, identity)).length, 3);
      });
    }
  });
}
