import type { X509Certificate } from 'node:crypto';
import type { ClientChain } from '../certificate/chain.ts';
import { tlsSocketOf } from './patches/client-socket.ts';
import type { Connection } from './types.ts';

/** Read of a socket once: one that is closed no longer tells. */
const chains = new WeakMap<object, { readonly chain: ClientChain | undefined }>();

/** More than any chain that is honest. */
const mostIntermediates = 8;

/**
 * What the client has proven to have the key of, in the handshake or in the one before that its session is from; not whether
 * anybody is to believe it.
 */
export function clientChain({ client }: Connection): ClientChain | undefined {
  const socket = tlsSocketOf(client);
  if (!socket) return undefined;
  const known = chains.get(socket);
  if (known) return known.chain;
  // Node.js says never undefined, and does.
  const leaf = socket.getPeerX509Certificate();
  const chain = leaf && { leaf, intermediates: above(leaf), isResumed: socket.isSessionReused() };
  chains.set(socket, { chain });
  return chain;
}

function above(leaf: X509Certificate): readonly X509Certificate[] {
  const found: X509Certificate[] = [];
  let next = leaf.issuerCertificate;
  while (next && found.length < mostIntermediates) {
    found.push(next);
    next = next.issuerCertificate;
  }
  return found;
}
