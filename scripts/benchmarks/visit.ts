import type { SecureContext } from 'node:tls';
import { plain } from '../../test/support/smtp.ts';
import { Wire } from './wire.ts';

/** A mail program with an account on a server: what it needs for a session, and what it keeps from the last. */
export interface Visitor {
  readonly port: number;
  readonly login: string;
  readonly password: string;
  /** Its sender address. */
  readonly address: string;
  readonly trust: SecureContext;
  readonly servername: string;
  /** Whether it resumes TLS sessions, as mail programs do. */
  readonly resumes: boolean;
  /** The newest TLS session that the server offered. */
  session?: Buffer;
}

/** What a session was, besides a success. */
export interface Visit {
  readonly resumed: boolean;
  /** As OpenSSL names them: `TLSv1.3 TLS_AES_256_GCM_SHA384`. */
  readonly tls: string;
}

const recipient = 'someone@partner.example';

/** One session: STARTTLS, AUTH PLAIN, one message, QUIT. Rejects unless every reply is the success it must be. */
export async function visit(visitor: Visitor): Promise<Visit> {
  const wire = await Wire.open(visitor.port);
  try {
    await wire.expect(220);
    await wire.expect(250, 'EHLO client.example\r\n');
    await wire.expect(220, 'STARTTLS\r\n');
    const { trust: secureContext, servername, session, resumes } = visitor;
    const tls = { secureContext, servername, session: resumes ? session : undefined };
    const secured = await wire.upgrade(tls, (offered) => (visitor.session = offered));
    const { name } = secured.getCipher();
    const result = { resumed: secured.isSessionReused(), tls: `${secured.getProtocol() ?? ''} ${name}` };
    await wire.expect(250, 'EHLO client.example\r\n');
    await wire.expect(235, `AUTH PLAIN ${plain(visitor.login, visitor.password)}\r\n`);
    await sendMessage(wire, visitor.address);
    await wire.expect(221, 'QUIT\r\n');
    await wire.close();
    return result;
  } finally {
    wire.destroy();
  }
}

async function sendMessage(wire: Wire, from: string): Promise<void> {
  await wire.expect(250, `MAIL FROM:<${from}>\r\n`);
  await wire.expect(250, `RCPT TO:<${recipient}>\r\n`);
  await wire.expect(354, 'DATA\r\n');
  await wire.expect(250, messageFrom(from));
}

const line = 'The quick brown fox jumps over the lazy dog and goes home.\r\n';

/** About 2 kB, with the header of a mail program and the final dot. */
export function messageFrom(from: string): string {
  const header = [
    `From: ${from}`,
    `To: ${recipient}`,
    'Subject: Minutes of the meeting',
    `Date: Mon, 06 Jan 2025 10:00:00 +0000`,
    `Message-ID: <0123456789abcdef@client.example>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 7bit',
    'User-Agent: bench',
  ];
  return `${header.join('\r\n')}\r\n\r\n${line.repeat(28)}.\r\n`;
}
