import {
  certificateFault,
  pinnedFault,
  type CertificateFault,
  type ClientChain,
  type Trust,
} from './chain.ts';
import { keyOnly, namesOf, type CertificateNames } from './names.ts';

/** What a client has proven by its certificate. */
export interface ProvenNames {
  /** By which an account may be found; none where the certificate does not count at all. */
  readonly names?: CertificateNames;
  /** Why its names do not count, but at most its key. */
  readonly fault?: CertificateFault;
}

/**
 * What a chain proves. The key has been shown in the handshake, so that an account which is known by its key needs nobody's
 * signature, as long as the dates count; for every other name somebody who is trusted has to have signed. What was revoked counts
 * for nothing, and neither does what may have been.
 */
export function provenNames(
  chain: Pick<ClientChain, 'leaf' | 'intermediates'>,
  trust: Trust | undefined,
  now: Date,
): ProvenNames {
  const own = pinnedFault(chain, now);
  if (own) return { fault: own };
  const names = namesOf(chain.leaf);
  const fault = trust ? certificateFault(chain, trust, now) : nobodyTrusted;
  if (!fault) return { names };
  const isTakenBack = fault.kind === 'revoked' || fault.kind === 'revocation-unknown';
  return isTakenBack ? { fault } : { names: keyOnly(names), fault };
}

const nobodyTrusted: CertificateFault = {
  kind: 'untrusted',
  text: 'no account has its key, and certificates.authorities_file names nobody to be trusted',
};
