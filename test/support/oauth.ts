import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import type { Certificate } from './ldap-certificates.ts';
import { encode } from './scram.ts';

export const issuer = 'https://idp.corp.example/realms/staff';
export const audience = 'gatekeeper';

/** A key by which an issuer signs. */
export interface IssuerKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function issuerKey(kid: string, alg = 'ES256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export interface TokenChanges {
  /** `undefined` takes a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
}

const seconds = () => Math.floor(Date.now() / 1000);

/** A token for alice that is good for five minutes, but for some changes. */
export function token(key: IssuerKey, { claims = {}, header = {} }: TokenChanges = {}): Promise<string> {
  const now = seconds();
  const all = {
    ...{ iss: issuer, aud: audience, sub: '4711', iat: now, exp: now + 300 },
    ...{ email: 'alice@corp.example', scope: 'openid smtp.send' },
    ...claims,
  };
  return new SignJWT(all)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
    .sign(key.privateKey, { crit: { x: true } });
}

/** A token that nobody signed, or that somebody signed in another way: its parts as they are. */
export function unsigned(header: object, claims: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}

/** Claims of a good token, for `unsigned`. */
export function goodClaims(): object {
  const now = seconds();
  return {
    iss: issuer,
    aud: audience,
    exp: now + 300,
    email: 'alice@corp.example',
    scope: 'openid smtp.send',
  };
}

/** The initial response of OAUTHBEARER. */
export function oauthbearer(text: string, user?: string): string {
  return encode(
    `n,${user === undefined ? '' : `a=${user}`},\x01host=localhost\x01port=587\x01auth=Bearer ${text}\x01\x01`,
  );
}

/** The initial response of XOAUTH2. */
export function xoauth2(text: string, user: string): string {
  return encode(`user=${user}\x01auth=Bearer ${text}\x01\x01`);
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An issuer's web server on loopback: each path of it fails in its own way, but `/keys`. */
export class KeyServer {
  readonly #certificate: Certificate;
  #server: Server | undefined;
  keys: readonly IssuerKey[];
  port = 0;
  /** How often it was asked. */
  asked = 0;

  constructor(certificate: Certificate, keys: readonly IssuerKey[]) {
    this.#certificate = certificate;
    this.keys = keys;
  }

  url(path = '/keys'): string {
    return `https://localhost:${this.port}${path}`;
  }

  async start(): Promise<this> {
    this.#server = createServer(
      { cert: this.#certificate.cert, key: this.#certificate.key },
      (request, response) => {
        this.asked += 1;
        (this.#answers[request.url ?? ''] ?? this.#answers['/missing'])?.(request, response);
      },
    );
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  #set(): string {
    return JSON.stringify({ keys: this.keys.map(({ publicJwk }) => publicJwk) });
  }

  readonly #answers: Readonly<Record<string, Answer>> = {
    '/keys': (_request, response) => response.setHeader('content-type', 'application/json').end(this.#set()),
    '/hang': () => undefined,
    '/drip': (_request, response) => {
      response.write('{');
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => {
        clearInterval(timer);
      });
    },
    '/huge': (_request, response) => {
      const set = this.#set();
      response.end(`${set.slice(0, -1)},"padding":"${'x'.repeat(300_000)}"}`);
    },
    '/endless': (_request, response) => {
      const more = () => {
        while (response.writable && response.write(' '.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    },
    '/torn': (_request, response) => {
      response.setHeader('content-length', '5000').write(this.#set().slice(0, 20));
      setTimeout(() => response.destroy(), 20);
    },
    '/redirect': (_request, response) => response.writeHead(302, { location: this.url() }).end(),
    '/garbage': (_request, response) => response.end('<html>It works!</html>'),
    '/no-set': (_request, response) => response.end('{"issuer":"x"}'),
    '/null': (_request, response) => response.end('null'),
    '/none': (_request, response) => response.end('{"keys":[]}'),
    '/symmetric': (_request, response) => response.end('{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'),
    '/broken': (_request, response) => response.writeHead(500).end(this.#set()),
    '/missing': (_request, response) => response.writeHead(404).end('no such page'),
  };
}
