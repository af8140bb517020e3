import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, createServer } from 'node:tls';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { SmtpClient } from '../support/smtp.ts';
import { alice, greeted, send } from './traffic.ts';

type Listener = 'submission' | 'implicit' | 'mx';

const listeners: readonly Listener[] = ['submission', 'implicit', 'mx'];
const names = { 'with SNI': 'gw.corp.example', 'without SNI': '' } as const;

/** What must never be negotiated (RFC 8996, RFC 9325 §4), each offered by a client that could. */
const weak = {
  'TLS 1.1': { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
  'static RSA': { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA' },
  CBC: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384' },
  CCM8: { maxVersion: 'TLSv1.2', ciphers: 'AES128-CCM8:@SECLEVEL=0' },
} as const;
const tls12 = { maxVersion: 'TLSv1.2' } as const;

void describe('TLS', () => {
  let gateway: TestGateway;
  let folder: string;
  let authority: Authority;
  let certificate: { key: string; cert: string };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-rsa-'));
    certificate = rsaCertificate(folder);
    authority = await createAuthority();
    const other = await authority.issue('DNS:other.example');
    gateway = await startTestGateway({
      certificate,
      config: { 'tls/other.example.pem': other.cert + other.key },
    });
  });
  after(async () => {
    await gateway.stop();
    await authority.remove();
    rmSync(folder, { recursive: true });
  });

  /** The protocol that a client with these options gets, `undefined` when there is none. */
  async function negotiated(listener: Listener, tlsOptions: object): Promise<string | undefined> {
    const options = { port: gateway.ports[listener], implicitTls: listener === 'implicit', tlsOptions };
    try {
      const client = await within(5000, SmtpClient.connect(options));
      if (listener !== 'implicit') await startTls(client);
      const protocol = client.tls?.getProtocol() ?? undefined;
      client.destroy();
      return protocol;
    } catch {
      return undefined;
    }
  }

  for (const [what, offer] of Object.entries(weak)) {
    void it(`is never ${what}, on no listener, with SNI or without`, async () => {
      assert.equal(
        await offeredTo(certificate, offer),
        true,
        `this client cannot speak ${what}: the test shows nothing`,
      );
      for (const listener of listeners) {
        for (const [how, servername] of Object.entries(names)) {
          assert.equal(await negotiated(listener, { ...offer, servername }), undefined, `${listener} ${how}`);
        }
      }
    });
  }

  void it('is TLS 1.2 for a client that has nothing newer, on every listener, with SNI or without', async () => {
    for (const listener of listeners) {
      for (const servername of Object.values(names)) {
        assert.equal(await negotiated(listener, { ...tls12, servername }), 'TLSv1.2', listener);
      }
    }
  });

  void it('has the certificate of config/tls for its name, under the same policy', async () => {
    for (const listener of listeners) {
      const tlsOptions = { servername: 'other.example' };
      const options = { port: gateway.ports[listener], implicitTls: listener === 'implicit', tlsOptions };
      const client = await SmtpClient.connect(options);
      if (listener !== 'implicit') await startTls(client);
      assert.equal(client.tls?.getPeerCertificate().subjectaltname, 'DNS:other.example', listener);
      client.destroy();
      const elliptic = { maxVersion: 'TLSv1.2', servername: 'other.example' };
      const cbc = { ...elliptic, ciphers: 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384' };
      assert.equal(await negotiated(listener, elliptic), 'TLSv1.2', listener);
      assert.equal(await negotiated(listener, cbc), undefined, listener);
    }
  });

  void it('ends a handshake that fails and serves the next client', async () => {
    const client = await greeted({ port: gateway.ports.submission });
    await client.command('STARTTLS');
    client.write('this is no handshake\r\n');
    assert.ok(await client.closed(), 'the connection stays open');
    const next = await alice({ port: gateway.ports.submission });
    const reply = await send(next, { from: 'alice@corp.example', to: 'tls@partner.example' });
    assert.equal(reply.code, 250, reply.text);
  });

  void it(
    'is TLS 1.3 alone within seconds after tls.ini says so, everywhere',
    { timeout: 40_000 },
    async () => {
      const ini = join(gateway.dir, 'config/tls.ini');
      writeFileSync(ini, `${readFileSync(ini, 'utf8')}minVersion=TLSv1.3\n`);
      const deadline = Date.now() + 15_000;
      while ((await negotiated('submission', tls12)) !== undefined) {
        assert.ok(Date.now() < deadline, 'TLS 1.2 is still negotiated');
        await delay(200);
      }
      for (const listener of listeners) {
        for (const [how, servername] of Object.entries(names)) {
          assert.equal(await negotiated(listener, { ...tls12, servername }), undefined, `${listener} ${how}`);
          assert.equal(await negotiated(listener, { servername }), 'TLSv1.3', `${listener} ${how}`);
        }
      }
    },
  );

  void it(
    'holds to the policy of gatekeeper.yaml when tls.ini asks for less',
    { timeout: 40_000 },
    async () => {
      const ini = join(gateway.dir, 'config/tls.ini');
      writeFileSync(ini, 'key=tls_key.pem\ncert=tls_cert.pem\nminVersion=TLSv1\nciphers=ALL:@SECLEVEL=0\n');
      const deadline = Date.now() + 15_000;
      while ((await negotiated('submission', tls12)) === undefined) {
        assert.ok(Date.now() < deadline, 'tls.ini is not read again');
        await delay(200);
      }
      for (const listener of listeners) {
        for (const offer of Object.values(weak))
          assert.equal(await negotiated(listener, offer), undefined, listener);
      }
    },
  );

  void it('goes on with the last good key when a new one cannot be used', { timeout: 40_000 }, async () => {
    writeFileSync(join(gateway.dir, 'config/tls_key.pem'), 'garbage\n');
    const ini = join(gateway.dir, 'config/tls.ini');
    writeFileSync(ini, `${readFileSync(ini, 'utf8')}honorCipherOrder=true\n`);
    const loads = () => gateway.log().split('loading tls.ini').length;
    const before = loads();
    await eventually('tls.ini to be read again', () => loads() > before, 15_000);
    await delay(500);
    assert.equal(gateway.gateway.process.exitCode, null, 'the gateway has ended');
    for (const listener of listeners) assert.equal(await negotiated(listener, {}), 'TLSv1.3', listener);
    const client = await alice({ port: gateway.ports.submission });
    assert.equal((await send(client, { from: 'alice@corp.example', to: 'tls2@partner.example' })).code, 250);
  });
});

async function startTls(client: SmtpClient): Promise<void> {
  await client.reply();
  await client.command('EHLO client.example');
  await client.command('STARTTLS');
  await within(5000, client.upgrade());
}

/** Whether a server without any policy and a client with this offer agree. */
async function offeredTo(certificate: { key: string; cert: string }, offer: object): Promise<boolean> {
  const lax = { minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  const server = createServer({ ...certificate, ...lax }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...offer });
  const agreed = await new Promise<boolean>((resolve) => {
    socket.once('secureConnect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  server.close();
  return agreed;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    delay(ms, undefined, { ref: false }).then(() => Promise.reject(new Error('too late'))),
  ]);
}

/** RSA, because a client that offers static RSA alone has nothing to agree on with another key. */
function rsaCertificate(folder: string): { key: string; cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const arguments_ = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=gw.corp.example'];
  execFileSync('openssl', ['req', ...arguments_, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}
