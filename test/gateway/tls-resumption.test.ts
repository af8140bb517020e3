import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { SmtpClient } from '../support/smtp.ts';

const listeners = ['submission', 'implicit', 'mx'] as const;
const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const names = {
  'with the name of the gateway': 'gw.corp.example',
  'with a name that has a certificate of its own': 'other.example',
  'without a name': '',
} as const;

interface Handshake {
  readonly resumed: boolean;
  /** What the server offers for the next connection. */
  readonly session: Buffer;
}

void describe('a TLS session', () => {
  let gateway: TestGateway;
  let authority: Authority;
  before(async () => {
    authority = await createAuthority();
    const other = await authority.issue('DNS:other.example');
    gateway = await startTestGateway({ config: { 'tls/other.example.pem': other.cert + other.key } });
  });
  after(async () => {
    await gateway.stop();
    await authority.remove();
  });

  async function handshake(listener: (typeof listeners)[number], tlsOptions: object): Promise<Handshake> {
    const implicitTls = listener === 'implicit';
    const client = await SmtpClient.connect({ port: gateway.ports[listener], implicitTls, tlsOptions });
    if (!implicitTls) {
      await client.reply();
      await client.command('EHLO client.example');
      await client.command('STARTTLS');
      await client.upgrade();
    }
    const tls = client.tls;
    assert.ok(tls);
    const resumed = tls.isSessionReused();
    // In TLS 1.3 sessions are offered after the handshake (RFC 8446 §4.6.1): this answer comes behind them.
    await client.command('NOOP');
    const session = tls.getSession();
    assert.ok(session);
    client.destroy();
    return { resumed, session };
  }

  const offers = versions.flatMap((version) =>
    Object.entries(names).map(([how, servername]) => ({ version, how, servername })),
  );

  for (const listener of listeners) {
    for (const { version, how, servername } of offers) {
      void it(`of ${version} is resumed on ${listener} ${how}`, async () => {
        const offer = { servername, minVersion: version, maxVersion: version };
        const first = await handshake(listener, offer);
        assert.equal(first.resumed, false);
        assert.equal((await handshake(listener, { ...offer, session: first.session })).resumed, true);
      });
    }
  }
});
