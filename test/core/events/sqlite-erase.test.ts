import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openSqliteEvents } from '../../../plugins/core/events/sqlite.ts';
import { dayMs } from '../../../plugins/core/events/tallies.ts';
import { eventWith, noon } from './sample-events.ts';
import { key } from './stores.ts';

void describe('the octets of a database in which events are kept', () => {
  void it('have nothing of who was erased, where pages were divided while they were in them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-octets-'));
    const file = join(folder, 'events.db');
    // As a gateway has it open, while the command erases.
    const [gateway, command] = [openSqliteEvents({ file, key }), openSqliteEvents({ file, key })];
    for (let batch = 0; batch < 12; batch += 1) {
      await gateway.append(Array.from({ length: 100 }, (_each, index) => eventOf(batch * 100 + index)));
    }
    assert.ok((await command.erase(['maria'])).tallies > 100);
    const octets = ['', '-wal'].map((end) => readFileSync(`${file}${end}`, 'latin1')).join('');
    assert.deepEqual([octets.includes('user'), octets.split('maria').length - 1], [true, 0]);
    await gateway.append([eventOf(3)]);
    await Promise.all([gateway.close(), command.close()]);
    rmSync(folder, { recursive: true, force: true });
  });
});

/** Every fifth is of maria; their keys come in no order, so that pages are divided in their midst. */
function eventOf(number: number) {
  const mixed = (number * 7919) % 2003;
  const login = number % 5 === 0 ? 'maria' : `${mixed % 2 === 0 ? 'a' : ''}user${mixed}`;
  const client = `${mixed % 199}.${mixed % 23}.2.1`;
  return eventWith(
    { login, client, identity: login, check: 'auth/login', bytes: mixed },
    noon + (mixed % 72) * (dayMs / 24),
  );
}
