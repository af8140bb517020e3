import { mismatchOf } from '../core/certificate/key.ts';
import type { DefaultFaults } from '../core/haraka/patches/certificate-files.ts';
import type { KeyPair } from '../core/haraka/patches/tls-context.ts';

/** Why these keys and certificates cannot serve TLS; empty when they can. An expired certificate can. */
export function keyPairProblems(pairs: readonly KeyPair[], faults: DefaultFaults): string[] {
  if (pairs.length === 0) return ['tls.ini names no key and no certificate'];
  return pairs.flatMap((pair, index) => {
    const problem = problemOf(pair, faults.key[index], faults.cert[index]);
    return problem === undefined ? [] : [`TLS key pair ${index + 1} of tls.ini: ${problem}`];
  });
}

function problemOf({ key, cert, passphrase }: KeyPair, keyFault = '', certFault = ''): string | undefined {
  if (!key?.length)
    return because('the key (tls.ini: key=, default tls_key.pem) is missing or unreadable', keyFault);
  if (!cert?.length)
    return because(
      'the certificate (tls.ini: cert=, default tls_cert.pem) is missing or unreadable',
      certFault,
    );
  try {
    return mismatchOf({ key, cert, passphrase });
  } catch (error) {
    return `the key or the certificate cannot be read as PEM: ${(error as Error).message}`;
  }
}

function because(problem: string, fault: string): string {
  return fault === '' ? problem : `${problem}: ${fault}`;
}
