import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { SmtpClient } from '../support/smtp.ts';

const listeners = ['submission', 'implicit', 'mx'] as const;
/** Without SNI, with a name that has no certificate of its own, and with one that has. */
const names = ['', 'gw.corp.example', 'other.example'] as const;
/** Each process serves some of so many clients. */
const clients = 6;

for (const nodes of [0, 2]) {
  void describe(`a certificate that is renewed while the gateway runs, with nodes=${nodes}`, () => {
    let gateway: TestGateway;
    let authority: Authority;
    before(async () => {
      authority = await createAuthority();
      const other = await authority.issue('DNS:other.example');
      gateway = await startTestGateway({
        nodes,
        certificate: await authority.issue('DNS:gw.corp.example'),
        config: { 'tls/other.example.pem': other.cert + other.key },
      });
    });
    after(async () => {
      await gateway.stop();
      await authority.remove();
    });

    /** The fingerprints that clients are shown. */
    async function shown(listener: (typeof listeners)[number], servername: string): Promise<string[]> {
      const found = new Set<string>();
      for (let client = 0; client < clients; client += 1) found.add(await certificate(listener, servername));
      return [...found];
    }

    async function certificate(listener: (typeof listeners)[number], servername: string): Promise<string> {
      const implicitTls = listener === 'implicit';
      const options = { port: gateway.ports[listener], implicitTls, tlsOptions: { servername } };
      const client = await SmtpClient.connect(options);
      await client.reply();
      if (!implicitTls) {
        await client.command('EHLO client.example');
        await client.command('STARTTLS');
        await client.upgrade();
      }
      const { fingerprint256: fingerprint } = client.tls?.getPeerCertificate() ?? {};
      client.destroy();
      return fingerprint ?? 'none';
    }

    async function everywhere(): Promise<Record<string, string[]>> {
      const found: Record<string, string[]> = {};
      for (const name of names) {
        const ofListeners = [];
        for (const listener of listeners) ofListeners.push(...(await shown(listener, name)));
        found[name] = [...new Set(ofListeners)];
      }
      return found;
    }

    void it('is what every client is shown, once tls.ini was touched', { timeout: 60_000 }, async () => {
      const before = await everywhere();
      assert.deepEqual(before[''], before['gw.corp.example']);
      assert.notDeepEqual(before[''], before['other.example']);
      const renewed = await authority.issue('DNS:gw.corp.example');
      const file = (name: string) => join(gateway.dir, 'config', name);
      writeFileSync(file('tls_key.pem'), renewed.key);
      writeFileSync(file('tls_cert.pem'), renewed.cert);
      writeFileSync(file('tls.ini'), readFileSync(file('tls.ini')));
      for (const deadline = Date.now() + 20_000; ;) {
        const now = await shown('submission', '');
        if (now.length === 1 && now[0] !== before['']?.[0]) break;
        assert.ok(Date.now() < deadline, 'the old one is still shown');
        await delay(200);
      }
      const after = await everywhere();
      assert.equal(after['']?.length, 1, 'on all listeners the same');
      assert.deepEqual(after[''], after['gw.corp.example']);
      assert.deepEqual(after['other.example'], before['other.example']);
    });

    void it('is so in config/tls too, without a touch', { timeout: 60_000 }, async () => {
      const before = await everywhere();
      const renewed = await authority.issue('DNS:other.example');
      writeFileSync(join(gateway.dir, 'config/tls/other.example.pem'), renewed.cert + renewed.key);
      for (const deadline = Date.now() + 20_000; ;) {
        const now = await shown('submission', 'other.example');
        if (now.length === 1 && now[0] !== before['other.example']?.[0]) break;
        assert.ok(Date.now() < deadline, 'the old one is still shown');
        await delay(200);
      }
      const after = await everywhere();
      assert.equal(after['other.example']?.length, 1, 'on all listeners the same');
      assert.deepEqual(after[''], before['']);
    });
  });
}
