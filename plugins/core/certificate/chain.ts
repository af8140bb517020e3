import { X509Certificate, type KeyObject } from 'node:crypto';
import type { Revocations } from './revocation.ts';
import { extentOf } from './x509.ts';

/** A certificate that a client has proven to be its own, with what it sent along. */
export interface ClientChain {
  readonly leaf: X509Certificate;
  readonly intermediates: readonly X509Certificate[];
  /** Of a TLS session that was resumed nothing is left but the certificate itself. */
  readonly isResumed: boolean;
}

/** Whoever is trusted to sign certificates, by subject. */
export type Authorities = ReadonlyMap<string, readonly X509Certificate[]>;

/** Reads certificates in PEM; what else stands between them is no matter. */
export function authoritiesIn(pem: readonly string[]): Authorities {
  return authoritiesAmong(pem.flatMap(pemBlocks).map((block) => new X509Certificate(block)));
}

export function authoritiesAmong(certificates: readonly X509Certificate[]): Authorities {
  const bySubject = new Map<string, X509Certificate[]>();
  for (const certificate of certificates) {
    bySubject.set(certificate.subject, [...(bySubject.get(certificate.subject) ?? []), certificate]);
  }
  return bySubject;
}

export function pemBlocks(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** Whether one of these names stands in a certificate itself: not in the subject, and not below a wildcard. */
export function isFor({ leaf }: Pick<ClientChain, 'leaf'>, names: readonly string[]): boolean {
  const strictly = { subject: 'never', wildcards: false } as const;
  return names.some((name) => leaf.checkHost(name, strictly) !== undefined);
}

/** Longest path, in authorities between the certificate and the one that is trusted. */
const longestPath = 4;

/** Signatures that are verified at most: a client may send authorities that have signed one another. */
const mostSignatures = 24;

/** What is wrong with a certificate. `revocation-unknown` is trouble, and every other one a decision. */
export const certificateFaults = [
  'expired',
  'not-yet-valid',
  'untrusted',
  'self-signed',
  'wrong-purpose',
  'weak',
  'unreadable',
  'revoked',
  'revocation-unknown',
] as const;

export interface CertificateFault {
  readonly kind: (typeof certificateFaults)[number];
  /** In one line, for events. */
  readonly text: string;
}

/** Whom somebody trusts. */
export interface Trust {
  readonly authorities: Authorities;
  /** Keys of authorities whose certificates nobody has (RFC 7671 §5.2.3). */
  readonly keys?: readonly KeyObject[];
  /** Absent: nobody looks whether a certificate was revoked. */
  readonly revocations?: Revocations | undefined;
  /** A certificate has to say what it is for, as all do that public authorities write. */
  readonly isPurposeNeeded?: boolean;
}

interface Scene extends Trust {
  readonly intermediates: readonly X509Certificate[];
  readonly now: Date;
  signatures: number;
}

/**
 * Why a client certificate does not count (RFC 5280 §6): it has to be signed, by authorities that it brings, by one that is
 * trusted. What TLS itself found is not asked: a server of Node.js takes a certificate without clientAuth for wrong, which
 * public authorities do not write any more, and one of a resumed session of TLS 1.3 for right, without looking. What
 * cannot be judged, such as limits to some names, does not count.
 */
export function certificateFault(
  { leaf, intermediates }: Pick<ClientChain, 'leaf' | 'intermediates'>,
  trust: Trust,
  now: Date,
): CertificateFault | undefined {
  const scene = { ...trust, intermediates, now, signatures: 0 };
  if (trust.isPurposeNeeded && !purposesOf(leaf)) {
    return { kind: 'wrong-purpose', text: 'its certificate does not say what it is for' };
  }
  return faultOf(leaf, scene) ?? faultAbove(leaf, 0, scene);
}

/** The same of one that is known by its key, whoever has signed it. */
export function pinnedFault({ leaf }: Pick<ClientChain, 'leaf'>, now: Date): CertificateFault | undefined {
  return isStrong(leaf.publicKey)
    ? dateFault(leaf, now)
    : { kind: 'weak', text: `${nameOf(leaf)} has a weak key` };
}

/** What is wrong with whoever has signed a certificate, below which there are `depth` authorities. */
function faultAbove(child: X509Certificate, depth: number, scene: Scene): CertificateFault | undefined {
  const trusted = (scene.authorities.get(child.issuer) ?? []).map((each) =>
    issuerFault(each, child, depth, scene),
  );
  if (trusted.includes(undefined)) return undefined;
  // Of one that is trusted and has signed it.
  const known = trusted.find((fault) => fault?.kind !== 'untrusted');
  if (known) return known;
  if (isSignedByKey(child, scene)) return undefined;
  if (depth >= longestPath) return untrusted('its certificate has too long a chain');
  let first: CertificateFault | undefined;
  const isAbove = (each: X509Certificate) => each.subject === child.issuer && !each.raw.equals(child.raw);
  for (const issuer of scene.intermediates.filter(isAbove)) {
    const fault =
      issuerFault(issuer, child, depth, scene) ??
      faultOf(issuer, scene) ??
      faultAbove(issuer, depth + 1, scene);
    if (fault === undefined) return undefined;
    first ??= fault;
  }
  return first ?? faultOfOrphan(child, depth);
}

function isSignedByKey(child: X509Certificate, scene: Scene): boolean {
  return (scene.keys ?? []).some((key) => {
    scene.signatures += 1;
    return scene.signatures <= mostSignatures && isStrong(key) && child.verify(key);
  });
}

function faultOfOrphan(child: X509Certificate, depth: number): CertificateFault {
  const isOwnWork = depth === 0 && child.subject === child.issuer && child.verify(child.publicKey);
  return isOwnWork
    ? { kind: 'self-signed', text: `${nameOf(child)} is signed by itself` }
    : untrusted(`${nameOf(child)} is signed by nobody who is trusted`);
}

function untrusted(text: string): CertificateFault {
  return { kind: 'untrusted', text };
}

/** Why an authority has not signed a certificate, or could not, or does not stand by it any more. */
function issuerFault(
  issuer: X509Certificate,
  child: X509Certificate,
  depth: number,
  scene: Scene,
): CertificateFault | undefined {
  const name = nameOf(issuer);
  if (!issuer.ca) return untrusted(`${name} is no authority`);
  scene.signatures += 1;
  if (scene.signatures > mostSignatures) return untrusted('its certificate has too many chains');
  const isSigned = child.checkIssued(issuer) && isStrong(issuer.publicKey) && child.verify(issuer.publicKey);
  if (!isSigned) return untrusted(`${nameOf(child)} is not signed by ${name}`);
  const { unreadable, isNameConstrained, pathLength = Infinity } = extentOf(issuer);
  if (unreadable !== undefined) return unreadableFault(name, unreadable);
  if (isNameConstrained) return untrusted(`${name} is an authority for some names only`);
  if (pathLength < depth) return untrusted(`${name} may not have so many authorities below it`);
  const fault = dateFault(issuer, scene.now) ?? purposeFault(issuer);
  return fault ?? revocationFault(child, issuer, depth, scene);
}

/** What an authority says of a certificate that it has signed; of other authorities only if it says anything. */
function revocationFault(
  child: X509Certificate,
  issuer: X509Certificate,
  depth: number,
  { revocations, now }: Scene,
): CertificateFault | undefined {
  const standing = revocations?.standingOf(child, issuer, now);
  if (standing === undefined || standing === 'good') return undefined;
  if (standing === 'revoked') return { kind: 'revoked', text: `${nameOf(child)} was revoked` };
  if (standing === 'unlisted' && depth > 0) return undefined;
  const why = standing === 'unlisted' ? 'there is no list' : standing.unusable;
  return {
    kind: 'revocation-unknown',
    text: `whether ${nameOf(child)} was revoked is not known: ${why} of ${nameOf(issuer)}`,
  };
}

/** What is wrong with a certificate that somebody has to have signed. */
function faultOf(certificate: X509Certificate, { now }: Scene): CertificateFault | undefined {
  const { unreadable, hasStrongSignature } = extentOf(certificate);
  const name = nameOf(certificate);
  if (unreadable !== undefined) return unreadableFault(name, unreadable);
  if (!hasStrongSignature || !isStrong(certificate.publicKey)) {
    return { kind: 'weak', text: `${name} is signed too weakly` };
  }
  return dateFault(certificate, now) ?? purposeFault(certificate);
}

function unreadableFault(name: string, why: string): CertificateFault {
  return { kind: 'unreadable', text: `${name} cannot be judged: ${why}` };
}

function dateFault(certificate: X509Certificate, now: Date): CertificateFault | undefined {
  const { validFrom, validTo } = certificate;
  const [from, to, time] = [Date.parse(validFrom), Date.parse(validTo), now.getTime()];
  // What is no date is not in force.
  if (from <= time && time <= to) return undefined;
  const text = `${nameOf(certificate)} counts from ${validFrom} to ${validTo}`;
  return { kind: time < from ? 'not-yet-valid' : 'expired', text };
}

/** serverAuth, clientAuth, anyExtendedKeyUsage (RFC 5280 §4.2.1.12). */
const purposes = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

/** Servers show the one certificate that they have, as servers and as clients. */
function purposeFault(certificate: X509Certificate): CertificateFault | undefined {
  const isForTls = purposesOf(certificate)?.some((each) => purposes.includes(each)) ?? true;
  return isForTls ? undefined : { kind: 'wrong-purpose', text: `${nameOf(certificate)} is not for TLS` };
}

/** What Node.js calls key usage are the extended ones, and there may be none. */
function purposesOf(certificate: { readonly keyUsage: readonly string[] | undefined }) {
  return certificate.keyUsage;
}

function isStrong({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (type === 'rsa') return (details?.modulusLength ?? 0) >= 2048;
  if (type === 'ec') return ['prime256v1', 'secp384r1', 'secp521r1'].includes(details?.namedCurve ?? '');
  return type === 'ed25519';
}

/** One line, for events. */
function nameOf({ subject }: X509Certificate): string {
  const parts = (subject as string | undefined)?.split('\n') ?? [];
  const name = parts.find((part) => part.startsWith('CN=')) ?? parts.at(-1) ?? 'a certificate';
  return `certificate ${JSON.stringify(name)}`;
}
