import type { TLSSocket } from 'node:tls';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import type { Listener } from '../types.ts';

/** A handshake that failed where TLS begins with the connection: there is no session, and no hook. */
export interface FailedHandshake {
  /** Of whoever has connected, which may be a proxy; absent where that is not known any more. */
  readonly client: string | undefined;
  readonly port: number;
  readonly fault: Error;
}

/** Tells of handshakes that fail on a port with TLS from the start. */
export const failedHandshakes = definePatch({
  name: 'failed-handshakes',
  reaches: '`get_smtp_server` of `server.js`, and `connection` and `tlsClientError` of its listeners',
  why: 'Haraka makes a session of a connection to such a port when its handshake has ended well, and tells nobody of others.',
  fallback: 'handshakes that fail on a port with TLS from the start are no event',
  install: (plugin, hear: (failed: FailedHandshake) => void) => {
    const server = plugin.haraka_require('server');
    return replaceMethod(server, 'get_smtp_server', (get) => async (endpoint, timeout) => {
      const listener = await get.call(server, endpoint, timeout);
      if (listener.has_tls) listen(listener, endpoint.port, hear);
      return listener;
    });
  },
  selfTest(plugin) {
    const { listeners } = plugin.haraka_require('server');
    expect('listeners to be made later', Array.isArray(listeners) && listeners.length === 0);
  },
});

function listen(listener: Listener, port: number, hear: (failed: FailedHandshake) => void): void {
  // Node.js forgets whose a socket is that has closed, unless it was asked before.
  listener.on?.('connection', ({ remoteAddress }) => remoteAddress);
  listener.on?.('tlsClientError', (fault, socket) => {
    hear({ client: addressOf(socket), port, fault });
  });
}

/** That of the connection under it, which is there when TLS is gone. */
function addressOf(socket: TLSSocket): string | undefined {
  const { _parent: under } = socket as { readonly _parent?: { readonly remoteAddress?: string } };
  const address = socket.remoteAddress ?? under?.remoteAddress;
  return address?.replace(/^::ffff:(?=\d+\.)/i, '');
}
