import { X509Certificate, type KeyObject } from 'node:crypto';
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
  const blocks = pem.flatMap(
    (text) => text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [],
  );
  const bySubject = new Map<string, X509Certificate[]>();
  for (const certificate of blocks.map((block) => new X509Certificate(block))) {
    bySubject.set(certificate.subject, [...(bySubject.get(certificate.subject) ?? []), certificate]);
  }
  return bySubject;
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

interface Scene {
  readonly intermediates: readonly X509Certificate[];
  readonly authorities: Authorities;
  readonly now: Date;
  signatures: number;
}

/**
 * Why a client certificate does not count (RFC 5280 §6): it has to be signed, by authorities that it brings, by one that is
 * trusted. What TLS itself found is not asked: a server of Node.js takes a certificate without clientAuth for wrong, which
 * public authorities do not write any more, and one of a resumed session of TLS 1.3 for right, without looking. What
 * cannot be judged, such as limits to some names, does not count. Revocation is not looked at.
 */
export function certificateFault(
  { leaf, intermediates }: Pick<ClientChain, 'leaf' | 'intermediates'>,
  authorities: Authorities,
  now: Date,
): string | undefined {
  const scene = { intermediates, authorities, now, signatures: 0 };
  if (!purposesOf(leaf)) return 'its certificate does not say what it is for';
  return faultOf(leaf, scene) ?? faultAbove(leaf, 0, scene);
}

/** What is wrong with whoever has signed a certificate, below which there are `depth` authorities. */
function faultAbove(child: X509Certificate, depth: number, scene: Scene): string | undefined {
  const trusted = scene.authorities.get(child.issuer) ?? [];
  if (trusted.some((each) => issuerFault(each, child, depth, scene) === undefined)) return undefined;
  if (depth >= longestPath) return 'its certificate has too long a chain';
  let first: string | undefined;
  const isAbove = (each: X509Certificate) => each.subject === child.issuer && !each.raw.equals(child.raw);
  for (const issuer of scene.intermediates.filter(isAbove)) {
    const fault =
      issuerFault(issuer, child, depth, scene) ??
      faultOf(issuer, scene) ??
      faultAbove(issuer, depth + 1, scene);
    if (fault === undefined) return undefined;
    first ??= fault;
  }
  return first ?? `${nameOf(child)} is signed by nobody who is trusted`;
}

/** Why an authority has not signed a certificate, or could not. */
function issuerFault(
  issuer: X509Certificate,
  child: X509Certificate,
  depth: number,
  scene: Scene,
): string | undefined {
  const name = nameOf(issuer);
  if (!issuer.ca) return `${name} is no authority`;
  const { unreadable, isNameConstrained, pathLength = Infinity } = extentOf(issuer);
  if (unreadable !== undefined) return `${name} cannot be judged: ${unreadable}`;
  if (isNameConstrained) return `${name} is an authority for some names only`;
  if (pathLength < depth) return `${name} may not have so many authorities below it`;
  const fault = dateFault(issuer, scene.now) ?? purposeFault(issuer);
  if (fault !== undefined) return fault;
  scene.signatures += 1;
  if (scene.signatures > mostSignatures) return 'its certificate has too many chains';
  const isSigned = child.checkIssued(issuer) && isStrong(issuer.publicKey) && child.verify(issuer.publicKey);
  return isSigned ? undefined : `${nameOf(child)} is not signed by ${name}`;
}

/** What is wrong with a certificate that somebody has to have signed. */
function faultOf(certificate: X509Certificate, { now }: Scene): string | undefined {
  const { unreadable, hasStrongSignature } = extentOf(certificate);
  const name = nameOf(certificate);
  if (unreadable !== undefined) return `${name} cannot be judged: ${unreadable}`;
  if (!hasStrongSignature || !isStrong(certificate.publicKey)) return `${name} is signed too weakly`;
  return dateFault(certificate, now) ?? purposeFault(certificate);
}

function dateFault(certificate: X509Certificate, now: Date): string | undefined {
  const { validFrom, validTo } = certificate;
  // What is no date is not in force.
  if (Date.parse(validFrom) <= now.getTime() && now.getTime() <= Date.parse(validTo)) return undefined;
  return `${nameOf(certificate)} counts from ${validFrom} to ${validTo}`;
}

/** serverAuth, clientAuth, anyExtendedKeyUsage (RFC 5280 §4.2.1.12). */
const purposes = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

/** Servers show the one certificate that they have, as servers and as clients. */
function purposeFault(certificate: X509Certificate): string | undefined {
  const isForTls = purposesOf(certificate)?.some((each) => purposes.includes(each)) ?? true;
  return isForTls ? undefined : `${nameOf(certificate)} is not for TLS`;
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
