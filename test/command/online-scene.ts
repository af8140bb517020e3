import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createWebServer, type Server } from 'node:https';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { gatekeeper as service, peopleBase } from '../../scripts/demo/people.ts';
import type { Answer } from '../../plugins/command/online/question.ts';
import type { CommandResult } from '../support/command.ts';
import type { Site } from '../support/instance.ts';
import type { Authority, Certificate } from '../support/ldap-certificates.ts';
import { issuer } from '../support/oauth.ts';

// Settings that name servers, and servers that no other test needs.

export const relayPassword = 'pw-of-the-relay';
export const user = 'gateway@corp.example';

/** What nothing that is printed may have in it. */
const secrets = ['pw-gatekeeper', 'pw-that-is-wrong', relayPassword, 'pw-in-a-url'].flatMap((text) => [
  text,
  Buffer.from(text).toString('base64').replace(/=+$/, ''),
  Buffer.from(`\0${user}\0${text}`).toString('base64').replace(/=+$/, ''),
]);

export function assertNoSecret({ out, err }: CommandResult): void {
  for (const secret of secrets) assert.ok(!(out + err).includes(secret), secret);
}

interface Json {
  readonly ok: boolean;
  readonly online?: readonly Answer[];
  readonly warnings?: readonly string[];
}

export const jsonOf = ({ out }: CommandResult) => JSON.parse(out) as Json;

/** A server of a webhook, which notes what it is asked. */
export async function startWebhook({ cert, key }: Certificate) {
  const asked: string[] = [];
  let connections = 0;
  const server: Server = createWebServer({ cert, key }, ({ url = '' }, response) => {
    asked.push(url);
    response.end();
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `https://localhost:${port}/hook?key=pw-in-a-url`, shown: `https://localhost:${port}/…`, asked },
    connections: () => connections,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export type WebhookServer = Awaited<ReturnType<typeof startWebhook>>;

export const secretFiles = (authority: Authority) => ({
  'relay.password': `${relayPassword}\n`,
  'wrong.password': 'pw-that-is-wrong\n',
  'ca.pem': authority.ca,
});

/** An entry of `directories`. */
export const directory = (name: string, urls: readonly string[], more: object = {}) => ({
  ...{ name, login_domains: [`${name}.example`], urls, start_tls: false, base: peopleBase },
  ...{ bind_dn: service.dn, bind_password_file: 'ldap.password', ...more },
});

export const smartHost = (name: string, port: number, more: object = {}) => ({
  ...{ name, host: 'localhost', port, sender_domains: [`${name}.example`], ca_file: 'ca.pem' },
  ...{ user, password_file: 'relay.password', ...more },
});

export const tokens = (url: string) => ({ issuer, audience: 'gatekeeper', jwks_url: url, ca_file: 'ca.pem' });

/** A server that greets for ever. */
export async function startEndless() {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    const more = () => {
      while (socket.writable && socket.write('220-hello\r\n'.repeat(100)));
    };
    socket.on('error', () => undefined).on('drain', more);
    more();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export function settingsOf({ dir }: Site) {
  return parse(readFileSync(join(dir, 'config/gatekeeper.yaml'), 'utf8')) as {
    directory: { urls: string[] };
  };
}
