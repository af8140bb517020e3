import type { ClientChain } from '../certificate/chain.ts';
import { clientChain } from './client-certificate.ts';
import { tlsSocketOf } from './patches/client-socket.ts';
import type { Connection } from './types.ts';

/** Whom Haraka took a client for when it was met last; XCLIENT draws a new one. */
const met = new WeakMap<Connection, string>();

/** Sockets whose TLS was begun by who has said since then that it speaks for another client. */
const lent = new WeakSet<object>();

/** At `connect_init`, which comes again after PROXY and most of XCLIENT: the certificate that was shown before is that of a relay. */
export function meetClient(connection: Connection): void {
  const socket = tlsSocketOf(connection.client);
  if (socket && met.has(connection)) lent.add(socket);
  met.set(connection, connection.uuid);
}

/** The chain that the client itself has shown; none where somebody else has, who now speaks for it. */
export function ownChain(connection: Connection): ClientChain | undefined {
  const socket = tlsSocketOf(connection.client);
  const isOwn = socket !== undefined && !lent.has(socket) && met.get(connection) === connection.uuid;
  return isOwn ? clientChain(connection) : undefined;
}
