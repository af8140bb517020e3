import { connect, isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
} from 'node:tls';
import { messageOf } from '../message-of.ts';
import { Connection, NoAnswer } from './connection.ts';
import { Unavailable } from './directory.ts';
import type { Endpoint } from './endpoint.ts';
import { resultCode, textOfResult } from './messages.ts';
import type { OperationTime } from './operation.ts';

export interface DialOptions {
  /** The authorities that are trusted. */
  readonly trust: SecureContext;
  /** For connection, StartTLS and handshake together. */
  readonly time: OperationTime;
  readonly idleMilliseconds: number;
  /** Told of every socket at once, so that it can be ended whatever it is doing. */
  readonly onSocket: (socket: Socket) => void;
}

/** Opens a connection that is as secure as the endpoint demands; rejects with Unavailable, never with less security. */
export async function dial(endpoint: Endpoint, options: DialOptions): Promise<Connection> {
  const { host, port, url } = endpoint;
  const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
  options.onSocket(socket);
  const late = new NoAnswer(`${url}: no connection within ${options.time.text}`);
  const deadline = rejectAfter(options.time.left, late);
  try {
    const secured = await Promise.race([establish(socket, endpoint, options), deadline.passed]);
    return new Connection(url, secured, options.idleMilliseconds);
  } catch (error) {
    socket.destroy();
    if (error instanceof Unavailable) throw error;
    throw new Unavailable(`${url}: ${describe(error)}`, { cause: error });
  } finally {
    clearTimeout(deadline.timer);
  }
}

/** The authorities in `ca` (PEM), or those of Node.js; throws an Error where it holds none. */
export function trustIn(ca: string | Buffer | undefined): SecureContext {
  if (ca === undefined) return createSecureContext({ minVersion: 'TLSv1.2' });
  // Node.js would silently trust its own authorities instead of an empty list.
  if (!ca.includes('BEGIN CERTIFICATE')) throw new Error('directory: ca_file holds no certificate in PEM');
  return createSecureContext({ ca, minVersion: 'TLSv1.2' });
}

async function establish(socket: Socket, endpoint: Endpoint, options: DialOptions): Promise<Socket> {
  await ready(socket, 'connect');
  switch (endpoint.security) {
    case 'none':
      return socket;
    case 'tls':
      return handshake(socket, endpoint.host, options.trust);
    case 'start-tls':
      return handshake(await startTls(socket, endpoint, options), endpoint.host, options.trust);
  }
}

/** RFC 4511 §4.14. The connection in clear ends here: it asked one question, and its parser goes no further. */
async function startTls(socket: Socket, endpoint: Endpoint, options: DialOptions): Promise<Socket> {
  const clear = new Connection(endpoint.url, socket, options.idleMilliseconds);
  const result = await clear.startTls(options.time);
  if (result.code === resultCode.success) return clear.detach();
  throw new Unavailable(`${endpoint.url}: the server refused StartTLS: ${textOfResult(result)}`);
}

/** RFC 4513 §3.1.3: the certificate must name the host of the URL, an address as an address. */
async function handshake(socket: Socket, host: string, trust: SecureContext): Promise<Socket> {
  const secured = connectTls({
    socket,
    secureContext: trust,
    // Explicit, because an environment variable can turn the default off.
    rejectUnauthorized: true,
    // RFC 6066 §3: a server name indication is a name, never an address.
    ...(isIP(host) === 0 && { servername: host }),
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  });
  await ready(secured, 'secureConnect');
  return secured;
}

function ready(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve);
    socket.on('error', reject);
    socket.once('close', () => {
      reject(new Error('the connection was closed'));
    });
  });
}

function rejectAfter(milliseconds: number, reason: Error): { timer: NodeJS.Timeout; passed: Promise<never> } {
  let timer!: NodeJS.Timeout;
  const passed = new Promise<never>((_resolve, reject) => {
    // Not before what came meanwhile was read: this process may have been held up itself.
    timer = setTimeout(() => setImmediate(() => reject(reason)), milliseconds);
  });
  return { timer, passed };
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join(', ');
  return messageOf(error);
}
