import { createPrivateKey, X509Certificate } from 'node:crypto';

/** A certificate with a key that may be its own; both PEM. */
export interface Pair {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** Of an encrypted key. */
  readonly passphrase?: string | undefined;
}

/** Why a key and a certificate do not go together. Throws where one of them cannot be read. */
export function mismatchOf({ key, cert, passphrase }: Pair): string | undefined {
  const privateKey = createPrivateKey({ key, ...(passphrase !== undefined && { passphrase }) });
  const matches = new X509Certificate(cert).checkPrivateKey(privateKey);
  return matches ? undefined : 'the key does not belong to the certificate';
}
