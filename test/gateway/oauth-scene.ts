import { after, before } from 'node:test';
import type { TestGateway } from '../support/gateway.ts';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { audience, issuer, issuerKey, KeyServer, oauthbearer, type IssuerKey } from '../support/oauth.ts';
import { sessionIn, SmtpClient } from '../support/smtp.ts';

export const alice = 'alice@corp.example';

/** An issuer with one key, and its web server; there while the tests of a file run. */
export interface Scene {
  readonly key: IssuerKey;
  readonly server: KeyServer;
  /** The section of the settings; each path of the server fails in its own way. */
  oauth(path?: string): { readonly jwks_url: string; readonly ca_file?: string };
  /** The file that it names. */
  config(): Readonly<Record<string, string>>;
}

/** Sets the scene before the tests of a file, and takes it away after them. */
export function issuerScene(): Scene {
  let authority: Authority;
  let made: Pick<Scene, 'key' | 'server'>;
  before(async () => {
    authority = await createAuthority();
    const key = await issuerKey('one', 'RS256');
    made = { key, server: await new KeyServer(await authority.issue('DNS:localhost'), [key]).start() };
  });
  after(async () => {
    await made.server.stop();
    await authority.remove();
  });
  return {
    get key() {
      return made.key;
    },
    get server() {
      return made.server;
    },
    oauth: (path) => ({
      ...{ issuer, audience, jwks_url: made.server.url(path), ca_file: 'idp-ca.pem' },
      // A server that is to fail may do so soon; a good one may be busy.
      ...{ required_scopes: ['smtp.send'], timeout_seconds: path === undefined ? 5 : 0.5 },
    }),
    config: () => ({ 'idp-ca.pem': authority.ca }),
  };
}

/** A client that has said EHLO over TLS, and what EHLO offers it. */
export async function greet(gateway: TestGateway) {
  const client = await SmtpClient.connect({ port: gateway.ports.implicit, implicitTls: true });
  const session = sessionIn(await client.reply());
  const { lines } = await client.command('EHLO client.example');
  return { client, session, offer: lines.find((line) => line.startsWith('AUTH ')) };
}

/** A login by OAUTHBEARER in a session of its own; after a failure, what the next line is answered. */
export async function login(gateway: TestGateway, text: string, user?: string): Promise<string> {
  const { client } = await greet(gateway);
  const reply = await client.command(`AUTH OAUTHBEARER ${oauthbearer(text, user)}`);
  const last = reply.code === 334 ? await client.command('AQ==') : reply;
  client.destroy();
  return last.text;
}
