import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import type Libsql from 'libsql';
import { InsuredStore } from '../../../plugins/core/store/insured.ts';
import { openStore, storeFile } from '../../../plugins/core/store/sqlite.ts';
import { emptyTally, type Store } from '../../../plugins/core/store/store.ts';

const key = { account: 'alice@corp.example', network: '192.0.2.0/24' };

const add = (store: Store) =>
  store.update([key], ([found = emptyTally]) => {
    const level = found.level + 1;
    return { write: [{ ...found, level, expires: 4e12 }], result: level };
  });

void describe('a store that another process writes to', () => {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-locked-'));
  let count = 0;
  let store: Store;
  let said: string[];
  let other: Libsql.Database;

  beforeEach(async () => {
    const directory = join(base, String((count += 1)));
    said = [];
    store = new InsuredStore({
      open: () => openStore(directory),
      log: (message) => said.push(message),
      now: () => 0,
    });
    assert.equal(await add(store), 1);
    const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
    other = new Database(storeFile(directory));
  });
  after(() => rmSync(base, { recursive: true }));

  const end = () => {
    other.close();
    store.close();
  };

  void it('waits for that, and lets others have their turn', async () => {
    other.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 10);
    setTimeout(() => other.exec('COMMIT'), 300);
    const levels = await Promise.all([add(store), add(store), add(store)]);
    clearInterval(turning);
    assert.deepEqual(levels.sort(), [2, 3, 4]);
    assert.ok(turns >= 3, `${turns} turns`);
    assert.deepEqual(said, []);
    end();
  });

  void it('gives up after a moment, and goes on with what it saw last', async () => {
    other.exec('BEGIN EXCLUSIVE');
    assert.equal(await add(store), 2);
    assert.match(said.join(), /locked/);
    other.exec('ROLLBACK');
    end();
  });
});
