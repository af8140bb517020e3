import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { authority, Mint, serverOf } from '../support/certificates.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startPostgresql, type Postgresql, type PostgresqlTls } from '../support/postgresql.ts';
import { alice, send } from './traffic.ts';

const mint = new Mint();
const [ours, theirs] = ['ours', 'theirs'].map((name) => mint.make({ name, extensions: authority }));
const certificate = (name: string, by = ours) =>
  mint.make({ name, extensions: serverOf(name), ...(by && { by }) });
const good = certificate('localhost');

/** How the server shows itself, and what the log says then. Each takes the same password in clear. */
const refused: readonly { it: string; tls: PostgresqlTls | undefined; says: RegExp }[] = [
  { it: 'with the name of another', tls: certificate('other.example'), says: /altnames|does not match/ },
  {
    it: 'of an unknown authority',
    tls: certificate('localhost', theirs),
    says: /unable to verify|self-signed/,
  },
  { it: 'without TLS', tls: undefined, says: /does not support SSL/ },
];

void describe('events in a PostgreSQL that is reached by TLS', () => {
  let server: Postgresql;
  let gateway: TestGateway;
  let password: string;
  let count = 0;

  before(async () => {
    server = await startPostgresql({ tls: good });
    server.sql('postgres', 'CREATE DATABASE events');
    password = readFileSync(server.passwordFile, 'utf8').trim();
    const place = { host: 'localhost', port: server.port, database: 'events', user: server.user };
    const files = { password_file: server.passwordFile, ca_file: 'authority.pem' };
    gateway = await startTestGateway({
      settings: {
        audit: { store: 'postgresql', postgresql: { ...place, ...files }, unwritable: 'defer' },
      },
      config: { 'authority.pem': ours?.cert ?? '' },
    });
  });
  after(async () => {
    await gateway.stop();
    await server.stop();
    mint.remove();
  });

  /** Sends one, and gives its recipient with the reply. */
  async function sendOne(): Promise<{ to: string; text: string }> {
    const to = `n${(count += 1)}@partner.example`;
    const client = await alice({ port: gateway.ports.submission });
    const { text } = await send(client, { from: 'alice@corp.example', to });
    client.destroy();
    return { to, text };
  }

  const kept = (to: string) =>
    Number(
      server.sql(
        'events',
        `SELECT count(*) FROM gatekeeper.event
         WHERE body::jsonb @> '{"accepted":true,"recipients":["${to}"]}'`,
      ),
    );

  const connections = (ssl: boolean) =>
    Number(
      server.sql(
        'postgres',
        `SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name = 'gatekeeper' AND ssl = ${ssl}`,
      ),
    );

  /** From its next connection on, which it is made to need. */
  async function show(tls: PostgresqlTls | undefined): Promise<void> {
    await server.show(tls);
    server.sql(
      'postgres',
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gatekeeper'",
    );
  }

  async function setUnwritable(to: 'spool' | 'defer'): Promise<void> {
    const file = join(gateway.dir, 'config/gatekeeper.yaml');
    const since = gateway.log().length;
    const text = readFileSync(file, 'utf8');
    const changed = text.replace(/unwritable: "?\w+"?/, `unwritable: ${to}`);
    if (changed === text) return;
    writeFileSync(file, changed);
    await eventually('the settings', () => /settings: .* in force/.test(gateway.log().slice(since)));
  }

  async function untilTaken(): Promise<string> {
    for (const end = Date.now() + 30_000; ;) {
      const { to, text } = await sendOne();
      if (text.startsWith('250 ')) return to;
      assert.ok(Date.now() < end, text);
    }
  }

  void it('are kept where its certificate is good', async () => {
    const { to, text } = await sendOne();
    assert.match(text, /^250 /);
    assert.equal(kept(to), 1);
    assert.ok(connections(true) > 0);
    assert.equal(connections(false), 0);
  });

  for (const { it: what, tls, says } of refused) {
    void it(`are not shown to one ${what}: mail is deferred, or events wait in the spool`, async () => {
      await setUnwritable('defer');
      await untilTaken();
      const since = gateway.log().length;
      await show(tls);
      const deferred = await sendOne();
      assert.match(deferred.text, /^451 4\.3\.0 /);
      const { code, err } = await gatekeeper(['report'], { haraka: gateway.dir });
      assert.notEqual(code, 0);
      assert.match(err, says);
      assert.ok(!err.includes(password));
      await setUnwritable('spool');
      const spooled = await sendOne();
      assert.match(spooled.text, /^250 /);
      await eventually('the log', () => says.test(gateway.log().slice(since)));
      assert.equal(connections(false) + connections(true), 0);
      assert.deepEqual([deferred.to, spooled.to].map(kept), [0, 0]);
      await show(good);
      await eventually('the event', () => kept(spooled.to) === 1, 30_000);
    });
  }

  void it('never have the password in the log, even where it is wrong', async () => {
    server.sql('postgres', `ALTER USER ${server.user} PASSWORD 'another'`);
    await show(good);
    const { text } = await sendOne();
    assert.match(text, /^250 /);
    // Of the same trouble the log tells once in a minute.
    await eventually('the log', () => gateway.log().includes('password authentication failed'), 90_000);
    assert.ok(!gateway.log().includes(password));
  });
});
