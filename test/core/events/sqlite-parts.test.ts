import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openSqliteEvents } from '../../../plugins/core/events/sqlite.ts';
import { openSqlite } from '../../../plugins/core/sqlite.ts';
import { eventWith } from './sample-events.ts';
import { found, key } from './stores.ts';

void describe('the index of names in SQLite', () => {
  void it('of a file that was begun with larger parts goes on with them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-parts-'));
    const file = join(folder, 'events.db');
    const change = (sql: string) => {
      const database = openSqlite(file, 1000, () => undefined);
      database.exec(sql);
      database.close();
    };
    await openSqliteEvents({ file, key }).close();
    change("UPDATE state SET value = 100000 WHERE name = 'place'");
    const before = openSqliteEvents({ file, key });
    await before.append([eventWith({ identity: 'alice', accepted: true })]);
    assert.equal((await found(before, { mentions: 'alice' })).length, 1);
    await before.close();
    // As it was: all of the first 131,072 places in one part, and nothing that says so.
    change("DELETE FROM state WHERE name = 'part_size'; UPDATE term SET part = 0");
    const store = openSqliteEvents({ file, key });
    await store.append([eventWith({ identity: 'alice', accepted: true }), eventWith({ identity: 'bob' })]);
    assert.equal((await found(store, { mentions: 'alice' })).length, 2);
    assert.equal((await store.erase(['alice'])).events, 2);
    assert.equal((await found(store, { mentions: 'alice' })).length, 0);
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
