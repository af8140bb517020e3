import { definePatch, expect } from '../patch.ts';
import { throwAwayTls } from '../throw-away.ts';
import type { Connection } from '../types.ts';
import { tlsSocketOf } from './client-socket.ts';

/** What a client's socket has shown that no hook is told. */
export interface ClientSigns {
  /** The first that went wrong with it. */
  fault?: Error;
  /** It began TLS where nobody had offered that yet. */
  beganTls?: true;
}

const signs = new WeakMap<Connection, ClientSigns>();

/** Tells the signs of a client. */
export const clientSigns = definePatch({
  name: 'client-signs',
  reaches: '`error` and `data` of `connection.client`',
  why: 'Haraka logs why the handshake of STARTTLS failed, and which octets make no line, and tells no hook.',
  fallback: 'events of sessions do not say what was wrong with their TLS',
  install: () => {
    isInForce = true;
    return () => {
      isInForce = false;
    };
  },
  selfTest(plugin) {
    // Without tls.ini nobody can start TLS.
    if (plugin.haraka_require('tls_socket').cfg === undefined) return;
    const client = throwAwayTls(plugin, 2587);
    let told: unknown;
    client?.prependListener?.('error', (fault) => (told = fault));
    const fault = new Error('as asked');
    client?.cleartext?.emit('error', fault);
    expect('a socket to tell what is wrong with its TLS', told === fault);
  },
});

let isInForce = false;

/** Looks for the signs of a client from now on. */
export function watchClient(connection: Connection): void {
  const { client } = connection;
  if (!isInForce || signs.has(connection)) return;
  const seen: ClientSigns = {};
  signs.set(connection, seen);
  // Before Haraka hears of it, which ends the session at once.
  client.prependListener?.('error', (fault: Error) => {
    seen.fault ??= fault;
  });
  if (tlsSocketOf(client)) return;
  client.prependOnceListener?.('data', (octets: Buffer) => {
    if (isClientHello(octets)) seen.beganTls = true;
  });
}

export function signsOf(connection: Connection): ClientSigns {
  return signs.get(connection) ?? {};
}

/** RFC 8446 §5.1: a record of type 22, with the version of SSL 3.0 or TLS. */
function isClientHello(octets: Buffer): boolean {
  return octets[0] === 22 && octets[1] === 3;
}
