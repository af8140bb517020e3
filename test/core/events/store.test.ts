import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import type { GatekeeperEvent } from '../../../plugins/core/events/event.ts';
import {
  EventsUnavailable,
  type EventQuery,
  type EventStore,
  type TallyQuery,
} from '../../../plugins/core/events/store.ts';
import {
  amounts,
  dayMs,
  keyOf,
  keyText,
  talliesOf,
  topics,
  type Tally,
  type Topic,
} from '../../../plugins/core/events/tallies.ts';
import { isPseudonym } from '../../../plugins/core/events/terms.ts';
import { eventsIn, talliesIn } from './model.ts';
import { eventWith, hostile, noon, someEvents } from './sample-events.ts';
import { found, storeKinds } from './stores.ts';

const kinds = storeKinds();

const eventsOf = async (store: EventStore, query: EventQuery = {}) =>
  (await found(store, query)).map(({ event }) => event);

const wholeTime = { since: new Date(0), until: new Date('2100-01-01') };
const keptAll = {
  ...{ clearBefore: new Date(0), keepAfter: new Date(0), maxBytes: Infinity },
  digestBefore: new Date('2100-01-01'),
};

/** Without what only has to be one of several. */
const withoutSample = (tallies: readonly Tally[]) => tallies.map(({ sample: _, ...tally }) => tally);

const login = (name: string, at = noon) =>
  eventWith(
    { check: 'auth/login', verdict: 'refuse', reason: 'bad-credentials', login: name, client: '192.0.2.1' },
    at,
  );

for (const { it: kind, fresh } of kinds) {
  void describe(`events in ${kind}`, () => {
    const opened: EventStore[] = [];
    const open = (place = fresh()) => {
      const store = place.open();
      opened.push(store);
      return store;
    };
    after(() => Promise.all(opened.map((store) => store.close())));

    void it('are there in the order in which they were taken, and their places only grow', async () => {
      const store = open();
      const events = [3, 1, 2].map((hour) => login(`at ${hour}`, noon + hour * 60_000));
      await store.append(events.slice(0, 2));
      await store.append([]);
      await store.append(events.slice(2));
      assert.deepEqual(await eventsOf(store), events);
      assert.deepEqual(await eventsOf(store, { order: 'newest-first' }), events.toReversed());
      const places = (await found(store)).map(({ place }) => place);
      assert.deepEqual(
        places.toSorted((a, b) => a - b),
        places,
      );
      assert.equal(new Set(places).size, 3);
      assert.deepEqual(await eventsOf(store, { after: places[0] }), events.slice(1));
      assert.deepEqual(await eventsOf(store, { after: places[2] }), []);
      assert.ok((await store.size()) > 0);
    });

    void it('are found by what they mention, in small letters or not', async () => {
      const store = open();
      const [one, other, quiet] = [
        eventWith({ identity: 'Alice', recipients: ['Bob@corp.example'], accepted: true }),
        eventWith({ sender: 'carol@corp.example', verdict: 'refuse' }),
        eventWith({ check: 'sender/envelope', identity: 'alice' }),
      ];
      await store.append([one, other, quiet]);
      assert.deepEqual(await eventsOf(store, { mentions: 'alice' }), [one]);
      assert.deepEqual(await eventsOf(store, { mentions: 'bob@CORP.example' }), [one]);
      assert.deepEqual(await eventsOf(store, { mentions: one.reference.slice(0, 38) }), [one]);
      assert.deepEqual(await eventsOf(store, { mentions: 'nobody' }), []);
      const [first] = await found(store);
      assert.deepEqual(await eventsOf(store, { mentions: 'alice', after: first?.place }), []);
    });

    void it('come in batches, of which a reader takes as many as he likes', async () => {
      const store = open();
      const events = Array.from({ length: 1203 }, (_, index) => login(`many ${index % 2}`, noon + index));
      await store.append(events);
      for (const order of ['oldest-first', 'newest-first'] as const) {
        const expected = order === 'oldest-first' ? events : events.toReversed();
        assert.deepEqual(await eventsOf(store, { order }), expected);
        const odd = expected.filter(({ login: name }) => name === 'many 1');
        assert.deepEqual(await eventsOf(store, { order, mentions: 'many 1' }), odd);
        for await (const batch of store.events({ order })) {
          assert.ok(batch.length < events.length);
          break;
        }
      }
    });

    void it('are taken all or none', async () => {
      const store = open();
      const broken = { ...login('broken'), toJSON: () => assert.fail('cannot be written') };
      await assert.rejects(store.append([login('whole'), broken]));
      assert.deepEqual(await eventsOf(store), []);
      assert.deepEqual(await store.tallies({ topic: 'login', ...wholeTime }), []);
      await store.append([login('whole')]);
      assert.equal((await found(store)).length, 1);
    });

    void it('of two that write at once are all there, and counted once each', async () => {
      const place = fresh();
      const writers = [open(place), open(place)];
      await Promise.all(
        writers.flatMap((store, writer) =>
          [1, 2, 3, 4, 5].map((round) => store.append([login(`writer ${writer}`), login(`round ${round}`)])),
        ),
      );
      const all = await found(open(place));
      assert.equal(all.length, 20);
      assert.equal(new Set(all.map(({ place: each }) => each)).size, 20);
      const [tally] = (await writers[0]?.tallies({ topic: 'login', ...wholeTime, by: [] })) ?? [];
      assert.equal(tally?.count, 20);
    });

    void it('say what somebody else wrote as they were written', async () => {
      const store = open();
      const events = hostile.map((text) =>
        eventWith({
          ...{ check: 'auth/login', verdict: 'refuse', reason: 'spf-fail', client: '192.0.2.1' },
          ...{ login: text, identity: text, helo: text, detail: text, sender: text, recipients: [text] },
        }),
      );
      await store.append(events);
      assert.deepEqual(await eventsOf(store), events);
      for (const [index, text] of hostile.entries()) {
        if (text === '') continue;
        assert.deepEqual(await eventsOf(store, { mentions: text }), [events[index]], JSON.stringify(text));
        const where = { account: isPseudonym(text) ? text : text.toLowerCase() };
        const [tally] = await store.tallies({ topic: 'login', ...wholeTime, where });
        assert.equal(tally?.count, 1, JSON.stringify(text));
        assert.equal(keyOf(tally, 'account'), keyText(where.account));
      }
    });

    void it('take back what was counted of a message that was not queued after all', async () => {
      const store = open();
      const message = { identity: 'alice', recipients: ['a@x.example', 'b@x.example'], bytes: 1000 };
      await store.append([eventWith({ ...message, accepted: true })]);
      await store.append([
        eventWith({ ...message, accepted: false }),
        eventWith({ ...message, accepted: true }),
      ]);
      await store.append([eventWith({ ...message, accepted: false })]);
      const [tally] = await store.tallies({ topic: 'sent', ...wholeTime });
      assert.deepEqual([tally?.count, tally?.recipients, tally?.bytes], [0, 0, 0]);
    });

    void it('name a key that tallies do not have', async () => {
      const store = open();
      await assert.rejects(
        store.tallies({ topic: 'sent', ...wholeTime, where: { nothing: 'x' } }),
        /no tally has the key/,
      );
    });

    void it('give the answers of a plain list, whatever they are asked', async () => {
      await fc.assert(
        fc.asyncProperty(
          someEvents,
          fc.array(someQuery, { minLength: 4, maxLength: 8 }),
          async (events, queries) => {
            const place = fresh();
            const store = place.open();
            try {
              for (let start = 0; start < events.length; start += 7)
                await store.append(events.slice(start, start + 7));
              for (const each of queries) await assertSame(store, events, each);
              const all = queries.map(({ tallyQuery }) => tallyQuery);
              const oneByOne = [];
              for (const each of all) oneByOne.push(await store.tallies(each));
              assert.deepEqual(await Promise.all(all.map((each) => store.tallies(each))), oneByOne);
            } finally {
              await store.close();
              place.takeAway();
            }
          },
        ),
        { numRuns: 12 },
      );
    });

    void it('reject with EventsUnavailable where the store is gone', async () => {
      const place = fresh();
      const store = open(place);
      await store.append([login('before')]);
      place.takeAway();
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await assert.rejects(store.append([login('after')]), EventsUnavailable);
      await assert.rejects(found(store), EventsUnavailable);
      await assert.rejects(store.tallies({ topic: 'login', ...wholeTime }), EventsUnavailable);
      await assert.rejects(store.maintain({ ...keptAll, keepAfter: new Date() }), EventsUnavailable);
      await assert.rejects(store.erase(['alice']), EventsUnavailable);
    });
  });
}

/** Of the samples one of those that are meant is good enough. */
async function assertSame(
  store: EventStore,
  events: readonly GatekeeperEvent[],
  { query, tallyQuery }: { readonly query: EventQuery; readonly tallyQuery: TallyQuery },
): Promise<void> {
  assert.deepEqual(await eventsOf(store, query), eventsIn(events, query));
  const tallies = await store.tallies(tallyQuery);
  assert.deepEqual(withoutSample(tallies), withoutSample(talliesIn(events, tallyQuery)));
  const samples = new Set(events.flatMap((event) => talliesOf(event)).map(({ sample }) => sample));
  const isAsked = tallyQuery.amounts?.includes('sample') !== false;
  for (const { sample } of tallies) assert.ok(isAsked ? samples.has(sample) : sample === '', sample);
}

const hour = fc.integer({ min: -1, max: 73 }).map((at) => new Date(noon + at * 3_600_000 + 1));

const someQuery = fc
  .tuple(hour, hour, fc.constantFrom('alice', 'BOB@corp.example', '192.0.2.1', ...hostile), fc.nat(15))
  .chain(([one, other, mentions, bits]) => {
    const [since, until] = one < other ? [one, other] : [other, one];
    const query: EventQuery = {
      ...(bits & 1 ? { since } : {}),
      ...(bits & 2 ? { until } : {}),
      ...(bits & 4 && mentions !== '' ? { mentions } : {}),
      order: bits & 8 ? 'newest-first' : 'oldest-first',
    };
    return fc.constantFrom(...(Object.keys(topics) as Topic[])).chain((topic) => {
      const keys: readonly string[] = topics[topic].keys;
      return fc
        .tuple(
          fc.subarray([...keys]),
          fc.constantFrom(...keys),
          fc.subarray(['alice', 'bob@corp.example', '']),
          fc.boolean(),
          fc.option(fc.shuffledSubarray([...amounts]), { nil: undefined }),
          fc.nat(15),
        )
        .map(([by, whereKey, others, isOverTime, asked, choice]) => {
          const value = mentions.toLowerCase();
          const tallyQuery: TallyQuery = {
            ...{ topic, since: new Date(since.getTime() - dayMs / 2), until, isOverTime },
            ...(choice & 1 ? { by } : {}),
            ...(choice & 2 ? { where: { [whereKey]: choice & 8 ? [value, ...others] : value } } : {}),
            ...(choice & 4 ? { most: 3 } : {}),
            ...(asked ? { amounts: asked } : {}),
          };
          return { query, tallyQuery };
        });
    });
  });
