import { Unavailable } from '../core/directory/directory.ts';
import { defer, ownFault, type Verdict } from '../core/verdict.ts';
import { CertificateUnjudged } from './certificates/holders.ts';
import { Throttled } from './guessing/throttle.ts';
import { IssuerUnavailable } from './oauth/keys.ts';

/** What a login that could not be decided comes to: it was not tried, the world failed, or we did. */
export function verdictOn(error: unknown): Verdict {
  if (error instanceof Throttled) return error.verdict;
  if (error instanceof IssuerUnavailable) return defer('issuer-unavailable', error.message);
  if (error instanceof CertificateUnjudged) return defer('certificate-unjudged', error.message);
  return error instanceof Unavailable ? defer('directory-unavailable', error.message) : ownFault(error);
}
