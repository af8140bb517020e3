import { createHash, X509Certificate } from 'node:crypto';
import type { Tlsa } from '../../../plugins/core/dane/tlsa.ts';
import type { Issued } from '../../support/certificates.ts';

/** As a TLS handshake brings it. */
export function derOf({ cert }: Issued): Buffer {
  return new X509Certificate(cert).raw;
}

/** The record that whoever runs a server publishes about a certificate. */
export function about(issued: Issued, usage: number, selector: number, matchingType: number): Tlsa {
  const certificate = new X509Certificate(issued.cert);
  const selected =
    selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' });
  return { usage, selector, matchingType, data: associated(selected, matchingType) };
}

function associated(selected: Buffer, matchingType: number): Buffer {
  if (matchingType === 0) return selected;
  return createHash(matchingType === 1 ? 'sha256' : 'sha512')
    .update(selected)
    .digest();
}
