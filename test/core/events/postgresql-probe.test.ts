import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { openPostgresqlEvents } from '../../../plugins/core/events/postgresql.ts';
import { probePostgresqlEvents } from '../../../plugins/core/events/postgresql-probe.ts';
import { startPostgresql, type Postgresql } from '../../support/postgresql.ts';
import { eventWith } from './sample-events.ts';
import { key } from './stores.ts';

void describe('a database that is asked whether it can keep events', () => {
  let server: Postgresql;
  before(async () => {
    server = await startPostgresql();
    server.sql('postgres', 'CREATE DATABASE asked');
    server.sql('postgres', 'CREATE DATABASE fixed');
    server.sql('postgres', 'ALTER DATABASE fixed SET default_transaction_read_only = on');
    server.sql('postgres', "CREATE ROLE reader LOGIN PASSWORD 'a secret of the tests'");
  });
  after(() => server.stop());

  const place = () => {
    const { port, user, passwordFile } = server;
    return { ...{ host: '127.0.0.1', port, database: 'asked', user, passwordFile }, tls: false, key };
  };

  void it('has no tables before the first start, and none after it was asked', async () => {
    assert.equal(await probePostgresqlEvents({ ...place(), key: undefined }), 'none yet');
    assert.equal(await probePostgresqlEvents(place()), 'none yet');
  });

  void it('has tables then', async () => {
    const store = openPostgresqlEvents(place());
    await store.append([eventWith({ identity: 'alice' })]);
    await store.close();
    assert.equal(await probePostgresqlEvents(place()), 'tables');
    assert.equal(await probePostgresqlEvents({ ...place(), key: undefined }), 'tables');
  });

  const faults: readonly { it: string; more: object; says: RegExp; before?: string }[] = [
    {
      ...{ it: 'is of a gateway with another key', more: { key: 'cd'.repeat(32) } },
      says: /^another gateway began with another key: copy its events\.key into data_directory$/,
    },
    { it: 'takes no writes', more: { database: 'fixed' }, says: /^the server takes no writes/ },
    {
      ...{ it: 'shows its tables to nobody', more: { user: 'reader' } },
      says: /^permission denied for schema gatekeeper$/,
    },
    {
      ...{ it: 'only shows its tables', more: { user: 'reader' } },
      before: `GRANT USAGE ON SCHEMA gatekeeper TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA gatekeeper TO reader`,
      says: /^the user may not write the tables of the schema gatekeeper$/,
    },
    {
      ...{ it: 'is of a newer version', more: {}, before: 'UPDATE gatekeeper.state SET version = 1000' },
      says: /^the tables are of version 1000, and this gateway knows \d+$/,
    },
  ];
  for (const { it: title, more, says, before: statement } of faults) {
    void it(`cannot where it ${title}`, async () => {
      if (statement !== undefined) server.sql('asked', statement);
      await assert.rejects(probePostgresqlEvents({ ...place(), ...more }), { message: says });
    });
  }

  void it('cannot where it says nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const late = { message: 'no connection within 5 s' };
    await assert.rejects(probePostgresqlEvents({ ...place(), port }), late);
    const [socket] = sockets;
    if (socket && !socket.closed) await once(socket.resume(), 'close');
    silent.close();
  });
});
