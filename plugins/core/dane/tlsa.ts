import { createHash, createPublicKey, KeyObject, X509Certificate } from 'node:crypto';
import { publicKeyInfoOf } from '../certificate/x509.ts';
import { derived } from '../derived.ts';
import { Reader, tags } from '../directory/ber.ts';
import type { DomainName, RecordData } from '../dns/dns.ts';

/** A TLSA record (RFC 6698 §2.1). */
export type Tlsa = RecordData['TLSA'];

/** What the certificate of a server is judged by. */
export interface DaneAnchors {
  /** The TLSA base domain, which is to be named by SNI (RFC 7672 §8.1). */
  readonly host: DomainName;
  readonly records: readonly Tlsa[];
  /** The reference identifiers (RFC 7672 §3.2.2). */
  readonly names: readonly DomainName[];
}

/** A record as zone files have it (RFC 6698 §2.2). */
export function textOf({ usage, selector, matchingType, data }: Tlsa): string {
  return `${usage} ${selector} ${matchingType} ${data.toString('hex')}`;
}

/** RFC 7672 §3.1: the usages that SMTP has, by their names of RFC 7218 §2.1. */
export const usages = { 'DANE-TA': 2, 'DANE-EE': 3 } as const;

/** RFC 7218 §2.2. */
const selectors = { Cert: 0, SPKI: 1 } as const;

/** RFC 7218 §2.3. */
const full = 0;

/** The other matching types, the stronger the higher. */
const digests: ReadonlyMap<number, { readonly name: string; readonly octets: number }> = new Map([
  [1, { name: 'sha256', octets: 32 }],
  [2, { name: 'sha512', octets: 64 }],
]);

/**
 * The records that may match anything. RFC 7672 §3.1.3: PKIX-TA(0) and PKIX-EE(1) are unusable, for there is no list of
 * authorities that all mail servers share; RFC 6698 §4.1: so is what is of an unknown number or malformed.
 */
export function usable(records: readonly Tlsa[]): readonly Tlsa[] {
  return records.filter(isUsable);
}

function isUsable(record: Tlsa): boolean {
  const { usage, selector, matchingType, data } = record;
  if (!isAmong(usages, usage) || !isAmong(selectors, selector)) return false;
  return matchingType === full
    ? wholeOf(record) !== undefined
    : digests.get(matchingType)?.octets === data.length;
}

function isAmong(numbers: Readonly<Record<string, number>>, number: number): boolean {
  return Object.values(numbers).includes(number);
}

/**
 * RFC 7672 §5 and RFC 7671 §9: of the same usage and selector only the strongest digest counts, so that a weaker one, which
 * stands there for older clients, is of no use to who can break it. Whole ones always count.
 */
export function strongest(records: readonly Tlsa[]): readonly Tlsa[] {
  const best = new Map<string, number>();
  const kindOf = ({ usage, selector }: Tlsa): string => `${usage} ${selector}`;
  for (const record of records) {
    const kind = kindOf(record);
    best.set(kind, Math.max(record.matchingType, best.get(kind) ?? full));
  }
  return records.filter(
    (record) => record.matchingType === full || record.matchingType === best.get(kindOf(record)),
  );
}

/** What a record holds as a whole: a certificate, or a key; undefined where it holds a digest, or nothing that can be read. */
export const wholeOf = derived((record: Tlsa): X509Certificate | KeyObject | undefined => {
  const { selector, matchingType, data } = record;
  if (matchingType !== full) return undefined;
  try {
    // OpenSSL would take PEM, too, and does not look at what follows.
    const reader = new Reader(data);
    reader.content(tags.sequence);
    reader.end();
    return selector === selectors.Cert
      ? new X509Certificate(data)
      : createPublicKey({ key: data, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
});

/** Whether a record is about this certificate, or about its key (RFC 6698 §2.1.2 and §2.1.3). */
export function matches({ selector, matchingType, data }: Tlsa, certificate: X509Certificate): boolean {
  return associationsOf(certificate)(selector, matchingType)?.equals(data) ?? false;
}

/** What a record about a certificate has to hold, made once for each certificate: there may be many records. */
const associationsOf = derived((certificate: X509Certificate) => {
  const made = new Map<string, Buffer | undefined>();
  return (selector: number, matchingType: number): Buffer | undefined => {
    const key = `${selector} ${matchingType}`;
    if (!made.has(key)) made.set(key, associationOf(certificate, selector, matchingType));
    return made.get(key);
  };
});

function associationOf(
  certificate: X509Certificate,
  selector: number,
  matchingType: number,
): Buffer | undefined {
  const selected = selector === selectors.Cert ? certificate.raw : publicKeyInfoOf(certificate);
  if (selected === undefined || matchingType === full) return selected;
  const digest = digests.get(matchingType);
  return digest && createHash(digest.name).update(selected).digest();
}
