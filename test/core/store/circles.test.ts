import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type Libsql from 'libsql';
import { InsuredStore } from '../../../plugins/core/store/insured.ts';
import { MemoryStore } from '../../../plugins/core/store/memory.ts';
import { openStore, storeFile } from '../../../plugins/core/store/sqlite.ts';
import { emptyTally, StoreUnavailable, type Circle, type Store } from '../../../plugins/core/store/store.ts';

const base = mkdtempSync(join(tmpdir(), 'gatekeeper-circles-'));
after(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
const freshDirectory = () => join(base, String((count += 1)));

/** Far enough from now that nothing is forgotten while a test runs. */
const never = 4e12;

/** An account writes to all of them now: how long each was known, where the store can tell. Counted in the same step. */
const write = (store: Store, account: string, members: readonly string[], expires = never) =>
  store.update(
    [{ account, network: 'x' }],
    ([found = emptyTally], circle) => ({
      write: [{ ...found, level: found.level + members.length, expires: never }],
      circle: circle && {
        since: circle.since || 1,
        expires: Math.max(circle.expires, expires),
        members: members.map(() => expires),
      },
      result: circle?.members,
    }),
    'writes',
    { account, members },
  );

const look = (store: Store, account: string, members: readonly string[]) =>
  store.update([], (_found, circle) => ({ result: circle }), 'reads', { account, members });

const people = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `p${from + at}@x`);

/** What lies in the file. */
function inFile(directory: string) {
  const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
  const database = new Database(storeFile(directory));
  const one = (sql: string) => Object.values(database.prepare(sql).get() as object)[0] as number;
  try {
    return {
      members: one('SELECT count(*) FROM member'),
      sizes: one('SELECT coalesce(sum(size), 0) FROM circle'),
      hashes: one('SELECT count(DISTINCT hash) FROM member'),
      circles: one('SELECT count(*) FROM circle'),
    };
  } finally {
    database.close();
  }
}

const kinds = [
  { it: 'in a file', remembers: true, open: () => openStore(freshDirectory()) },
  { it: 'in memory', remembers: false, open: () => new MemoryStore() },
  {
    it: 'that is insured',
    remembers: true,
    open: () => {
      const directory = freshDirectory();
      const log = (message: string) => assert.fail(message);
      return new InsuredStore({ open: () => openStore(directory), log, now: () => 0 });
    },
  },
];

for (const { it: kind, open, remembers } of kinds) {
  void describe(`a store ${kind}`, () => {
    const known = (...members: number[]) => (remembers ? members : undefined);
    const [soon, later] = [never, never + 1];

    void it(`${remembers ? 'remembers' : 'cannot tell'} whom an account writes to, and counts`, async () => {
      const store = open();
      assert.deepEqual(await write(store, 'alice', ['x', 'y']), known(0, 0));
      assert.deepEqual(await write(store, 'alice', ['y', 'z'], later), known(soon, 0));
      assert.deepEqual(await write(store, 'alice', ['x', 'y', 'z'], later), known(soon, later, later));
      assert.deepEqual(await write(store, 'bob', ['x']), known(0), 'another account');
      assert.equal((await store.ofAccount('alice')).get('x')?.level, 7);
      assert.equal(await store.forgetCircle('alice'), remembers);
      assert.equal(await store.forgetCircle('alice'), false);
      assert.deepEqual(await write(store, 'alice', ['x', 'y']), known(0, 0));
      assert.deepEqual(await write(store, 'bob', ['x']), known(soon), 'another account');
      store.close();
    });

    void it('lets who is remembered be forgotten one by one, and leaves alone who stays', async () => {
      const store = open();
      await write(store, 'alice', ['x', 'y', 'z']);
      const members = ['z', 'y', 'x'];
      const circle = { since: 2, expires: later, members: [0, undefined, later] };
      const asked = { account: 'alice', members };
      const change = (_: unknown, found?: Circle) => ({ circle: found && circle, result: found });
      const before = await store.update([], change, 'reads', asked);
      assert.deepEqual(
        before,
        remembers ? { since: 1, expires: soon, members: [soon, soon, soon] } : undefined,
      );
      const after = await look(store, 'alice', members);
      assert.deepEqual(after, remembers ? { ...circle, members: [0, soon, later] } : undefined);
      store.close();
    });
  });
}

void describe('whom accounts write to, in a file', () => {
  void it('is shared by all that open it, each once', async () => {
    const directory = freshDirectory();
    const stores = [1, 2, 3, 4].map(() => openStore(directory));
    const known = await Promise.all(stores.map((store) => write(store, 'alice', people(0, 50))));
    assert.deepEqual(
      known.map((each) => each?.filter(Boolean).length),
      [0, 50, 50, 50],
    );
    assert.deepEqual(inFile(directory), { members: 50, sizes: 50, hashes: 50, circles: 1 });
    for (const store of stores) store.close();
  });

  void it('says neither who it is, nor who writes to the same people', async () => {
    const directory = freshDirectory();
    const store = openStore(directory);
    for (const account of ['alice', 'bob']) await write(store, account, ['victor@one.example']);
    store.close();
    assert.ok(!/victor|one\.example|alice/.test(readFileSync(storeFile(directory), 'latin1')));
    assert.equal(inFile(directory).hashes, 2);
  });

  void it('is the newest of an account that writes to many, and others lose nobody', async () => {
    const directory = freshDirectory();
    const store = openStore(directory, { ofOne: 100, ofAll: 1_000_000 });
    await write(store, 'bob', people(0, 5));
    for (let from = 0; from < 1000; from += 10) {
      await write(store, 'alice', people(from, from + 10), never + from);
      assert.ok(inFile(directory).members <= 105);
    }
    const newest = (await look(store, 'alice', people(910, 1000)))?.members ?? [];
    assert.ok(newest.every(Boolean));
    assert.equal((await look(store, 'alice', people(0, 890)))?.members.some(Boolean), false);
    assert.ok((await look(store, 'bob', people(0, 5)))?.members.every(Boolean));
    const { members, sizes } = inFile(directory);
    assert.equal(sizes, members);
    store.close();
  });

  void it('is less of whoever writes to most when it is too much of all, who learns anew', async () => {
    const directory = freshDirectory();
    const store = openStore(directory, { ofOne: 100, ofAll: 1000 });
    await write(store, 'bob', people(0, 5));
    for (let account = 0; account < 40; account += 1) {
      await write(store, `account ${account}`, people(0, 40));
    }
    // A look for each 20 writes drops 200 at most.
    for (let turn = 0; turn < 200; turn += 1) await write(store, 'bob', ['p0@x']);
    const { members, sizes } = inFile(directory);
    assert.ok(members <= 1000, `${members}`);
    assert.equal(sizes, members);
    assert.deepEqual(await look(store, 'bob', ['p0@x']), { since: 1, expires: never, members: [never] });
    assert.ok(((await look(store, 'account 0', ['p0@x']))?.since ?? 0) > 1);
    store.close();
  });

  void it('is dropped when its time is over, whether its account writes on or not', async () => {
    const directory = freshDirectory();
    const store = openStore(directory);
    const past = Date.now() - 1;
    await write(store, 'gone', people(0, 500), past);
    await write(store, 'alice', people(0, 500), past);
    await write(store, 'alice', ['new@x']);
    // One step drops 200 at most.
    assert.equal(inFile(directory).members, 801);
    for (let turn = 0; turn < 200; turn += 1) await write(store, 'alice', ['new@x']);
    assert.deepEqual(inFile(directory), { members: 1, sizes: 1, hashes: 1, circles: 1 });
    store.close();
  });

  void it('is gone at once when it is forgotten, however much it was', async () => {
    const directory = freshDirectory();
    const store = openStore(directory);
    await write(store, 'bob', ['p0@x']);
    for (let from = 0; from < 1000; from += 100) await write(store, 'alice', people(from, from + 100));
    assert.equal(await store.forgetCircle('alice'), true);
    assert.deepEqual(inFile(directory), { members: 1, sizes: 1, hashes: 1, circles: 1 });
    store.close();
  });

  void it('costs nothing where nobody asks: no statement but for tallies, in a file that knows nobody', async () => {
    const directory = freshDirectory();
    const statements: string[] = [];
    const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
    const prepare = Reflect.get(Database.prototype, 'prepare') as (sql: string) => Libsql.Statement;
    const noted = function (this: Libsql.Database, sql: string): Libsql.Statement {
      statements.push(sql);
      return prepare.call(this, sql);
    };
    Reflect.set(Database.prototype, 'prepare', noted);
    const store = openStore(directory);
    const key = { account: 'alice', network: 'x' };
    for (let turn = 0; turn < 50; turn += 1) {
      await store.update([key], (found) => ({ write: found, result: 0 }), 'writes');
    }
    store.close();
    Reflect.set(Database.prototype, 'prepare', prepare);
    assert.ok(statements.length > 5);
    const asked = statements.filter((sql) => /circle|member/.test(sql));
    assert.deepEqual(asked, ['SELECT 1 FROM circle LIMIT 1'], 'when it is opened, once');
  });
});

void describe('an insured store', () => {
  void it('tells nobody that someone is new while its file cannot be used', async () => {
    const directory = freshDirectory();
    let isBroken = false;
    let now = 0;
    const open = () => {
      if (isBroken) throw new StoreUnavailable('broken');
      const store = openStore(directory);
      const update: Store['update'] = (...args) =>
        isBroken ? Promise.reject(new StoreUnavailable('broken')) : store.update(...args);
      return Object.assign(Object.create(store) as Store, { update, close: () => store.close() });
    };
    const store = new InsuredStore({ open, log: () => undefined, now: () => now });
    assert.deepEqual(await write(store, 'alice', ['x', 'y']), [0, 0]);
    isBroken = true;
    assert.equal(await write(store, 'alice', ['x', 'z']), undefined);
    await assert.rejects(store.forgetCircle('alice'), /left alone/);
    isBroken = false;
    now += 5001;
    assert.deepEqual(await write(store, 'alice', ['x', 'y', 'z']), [never, never, 0]);
    store.close();
  });
});
