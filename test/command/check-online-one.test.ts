import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { zone } from '../../scripts/demo/zone.ts';
import { gatekeeper } from '../support/command.ts';
import { startSite } from '../support/instance.ts';
import { createAuthority, type Authority, type Certificate } from '../support/ldap-certificates.ts';
import { KeyServer } from '../support/oauth.ts';
import { startPostgresql, type Postgresql } from '../support/postgresql.ts';
import { assertNoSecret, jsonOf, secretFiles, tokens } from './online-scene.ts';

let authority: Authority;
let certificate: Certificate;
before(async () => {
  authority = await createAuthority();
  certificate = await authority.issue('DNS:localhost');
});
after(() => authority.remove());

void describe('gatekeeper check --online of one server', { concurrency: 2 }, () => {
  let keys: KeyServer;
  let dns: DnsServer;
  before(async () => {
    keys = await new KeyServer(certificate, []).start();
    dns = await startDns({ port: 0, zone });
  });
  after(() => Promise.all([keys.stop(), dns.stop()]));

  /** The answer about the last server that is asked. */
  async function lastOf(
    settings: Readonly<Record<string, unknown>>,
    change: (dir: string) => void = () => undefined,
  ) {
    const site = await startSite({ dnsPort: dns.port, config: secretFiles(authority), settings });
    change(site.dir);
    const result = await gatekeeper(['check', '--online', '--json'], { haraka: site.dir });
    await site.stop();
    assertNoSecret(result);
    return { code: result.code, answer: jsonOf(result).online?.at(-1) };
  }

  for (const { path, says } of [
    { path: '/garbage', says: 'this is no JSON' },
    { path: '/no-set', says: 'this is no JWK Set (RFC 7517): it has no list of keys' },
    { path: '/none', says: 'there is no public key in it' },
    { path: '/symmetric', says: 'there is no public key in it' },
    { path: '/redirect', says: 'HTTP 302: redirections are not followed' },
    { path: '/hang', says: 'no whole answer within 0.3 s' },
  ]) {
    void it(`keys of an issuer at ${path}: ${says}`, async () => {
      const name = keys.url(path);
      const { code, answer: told } = await lastOf({ oauth: { ...tokens(name), timeout_seconds: 0.3 } });
      assert.deepEqual([code, told], [69, { what: 'oauth', name, ok: false, says }]);
    });
  }

  void it('keys of an issuer, from a server that nobody we trust has signed', async () => {
    const { code, answer: told } = await lastOf({ oauth: { ...tokens(keys.url()), ca_file: undefined } });
    assert.equal(code, 69);
    assert.match(told?.says ?? '', /certificate/);
  });

  void describe('PostgreSQL', () => {
    let server: Postgresql;
    before(async () => {
      server = await startPostgresql();
      server.sql('postgres', 'CREATE DATABASE events');
      server.sql('postgres', "CREATE ROLE reader LOGIN PASSWORD 'pw-that-is-wrong'");
    });
    after(() => server.stop());

    const place = (more: object = {}) => {
      const where = {
        host: '127.0.0.1',
        port: server.port,
        database: 'events',
        user: server.user,
        tls: 'off',
      };
      return {
        audit: { store: 'postgresql', postgresql: { ...where, password_file: 'pg.password', ...more } },
      };
    };
    const give = (dir: string) =>
      writeFileSync(join(dir, 'config/pg.password'), readFileSync(server.passwordFile), { mode: 0o600 });
    const name = () => `events at 127.0.0.1:${server.port}`;
    const tables = () =>
      server.sql('events', "SELECT count(*) FROM pg_namespace WHERE nspname = 'gatekeeper'").trim();

    void it('is asked, and nothing is made there', async () => {
      const { code, answer: told } = await lastOf(place(), give);
      const says = 'takes the user gatekeeper; the first start will make the tables';
      assert.deepEqual([code, told], [0, { what: 'events', name: name(), ok: true, says }]);
      assert.equal(tables(), '0');
    });

    const faults: readonly { it: string; more: object; says: RegExp }[] = [
      {
        ...{ it: 'a wrong password', more: { password_file: 'wrong.password' } },
        says: /^password authentication failed for user "gatekeeper"$/,
      },
      { it: 'a database that is not there', more: { database: 'evnets' }, says: /"evnets" does not exist/ },
      {
        ...{ it: 'a user who may make nothing', more: { user: 'reader', password_file: 'wrong.password' } },
        says: /^the user may not make the schema gatekeeper, or tables in it$/,
      },
      { it: 'no server', more: { port: 1 }, says: /ECONNREFUSED/ },
      { it: 'no TLS', more: { host: 'localhost', tls: 'verify' }, says: /SSL/ },
    ];
    for (const { it: title, more, says } of faults) {
      void it(`tells of ${title}`, async () => {
        const { code, answer: told } = await lastOf(place(more), give);
        assert.deepEqual([code, told?.what, told?.ok], [69, 'events', false]);
        assert.match(told?.says ?? '', says);
      });
    }
  });
});
