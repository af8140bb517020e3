import assert from 'node:assert/strict';
import type { Ports } from '../../scripts/demo/gateway.ts';
import { SmtpClient } from './smtp.ts';

export const tlsListeners = ['submission', 'implicit', 'mx'] as const;
export type TlsListener = (typeof tlsListeners)[number];

/** What came of a handshake. */
export interface Handshake {
  readonly isResumed: boolean;
  /** What the server offers for the next connection. */
  readonly session: Buffer;
  /** Of the certificate that the server has shown. */
  readonly fingerprint: string | undefined;
}

/** One session with a listener, by STARTTLS where it does not begin with TLS, that says NOOP and leaves. */
export async function handshake(ports: Ports, listener: TlsListener, tlsOptions: object): Promise<Handshake> {
  const implicitTls = listener === 'implicit';
  const client = await SmtpClient.connect({ port: ports[listener], implicitTls, tlsOptions });
  try {
    await client.reply();
    if (!implicitTls) {
      await client.command('EHLO client.example');
      await client.command('STARTTLS');
      await client.upgrade();
    }
    const { tls } = client;
    assert.ok(tls);
    const isResumed = tls.isSessionReused();
    const { fingerprint256: fingerprint } = tls.getPeerCertificate();
    // In TLS 1.3 sessions are offered after the handshake (RFC 8446 §4.6.1): this answer comes behind them.
    assert.equal((await client.command('NOOP')).code, 250);
    const session = tls.getSession();
    assert.ok(session);
    return { isResumed, session, fingerprint };
  } finally {
    client.destroy();
  }
}
