import type { TLSSocket } from 'node:tls';
import { definePatch, expect } from '../patch.ts';
import { throwAwayTls } from '../throw-away.ts';
import type { ClientSocket } from '../types.ts';

/** The port that a client really reached; `connection.local.port` is what a PROXY line claims. */
export function portReached(client: ClientSocket): number | undefined {
  return client.localPort;
}

/** The TLS socket under a client's connection; none in clear. `connection.tls` outlives a change of the client. */
export function tlsSocketOf(client: ClientSocket): TLSSocket | undefined {
  return client.cleartext ?? (client.encrypted ? (client as ClientSocket['cleartext']) : undefined);
}

/** Stands behind what is known of a client's socket. */
export const clientSocket = definePatch({
  name: 'client-socket',
  reaches: '`localPort` and `cleartext` of `connection.client`',
  why: 'What Haraka tells of port and TLS is what a PROXY line claims, or what was true of an earlier client.',
  selfTest(plugin) {
    // Without tls.ini nobody can start TLS.
    if (plugin.haraka_require('tls_socket').cfg === undefined) return;
    const port = 2587;
    const client = throwAwayTls(plugin, port);
    expect(
      'a socket to know the port it was reached on',
      client !== undefined && portReached(client) === port,
    );
    const socket = client && tlsSocketOf(client);
    expect('a socket to hold the TLS that STARTTLS began', typeof socket?.getProtocol === 'function');
  },
});
