import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authority, Mint, serverOf, type Issued } from '../support/certificates.ts';
import { eventually, type TestGateway } from '../support/gateway.ts';
import { startSmartHost, type Manners, type SmartHostServer } from '../support/smart-host.ts';
import { loggedIn } from '../support/smtp.ts';
import { send, type Letter } from './traffic.ts';

/** A server of a domain: what is wrong with it, and whether it has a name. */
export interface Server {
  readonly wrong?: Partial<Manners>;
  readonly certificate?: 'good' | 'expired' | 'of another name' | 'of a stranger' | 'of its address';
  readonly isLiteral?: true;
}

export const plainly: Server = { wrong: { startTls: undefined } };

/** Who signs certificates: one whom the gateway trusts, and one whom nobody knows. */
export class Signers {
  readonly #mint = new Mint();
  readonly #folder = mkdtempSync(join(tmpdir(), 'gatekeeper-servers-'));
  readonly #ca = this.#mint.make({ name: 'CA of the world', extensions: authority });
  readonly #stranger = this.#mint.make({ name: 'CA of nobody', extensions: authority });

  /** For the gateway. */
  environment(): NodeJS.ProcessEnv {
    const file = join(this.#folder, 'ca.pem');
    writeFileSync(file, this.#ca.cert);
    return { NODE_EXTRA_CA_CERTS: file };
  }

  certificateOf(name: string, kind: Server['certificate']): Issued {
    const extensions =
      kind === 'of its address'
        ? ['subjectAltName=IP:127.0.0.1']
        : serverOf(kind === 'of another name' ? 'other.example' : name);
    const by = kind === 'of a stranger' ? this.#stranger : this.#ca;
    return this.#mint.make({ name: 'server', extensions, by, ...(kind === 'expired' && { days: -1 }) });
  }

  /** Starts the servers of a domain, which are called mx0, mx1 and so on below it. */
  start(domain: string, servers: readonly Server[]): Promise<SmartHostServer[]> {
    const started = servers.map(({ wrong, certificate }, index) =>
      startSmartHost({
        certificate: this.certificateOf(`mx${index}.${domain}`, certificate),
        ...{ startTls: '220 Go on', auth: [], password: '', ...wrong },
      }),
    );
    return Promise.all(started);
  }

  remove(): void {
    this.#mint.remove();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Sends a message, which is taken. */
export async function mail(
  test: TestGateway,
  to: string,
  who = 'alice',
  more: Partial<Letter> = {},
): Promise<void> {
  const from = `${who}@corp.example`;
  const client = await loggedIn({ port: test.ports.submission }, from, `pw-${who}`);
  const reply = await send(client, { from, to, ...more });
  client.destroy();
  assert.equal(reply.code, 250, reply.text);
}

/** What the sender finds in the mailbox about a message. */
export function noticeOf(test: TestGateway, to: string): Promise<string> {
  return eventually(`a bounce of the mail to ${to}`, () =>
    test
      .delivered()
      .map(({ bytes }) => bytes.toString())
      .find((text) => text.includes(`Final-Recipient: rfc822;${to}`)),
  );
}

/** Nothing of a message was said to them. */
export function heardNothing(servers: readonly SmartHostServer[]): void {
  for (const { heard, taken } of servers) {
    assert.deepEqual(taken, []);
    assert.ok(!heard.some(({ line }) => /^(?:MAIL|RCPT|DATA)\b/i.test(line)), 'something of it was said');
  }
}
