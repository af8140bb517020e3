import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { suspension as section } from '../../../plugins/core/settings/suspension.ts';
import { openStore } from '../../../plugins/core/store/sqlite.ts';
import type { Store } from '../../../plugins/core/store/store.ts';
import { Suspensions } from '../../../plugins/core/suspension/registry.ts';
import {
  countNetwork,
  countOutcomes,
  forgetSigns,
  outcomesKey,
  tellOnce,
  type Sign,
} from '../../../plugins/core/suspension/signs.ts';

const base = mkdtempSync(join(tmpdir(), 'gatekeeper-signs-'));
const opened: Store[] = [];
after(() => {
  for (const store of opened) store.close();
  rmSync(base, { recursive: true, force: true });
});

let count = 0;

/** The same store as so many processes see it. */
function storesOf(processes: number): Store[] {
  const directory = join(base, String((count += 1)));
  const stores = Array.from({ length: processes }, () => openStore(directory));
  opened.push(...stores);
  return stores;
}

const minute = 60_000;
const start = 1_800_000_000_000;
const settings = section.parse({ networks: 3, bounced_percent: 50, bounced_of: 10 });

const login = (store: Store, network: number, at = start) =>
  countNetwork(store, { id: 'alice', network: `10.0.${network}.0/24` }, settings, at);

const isNews = (store: Store, sign: Sign | undefined, at = start) =>
  sign ? tellOnce(store, 'alice', sign, at) : Promise.resolve(false);

/** Whether each of the logins, which come one after the other, is news. */
async function newsOf(store: Store, logins: readonly (readonly [network: number, minute: number])[]) {
  const news: boolean[] = [];
  for (const [network, at] of logins) {
    const now = start + at * minute;
    news.push(await isNews(store, await login(store, network, now), now));
  }
  return news;
}

/** So many go on once all of them have come so far. */
function together(parties: number): () => Promise<void> {
  let missing = parties;
  const here = new EventEmitter();
  const all = once(here, 'all');
  return async () => {
    missing -= 1;
    if (missing === 0) here.emit('all');
    await all;
  };
}

void describe('logins from many networks', () => {
  for (const atOnce of [1, 2, 5]) {
    void it(`are told of once when ${atOnce} beyond the limit come at the same moment`, async () => {
      const stores = storesOf(atOnce);
      const [first] = stores;
      assert.ok(first);
      for (const network of [1, 2, 3]) assert.equal(await login(first, network), undefined);
      const counted = together(atOnce);
      // All of them have noted their networks before anybody looks how many there are.
      const looking = stores.map((store) =>
        Object.assign(Object.create(store) as Store, {
          update: store.update.bind(store),
          ofAccount: async (account: string) => counted().then(() => store.ofAccount(account)),
        }),
      );
      const signs = await Promise.all(looking.map((store, at) => login(store, 10 + at)));
      const news = await Promise.all(signs.map((sign, at) => isNews(stores[at] ?? first, sign)));
      assert.deepEqual(
        signs.map((sign) => sign?.detail),
        signs.map(() => `logins from ${3 + atOnce} networks within 60 min, more than 3`),
      );
      assert.equal(news.filter(Boolean).length, 1);
    });
  }

  type Logins = readonly (readonly [network: number, minute: number])[];
  /** From networks with such numbers, each so many minutes after the one before. */
  const every = (minutes: number, ...networks: readonly number[]): Logins =>
    networks.map((network, at) => [network, at * minutes]);

  const cases: readonly { it: string; logins: Logins; news: readonly number[] }[] = [
    { it: 'that are no more than allowed', logins: every(0, 1, 2, 3, 1, 2), news: [] },
    { it: 'one after the other', logins: every(1, 1, 2, 3, 4, 5, 6), news: [3] },
    { it: 'never more than allowed within the time', logins: every(21, 1, 2, 3, 4, 5, 6), news: [] },
    {
      it: 'as many again when the time is over',
      logins: [...every(0, 1, 2, 3, 4, 5), ...[1, 2, 3, 4, 5].map((each) => [each, 61] as const)],
      news: [3, 8],
    },
  ];
  for (const { it: title, logins, news } of cases) {
    void it(`${title}: ${news.length} times`, async () => {
      const [store] = storesOf(1);
      assert.ok(store);
      const found = await newsOf(store, logins);
      assert.deepEqual(
        found.flatMap((isNew, at) => (isNew ? [at] : [])),
        news,
      );
    });
  }

  void it('begin anew for who was let go', async () => {
    const [store] = storesOf(1);
    assert.ok(store);
    const beyond = [1, 2, 3, 4].map((network) => [network, 0] as const);
    assert.deepEqual(await newsOf(store, beyond), [false, false, false, true]);
    await forgetSigns(store, 'alice', start);
    assert.deepEqual(await newsOf(store, beyond), [false, false, false, true]);
  });
});

void describe('recipients that servers refuse', () => {
  void it('are told of once within a day, however often their share crosses the limit', async () => {
    const [store] = storesOf(1);
    assert.ok(store);
    const news: string[] = [];
    for (const [hour, all, bounced] of [
      [0, 9, 9],
      [1, 1, 0],
      [2, 20, 0],
      [3, 30, 30],
      [25, 20, 20],
      [26, 20, 20],
    ] as const) {
      const now = start + hour * 60 * minute;
      const change = countOutcomes({ all, bounced }, settings, now);
      const sign = await store.update([outcomesKey('alice')], change);
      if (sign && (await tellOnce(store, 'alice', sign, now))) news.push(sign.detail);
    }
    assert.deepEqual(news, [
      '9 of 10 recipients bounced within a day, 50 percent or more',
      '20 of 20 recipients bounced within a day, 50 percent or more',
    ]);
  });
});

void describe('what was told', () => {
  const cases = [
    { it: 'at the moment its time began', told: 0, asked: 0, news: false },
    { it: 'later in that time', told: 0, asked: 59, news: false },
    { it: 'in a time before', told: -1, asked: 0, news: true },
    { it: 'by a clock that is days ahead', told: 3 * 1440, asked: 0, news: true },
  ];
  for (const { it: title, told, asked, news } of cases) {
    void it(`${title} ${news ? 'is' : 'is no'} news`, async () => {
      const [store] = storesOf(1);
      assert.ok(store);
      const sign = { cause: 'bounces', since: start } as const;
      assert.equal(await tellOnce(store, 'alice', sign, start + told * minute), true);
      assert.equal(await tellOnce(store, 'bob', sign, start), true);
      assert.equal(await tellOnce(store, 'alice', { ...sign, cause: 'many-networks' }, start), true);
      assert.equal(await tellOnce(store, 'alice', sign, start + asked * minute), news);
    });
  }
});

void describe('a suspension', () => {
  void it('is made once by many at the same moment', async () => {
    const suspensions = new Suspensions(base);
    const who = { v: 1, id: 'alice', name: 'alice', since: new Date(start).toISOString() } as const;
    const details = Array.from({ length: 8 }, (_, at) => `message ${at}`);
    const made = await Promise.all(
      details.map((detail) => suspensions.suspend({ ...who, cause: 'recipients-burst', detail })),
    );
    assert.equal(made.filter(Boolean).length, 1);
    assert.equal((await suspensions.all()).length, 1);
  });
});
