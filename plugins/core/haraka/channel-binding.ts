import { tlsSocketOf } from './patches/client-socket.ts';
import type { Connection } from './types.ts';

/**
 * What binds a login to this very TLS connection, `tls-exporter` (RFC 9266 §2). Over TLS 1.3 only: older protocols need an
 * extended master secret for it (§4.2), of which Node.js does not tell.
 */
export function channelBinding({ client }: Connection): Buffer | undefined {
  const socket = tlsSocketOf(client);
  if (socket?.getProtocol() !== 'TLSv1.3') return undefined;
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
}
