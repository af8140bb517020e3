import { mismatchOf } from '../core/certificate/key.ts';
import type { KeyPair } from '../core/haraka/patches/tls-context.ts';

/** Why these keys and certificates cannot serve TLS; empty when they can. An expired certificate can. */
export function keyPairProblems(pairs: readonly KeyPair[]): string[] {
  if (pairs.length === 0) return ['tls.ini names no key and no certificate'];
  return pairs.flatMap((pair, index) => {
    const problem = problemOf(pair);
    return problem === undefined ? [] : [`TLS key pair ${index + 1} of tls.ini: ${problem}`];
  });
}

function problemOf({ key, cert, passphrase }: KeyPair): string | undefined {
  if (!key?.length) return 'the key (tls.ini: key=, default tls_key.pem) is missing or unreadable';
  if (!cert?.length) return 'the certificate (tls.ini: cert=, default tls_cert.pem) is missing or unreadable';
  try {
    return mismatchOf({ key, cert, passphrase });
  } catch (error) {
    return `the key or the certificate cannot be read as PEM: ${(error as Error).message}`;
  }
}
