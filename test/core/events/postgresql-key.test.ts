import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openPostgresqlEvents } from '../../../plugins/core/events/postgresql.ts';
import { startPostgresql, type Postgresql } from '../../support/postgresql.ts';
import { eventWith } from './sample-events.ts';
import { found, key } from './stores.ts';

void describe('a database that several gateways share', () => {
  let server: Postgresql | undefined;
  before(async () => {
    server = await startPostgresql();
  });
  after(() => server?.stop());

  void it('refuses a gateway with another key, and takes one with the same', async () => {
    assert.ok(server);
    const { sql, user, passwordFile, port } = server;
    sql('postgres', 'CREATE DATABASE shared');
    const place = { ...{ host: '127.0.0.1', port, database: 'shared', user, passwordFile }, tls: false };
    const [first, other, second] = [key, 'cd'.repeat(32), key].map((each) =>
      openPostgresqlEvents({ ...place, key: each }),
    );
    assert.ok(first && other && second);
    await first.append([eventWith({ identity: 'alice' })]);
    const refused = { name: 'EventsUnavailable', message: /copy its events\.key into data_directory/ };
    await assert.rejects(other.append([eventWith({ identity: 'bob' })]), refused);
    await assert.rejects(found(other), refused);
    await second.append([eventWith({ identity: 'carol' })]);
    const names = (await found(first)).map(({ event }) => event.identity);
    assert.deepEqual(names, ['alice', 'carol']);
    await Promise.all([first.close(), other.close(), second.close()]);
  });
});
