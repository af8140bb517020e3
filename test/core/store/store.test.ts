import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import type Libsql from 'libsql';
import { InsuredStore } from '../../../plugins/core/store/insured.ts';
import { MemoryStore } from '../../../plugins/core/store/memory.ts';
import { openStore, openStoreIfAny, storeFile } from '../../../plugins/core/store/sqlite.ts';
import { StoreUnavailable, type Store, type Tally } from '../../../plugins/core/store/store.ts';

const base = mkdtempSync(join(tmpdir(), 'gatekeeper-store-'));
after(() => rmSync(base, { recursive: true, force: true }));

const fail = (message: string) => assert.equal(message, undefined);

let count = 0;
const freshDirectory = () => join(base, String((count += 1)), 'var/gatekeeper');

const tally: Tally = { level: 1.5, others: 2, last: 1_800_000_000_000, marked: 3, expires: 4e12 };
const key = { account: 'alice@corp.example', network: '192.0.2.0/24' };

const add = (store: Store, account = key.account) =>
  store.update([{ ...key, account }], ([found]) => {
    const level = (found?.level ?? 0) + 1;
    return { write: [{ ...tally, level }], result: level };
  });

const levelIn = (store: Store, account = key.account) =>
  store.update([{ ...key, account }], ([found]) => ({ result: found?.level }));

const kinds = [
  { it: 'in a file', open: () => openStore(freshDirectory()) },
  { it: 'in memory', open: () => new MemoryStore() },
  {
    it: 'that is insured',
    open: () => {
      const directory = freshDirectory();
      return new InsuredStore({ open: () => openStore(directory), log: fail, now: () => 0 });
    },
  },
];

for (const { it: kind, open } of kinds) {
  void describe(`a store ${kind}`, () => {
    let store: Store;
    beforeEach(() => (store = open()));
    afterEach(() => store.close());

    void it('knows nothing of a new key, and keeps what is written', async () => {
      assert.equal(await levelIn(store), 0);
      await store.update([key], () => ({ write: [tally], result: undefined }));
      assert.deepEqual([...(await store.ofAccount(key.account))], [[key.network, tally]]);
    });

    void it('leaves a tally alone that is not to be written', async () => {
      await add(store);
      await store.update([key, { account: 'b', network: '' }], () => ({
        write: [undefined, tally],
        result: undefined,
      }));
      assert.equal(await levelIn(store), 1);
    });

    void it('forgets what counts against an account, keeps what is marked, and says whom', async () => {
      await add(store);
      await add(store, 'bob');
      const { sequence } = await store.forgottenSince();
      const subject = { kind: 'account', account: 'Alice' } as const;
      await store.forget(subject, { account: key.account }, Date.now());
      assert.equal(await levelIn(store), 0);
      assert.equal((await store.ofAccount(key.account)).get(key.network)?.marked, 3);
      assert.equal(await levelIn(store, 'bob'), 1);
      const heard = await store.forgottenSince(sequence);
      assert.deepEqual(heard.subjects, [subject]);
      assert.deepEqual((await store.forgottenSince(heard.sequence)).subjects, []);
    });

    void it('forgets what is marked of an account in networks when that is meant, and of nobody else', async () => {
      const all = [key, { account: key.account, network: '' }, { account: 'bob', network: key.network }];
      await store.update(all, () => ({ write: [tally, tally, tally], result: undefined }));
      const subject = { kind: 'account', account: 'Alice' } as const;
      await store.forget(subject, { account: key.account, marks: true }, Date.now());
      const own = await store.ofAccount(key.account);
      assert.deepEqual([own.get(key.network)?.marked, own.get('')?.marked], [0, tally.marked]);
      assert.equal((await store.ofAccount('bob')).get(key.network)?.marked, tally.marked);
    });

    void it('forgets what counts in networks', async () => {
      await add(store);
      const subject = { kind: 'network', network: '192.0.2.0/24' } as const;
      await store.forget(subject, (network) => network === '198.51.100.0/24', Date.now());
      assert.equal(await levelIn(store), 1);
      await store.forget(subject, (network) => network === key.network, Date.now());
      assert.equal(await levelIn(store), 0);
    });
  });
}

void describe('a store in a file', () => {
  void it('is shared by all that open it, and outlives them', async () => {
    const directory = freshDirectory();
    const [one, other] = [openStore(directory), openStore(directory)];
    await Promise.all([1, 2, 3].flatMap(() => [add(one), add(other)]));
    one.close();
    assert.equal(await levelIn(other), 6);
    other.close();
    const next = openStore(directory);
    assert.equal(await levelIn(next), 6);
    next.close();
  });

  void it('is for its owner alone, and does not say who logged in', async () => {
    const directory = freshDirectory();
    const store = openStore(directory);
    await add(store);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    for (const file of readdirSync(directory)) {
      assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
      assert.ok(!readFileSync(join(directory, file)).includes('alice'), file);
    }
    store.close();
  });

  void it('drops tallies that have expired', async () => {
    const directory = freshDirectory();
    const store = openStore(directory);
    await store.update([key], () => ({ write: [{ ...tally, expires: 1 }], result: undefined }));
    store.close();
    const next = openStore(directory);
    await add(next, 'bob');
    assert.equal((await next.ofAccount(key.account)).size, 0);
    next.close();
  });

  void it('drops as many as somebody invents who is faster than a minute', async () => {
    const directory = freshDirectory();
    const store = openStore(directory);
    for (let number = 0; number < 2000; number += 1) {
      const keys = ['', '192.0.2.0/24', 'directory'].map((network) => ({ account: `${number}`, network }));
      const write = keys.map(() => ({ ...tally, expires: 1 }));
      await store.update(keys, () => ({ write, result: undefined }));
    }
    const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
    const other = new Database(storeFile(directory));
    const { rows } = other.prepare('SELECT count(*) AS rows FROM tally').get() as { rows: number };
    assert.ok(rows <= 200, `${rows}`);
    other.close();
    store.close();
  });

  void it('loses nothing, and is whole, when a process that writes is killed', async () => {
    const directory = freshDirectory();
    const program = `
      import { openStore } from ${JSON.stringify(join(import.meta.dirname, '../../../plugins/core/store/sqlite.ts'))};
      const store = openStore(${JSON.stringify(directory)});
      const key = ${JSON.stringify(key)};
      for (let level = 1; ; level += 1) {
        await store.update([key], () => ({ write: [{ ...${JSON.stringify(tally)}, level }], result: 0 }));
        if (level === 300) process.kill(process.pid, 'SIGKILL');
      }`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    assert.throws(() => execFileSync(process.execPath, args), { signal: 'SIGKILL' });
    const store = openStore(directory);
    assert.equal(await levelIn(store), 300);
    store.close();
  });

  void it('is not taken for missing by who cannot find out', () => {
    const directory = freshDirectory();
    mkdirSync(directory, { recursive: true });
    // Root may look everywhere, but nobody into a circle.
    symlinkSync(storeFile(directory), storeFile(directory));
    assert.throws(() => openStoreIfAny(directory), StoreUnavailable);
  });

  void it('is not made by who only looks', () => {
    const directory = freshDirectory();
    assert.equal(openStoreIfAny(directory), undefined);
    openStore(directory).close();
    const store = openStoreIfAny(directory);
    assert.ok(store);
    store.close();
  });
});

void describe('an insured store', () => {
  const faults = [
    {
      it: 'is no database',
      harm: (directory: string) => {
        mkdirSync(directory, { recursive: true });
        writeFileSync(
          storeFile(directory),
          'this is no database, although it is long enough to be one'.repeat(99),
        );
      },
      mend: (directory: string) => rmSync(storeFile(directory)),
      says: /not a database/,
    },
    {
      it: 'lies where no directory can be made',
      harm: (directory: string) => {
        mkdirSync(join(directory, '../..'), { recursive: true });
        writeFileSync(join(directory, '..'), '');
      },
      mend: (directory: string) => rmSync(join(directory, '..')),
      says: /ENOTDIR|EEXIST/,
    },
    {
      it: 'is a directory',
      harm: (directory: string) => mkdirSync(storeFile(directory), { recursive: true }),
      mend: (directory: string) => rmSync(storeFile(directory), { recursive: true }),
      says: /EISDIR/,
    },
  ];

  for (const { it: fault, harm, mend, says } of faults) {
    void it(`counts in memory while its file ${fault}, says so once a minute, and comes back`, async () => {
      const directory = freshDirectory();
      harm(directory);
      const said: string[] = [];
      let now = 0;
      const store = new InsuredStore({
        open: () => openStore(directory),
        log: (message) => said.push(message),
        now: () => now,
      });
      for (let second = 0; second < 59; second += 1, now += 1000) await add(store);
      assert.equal(await levelIn(store), 59);
      assert.equal(said.length, 1, said.join('\n'));
      assert.match(said[0] ?? '', says);
      now += 10_000;
      await add(store);
      assert.equal(said.length, 2);
      mend(directory);
      now += 5001;
      assert.equal(await add(store), 61, 'what was counted meanwhile');
      assert.deepEqual(said.slice(2), ['the shared store can be used again']);
      store.close();
    });
  }

  void it('does not write on in a file that was moved away', async () => {
    const directory = freshDirectory();
    const said: string[] = [];
    let now = 0;
    const store = new InsuredStore({
      open: () => openStore(directory),
      log: (message) => said.push(message),
      now: () => now,
    });
    await add(store);
    renameSync(directory, `${directory}.old`);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.equal(await add(store), 2, 'goes on with what it saw last');
    now += 5001;
    await add(store);
    assert.match(said.join('\n'), /ENOENT.*\n.*can be used again/);
    store.close();
  });

  void it('counts in memory when the disk is full', async () => {
    const directory = freshDirectory();
    const said: string[] = [];
    const full: Store = { ...openStoreThatIsFull() };
    const store = new InsuredStore({ open: () => full, log: (message) => said.push(message), now: () => 0 });
    assert.equal(await add(store), 1);
    assert.equal(await add(store), 2);
    assert.match(said.join(), /full/);
    assert.equal(openStoreIfAny(directory), undefined);
    store.close();
  });

  void it('knows not who was forgotten while it cannot be used, and says so', async () => {
    const store = new InsuredStore({ open: openStoreThatThrows, log: () => undefined, now: () => 0 });
    await assert.rejects(store.forgottenSince(), StoreUnavailable);
    store.close();
  });
});

function openStoreThatThrows(): Store {
  throw new StoreUnavailable('no such library');
}

function openStoreThatIsFull(): Store {
  const fail = () => Promise.reject(new StoreUnavailable('database or disk is full'));
  return {
    ...{ update: fail, ofAccount: fail, forget: fail, forgetCircle: fail, forgottenSince: fail },
    close: () => undefined,
  };
}
