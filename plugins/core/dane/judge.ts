import { KeyObject, X509Certificate } from 'node:crypto';
import { authoritiesAmong, certificateFault, type Trust } from '../certificate/chain.ts';
import { messageOf } from '../message-of.ts';
import type { FailureType } from '../tls-failure.ts';
import { matches, strongest, usable, usages, wholeOf, type Tlsa } from './tlsa.ts';

export type DaneJudgement =
  /** `isAuthenticated` is false where no record is usable, so that any certificate does. */
  | { readonly isGood: true; readonly isAuthenticated: boolean }
  | { readonly isGood: false; readonly why: string; readonly type: FailureType };

/** Certificates as they were shown, that of the server first. */
type Shown = readonly [leaf: X509Certificate, ...others: X509Certificate[]];

/**
 * Whether the certificates that a server has shown (DER, its own first) are those that its TLSA records are about. `names` are
 * the reference identifiers (RFC 7672 §3.2.2).
 */
export function judgeChain(
  presented: readonly Buffer[],
  records: readonly Tlsa[],
  names: readonly string[],
  now: Date,
): DaneJudgement {
  // Without any record DANE says nothing, neither that all is well.
  if (records.length === 0) return bad('there is no TLSA record');
  const counted = strongest(usable(records));
  // RFC 7672 §2.2: there are records, all of them unusable: TLS is needed, authentication is not.
  if (counted.length === 0) return { isGood: true, isAuthenticated: false };
  const shown = read(presented);
  if (shown === undefined) return bad('its certificate cannot be read');
  try {
    return isEndEntity(shown, counted) ? good : judgeAnchored(shown, counted, names, now);
  } catch (error) {
    return bad(`its certificates cannot be judged: ${messageOf(error)}`);
  }
}

const good: DaneJudgement = { isGood: true, isAuthenticated: true };

function bad(why: string, type: FailureType = 'validation-failure'): DaneJudgement {
  return { isGood: false, why, type };
}

/** Undefined where that of the server is not there or cannot be read; of the others what cannot be read is left out. */
function read([first, ...rest]: readonly Buffer[]): Shown | undefined {
  const leaf = first && certificateIn(first);
  return leaf && [leaf, ...rest.map(certificateIn).filter((each) => each !== undefined)];
}

function certificateIn(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** RFC 7672 §3.1.1: what the record is about is all; names and dates in the certificate say nothing. */
function isEndEntity([leaf]: Shown, records: readonly Tlsa[]): boolean {
  return records.some((record) => record.usage === usages['DANE-EE'] && matches(record, leaf));
}

/** RFC 7672 §3.1.2: an authority that a record is about has signed it, over others or not, and it has the right name (§3.2.2). */
function judgeAnchored(
  [leaf, ...others]: Shown,
  records: readonly Tlsa[],
  names: readonly string[],
  now: Date,
): DaneJudgement {
  const anchors = records.filter(({ usage }) => usage === usages['DANE-TA']);
  const trust = trustOf(anchors, leaf, others);
  if (trust === undefined) return bad('no TLSA record is about a certificate that it shows');
  const fault = certificateFault({ leaf, intermediates: others }, trust, now);
  if (fault) return bad(fault.text, fault.kind === 'expired' ? 'certificate-expired' : 'validation-failure');
  if (isNamed(leaf, names)) return good;
  return bad(`its certificate is for none of ${names.join(', ')}`, 'certificate-host-mismatch');
}

/**
 * The authorities that records are about, as far as they are at hand: shown by the server, or whole in a record (RFC 7671 §5.2.2 and §5.2.3).
 * One that stands by itself is above nobody: a record of this usage is not about the certificate of the server.
 */
function trustOf(
  anchors: readonly Tlsa[],
  leaf: X509Certificate,
  others: readonly X509Certificate[],
): Trust | undefined {
  const shown = others.filter((each) => anchors.some((anchor) => matches(anchor, each)));
  // Of a key that is shown in a certificate, this says whether it may sign.
  const missing = anchors.filter((anchor) => ![leaf, ...shown].some((each) => matches(anchor, each)));
  const whole = missing.map(wholeOf);
  const certificates = [...shown, ...whole.filter((each) => each instanceof X509Certificate)];
  const above = certificates.filter(({ raw }) => !raw.equals(leaf.raw));
  const keys = whole.filter((each) => each instanceof KeyObject);
  return above.length + keys.length === 0 ? undefined : { authorities: authoritiesAmong(above), keys };
}

/** OpenSSL takes a name with a dot in front for all names below it. */
const hostname = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i;

/** RFC 7672 §3.2.3: `*` stands for a whole label, the first one; the subject counts where no DNS name stands beside it. */
function isNamed(leaf: X509Certificate, names: readonly string[]): boolean {
  const rules = { subject: 'default', wildcards: true, partialWildcards: false } as const;
  const hosts = names.map((name) => name.replace(/\.$/, '')).filter((name) => hostname.test(name));
  return hosts.some((host) => leaf.checkHost(host, rules) !== undefined);
}
