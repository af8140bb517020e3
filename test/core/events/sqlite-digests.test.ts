import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { packedParts } from '../../../plugins/core/events/digest.ts';
import { EventReading } from '../../../plugins/core/events/sqlite-reading.ts';
import { Digests } from '../../../plugins/core/events/sqlite-digests.ts';
import type { EventStore, TallyQuery } from '../../../plugins/core/events/store.ts';
import { openSqliteEvents } from '../../../plugins/core/events/sqlite.ts';
import { dayMs, talliesOf } from '../../../plugins/core/events/tallies.ts';
import { openSqlite } from '../../../plugins/core/sqlite.ts';
import { eventWith, noon } from './sample-events.ts';
import { key } from './stores.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-digests-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const fresh = () => join(folder, `${(files += 1)}.db`);

const kept = { clearBefore: new Date(0), keepAfter: new Date(0), maxBytes: Infinity };
const until = (days: number) => ({ ...kept, digestBefore: new Date(noon + days * dayMs) });

const wrong = (login: string, at = noon) =>
  eventWith(
    { check: 'auth/login', verdict: 'refuse', reason: 'bad-credentials', login, client: '192.0.2.1' },
    at,
  );

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => wrong(`account${index}`, noon + index));

async function failures(store: EventStore): Promise<number> {
  const [sum] = await store.tallies({
    ...{ topic: 'login', by: [], since: new Date(noon - 9 * dayMs), until: new Date(noon + 9 * dayMs) },
  });
  return sum?.count ?? 0;
}

/** Days, by their distance to that of `noon`, of which logins are digested, or are being digested. */
function digests(file: string): number[] {
  const database = openSqlite(file, 1000, () => undefined);
  try {
    const sql = "SELECT day FROM digest WHERE topic = 'login' AND part = '' ORDER BY day";
    const rows = database.prepare(sql).raw().all() as [number][];
    return rows.map(([day]) => (day + dayMs / 2 - noon) / dayMs);
  } finally {
    database.close();
  }
}

/** Fewer days are not read from digests: there is something on the three before. */
async function withPast(file: string): Promise<EventStore> {
  const store = openSqliteEvents({ file, key });
  await store.append([-3, -2, -1].map((day) => wrong('past', noon + day * dayMs)));
  return store;
}

const past = [-3, -2, -1];

void describe('digests of days', () => {
  void it('are made of days that are over, and of no others', async () => {
    const file = fresh();
    const store = await withPast(file);
    await store.append([wrong('alice'), wrong('alice', noon + dayMs)]);
    await store.maintain(until(0.4));
    assert.deepEqual(digests(file), past);
    await store.maintain(until(0.6));
    assert.deepEqual([digests(file), await failures(store)], [[...past, 0], 5]);
    await store.close();
  });

  void it('make one answer with days that are not digested', async () => {
    const store = await withPast(fresh());
    const days = [0, 1, 2].map((day) => noon + day * dayMs);
    for (const at of days) await store.append([wrong('alice', at), wrong('alice', at), wrong('bob', at)]);
    // Of which nobody said why.
    await store.append([
      eventWith({ check: 'auth/login', verdict: 'refuse', login: 'nobody' }, noon + dayMs),
    ]);
    await store.append(Array.from({ length: 5 }, () => wrong('bob', noon + 2 * dayMs)));
    const asked = { since: new Date(noon - 9 * dayMs), until: new Date(noon + 9 * dayMs) };
    const queries: readonly TallyQuery[] = [
      { topic: 'login', ...asked, where: { result: 'bad-credentials' }, by: ['account'], amounts: ['count'] },
      { topic: 'login', ...asked, where: { account: ['bob', 'zoe'] }, by: ['network'] },
      { topic: 'login', ...asked, where: { account: 'zoe' }, by: ['network'] },
      { topic: 'login', ...asked, by: ['account'], most: 1, amounts: ['first'] },
      { topic: 'login', ...asked, isOverTime: true, most: 4, amounts: ['last', 'sample'] },
      { topic: 'login', ...asked, isOverTime: true, where: { account: 'bob' } },
      { topic: 'login', ...asked, isOverTime: true, by: ['result'], most: 2 },
      { topic: 'login', ...asked, by: ['result', 'account'] },
      { topic: 'login', ...asked, where: { result: '' } },
    ];
    const answers = () => Promise.all(queries.map((query) => store.tallies(query)));
    const ofRows = await answers();
    assert.deepEqual(
      ofRows[0]?.map(({ keys, count }) => [keys[1], count]),
      [
        ['alice', 6],
        ['bob', 8],
        ['past', 3],
      ],
    );
    for (const digested of [1, 2, 3]) {
      await store.maintain(until(digested));
      assert.deepEqual(await answers(), ofRows, `${digested} days`);
    }
    await store.close();
  });

  void it('are forgotten when something comes late, and made again', async () => {
    const file = fresh();
    const store = await withPast(file);
    await store.append([wrong('alice')]);
    await store.maintain(until(1));
    assert.equal(await failures(store), 4);
    await store.append([wrong('late')]);
    assert.deepEqual([digests(file), await failures(store)], [past, 5]);
    await store.maintain(until(1));
    assert.deepEqual([digests(file), await failures(store)], [[...past, 0], 5]);
    await store.close();
  });

  void it('are not kept where something was written while they were made', async () => {
    const file = fresh();
    const [one, other] = [await withPast(file), openSqliteEvents({ file, key })];
    await one.append(many(3000));
    const made = one.maintain(until(1));
    while (!digests(file).includes(0)) await new Promise(setImmediate);
    await other.append([wrong('meanwhile')]);
    await made;
    assert.deepEqual([digests(file), await failures(one), await failures(other)], [past, 3004, 3004]);
    await one.maintain(until(1));
    assert.deepEqual([digests(file), await failures(other)], [[...past, 0], 3004]);
    await Promise.all([one.close(), other.close()]);
  });

  void it('are not kept for somebody who began before another did', async () => {
    const file = fresh();
    const store = await withPast(file);
    const database = openSqlite(file, 1000, () => undefined);
    const [made, day] = [new Digests(database), noon - dayMs / 2];
    await store.append(many(7));
    await store.maintain(until(0));
    const old = made.claim('login', day);
    const [fresher, tallies] = [made.claim('login', day), many(7).flatMap((event) => talliesOf(event))];
    made.keep(old, packedParts('login', day, []));
    assert.equal(await failures(store), 10);
    made.keep(fresher, packedParts('login', day, tallies.slice(1)));
    assert.equal(await failures(store), 9);
    database.close();
    await store.close();
  });

  void it('are of one moment with all that is read, also where somebody writes meanwhile', async () => {
    const file = fresh();
    const [store, other] = [await withPast(file), openSqliteEvents({ file, key })];
    await store.maintain(until(1));
    const database = openSqlite(file, 1000, () => undefined);
    const prepare = database.prepare.bind(database);
    let isLate = false;
    database.prepare = (sql: string) => {
      // Between what days there are and what they are.
      if (!isLate && sql.startsWith('SELECT part FROM digest'))
        void other.append([wrong('late', noon - dayMs)]);
      isLate ||= sql.startsWith('SELECT part FROM digest');
      return prepare(sql);
    };
    const reading = new EventReading(database, key);
    const asked = { since: new Date(noon - 9 * dayMs), until: new Date(noon + 9 * dayMs) };
    const count = () => reading.tallies({ topic: 'login', by: [], ...asked })[0]?.count;
    assert.deepEqual([count(), isLate, count()], [3, true, 4]);
    database.close();
    await Promise.all([store.close(), other.close()]);
  });

  void it('that cannot be read are done without', async () => {
    const file = fresh();
    const store = await withPast(file);
    await store.append(many(10));
    await store.maintain(until(1));
    const database = openSqlite(file, 1000, () => undefined);
    database.exec("UPDATE digest SET body = x'ff42', claim = 1");
    database.close();
    assert.equal(await failures(store), 13);
    await store.close();
  });

  void it('have nothing of who was erased', async () => {
    const file = fresh();
    const store = await withPast(file);
    await store.append([wrong('maria'), wrong('zoe')]);
    await store.maintain(until(1));
    const octets = () => ['', '-wal'].map((end) => readFileSync(`${file}${end}`, 'latin1')).join('');
    assert.match(octets(), /maria/);
    await store.erase(['maria']);
    assert.doesNotMatch(octets(), /maria/);
    await store.maintain(until(1));
    assert.deepEqual([digests(file), await failures(store)], [[...past, 0], 5]);
    assert.doesNotMatch(octets(), /maria/);
    await store.close();
  });
});
