import { createPrivateKey, X509Certificate } from 'node:crypto';

export interface KeyPair {
  readonly key: Buffer | undefined;
  readonly cert: Buffer | undefined;
}

/** Why these keys and certificates cannot serve TLS; empty when they can. An expired certificate can. */
export function keyPairProblems(pairs: readonly KeyPair[]): string[] {
  if (pairs.length === 0) return ['tls.ini names no key and no certificate'];
  return pairs.flatMap((pair, index) => {
    const problem = problemOf(pair);
    return problem === undefined ? [] : [`TLS key pair ${index + 1} of tls.ini: ${problem}`];
  });
}

function problemOf({ key, cert }: KeyPair): string | undefined {
  if (!key?.length) return 'the key (tls.ini: key=, default tls_key.pem) is missing or unreadable';
  if (!cert?.length) return 'the certificate (tls.ini: cert=, default tls_cert.pem) is missing or unreadable';
  try {
    const matches = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
    return matches ? undefined : 'the key does not belong to the certificate';
  } catch (error) {
    return `the key or the certificate cannot be read as PEM: ${(error as Error).message}`;
  }
}
