import { verify, type KeyObject, type X509Certificate } from 'node:crypto';
import { Reader, readHeader, tags } from '../directory/ber.ts';
import { messageOf } from '../message-of.ts';
import {
  algorithmIn,
  bits,
  extensionsIn,
  extentOf,
  readExtension,
  strongSignatures,
  type Extension,
} from './x509.ts';

/** What the list of an authority says of a certificate; `unlisted`: there is no list of that authority. */
export type Standing = 'good' | 'revoked' | 'unlisted' | { readonly unusable: string };

/** What was revoked, by lists of authorities (RFC 5280 §5). */
export interface Revocations {
  readonly standingOf: (certificate: X509Certificate, issuer: X509Certificate, now: Date) => Standing;
}

interface RevocationList {
  readonly toBeSigned: Buffer;
  readonly signature: Buffer;
  readonly algorithm: string;
  /** Name of the authority, as `Extent.subject` has it. */
  readonly issuer: string;
  readonly since: number;
  /** Milliseconds since 1970, as `since`; after that nobody knows what was revoked meanwhile. */
  readonly until: number;
  /** Serial numbers, as Node.js writes them. */
  readonly revoked: ReadonlySet<string>;
  /** Fingerprints of the authorities that were looked at, and whether they have signed it. */
  readonly signedBy: Map<string, boolean>;
}

/** Reads lists in DER, or one or more in PEM. Throws what is none. */
export function revocationsIn(files: readonly Buffer[]): Revocations {
  const lists = files.flatMap(encodedIn).map(readList);
  return { standingOf: (certificate, issuer, now) => standingIn(lists, certificate, issuer, now) };
}

function standingIn(
  lists: readonly RevocationList[],
  certificate: X509Certificate,
  issuer: X509Certificate,
  now: Date,
): Standing {
  const named = lists.filter((list) => list.issuer === extentOf(issuer).subject);
  if (named.length === 0) return 'unlisted';
  const signed = named.filter((list) => isSignedBy(list, issuer));
  if (signed.length === 0) return { unusable: 'no list is signed by the key' };
  const newest = signed.reduce((one, other) => (other.since > one.since ? other : one));
  if (newest.revoked.has(certificate.serialNumber)) return 'revoked';
  // A clock that is wrong by years is no reason to take an old list.
  if (!(newest.since <= now.getTime() && now.getTime() <= newest.until)) {
    return {
      unusable: `the list counts to ${new Date(newest.until).toISOString()}, and it is another day, that`,
    };
  }
  return 'good';
}

function isSignedBy(list: RevocationList, { publicKey, fingerprint256: name }: X509Certificate): boolean {
  const known = list.signedBy.get(name);
  if (known !== undefined) return known;
  const digest = strongSignatures.get(list.algorithm);
  const isSigned = digest !== undefined && isVerified(list, digest, publicKey);
  list.signedBy.set(name, isSigned);
  return isSigned;
}

/** A key of another kind than the signature has not made it. */
function isVerified(
  { toBeSigned, signature }: RevocationList,
  digest: string | null,
  key: KeyObject,
): boolean {
  try {
    return verify(digest, toBeSigned, key, signature);
  } catch {
    return false;
  }
}

function encodedIn(file: Buffer): Buffer[] {
  const text = file.toString('latin1');
  const blocks = [...text.matchAll(/-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g)];
  if (blocks.length === 0) return [file];
  return blocks.map(([, base64 = '']) => Buffer.from(base64, 'base64'));
}

/** RFC 5280 §5.1. */
function readList(bytes: Buffer): RevocationList {
  try {
    const whole = new Reader(bytes);
    const list = whole.inside(tags.sequence, (outer) => {
      const content = outer.content(tags.sequence);
      const fields = new Reader(content);
      const read = readToBeSigned(fields);
      fields.end();
      const algorithm = outer.inside(tags.sequence, algorithmIn);
      if (algorithm !== read.algorithm) throw new Error('it names two algorithms');
      return { ...read, signature: bitsIn(outer.content(bits)) };
    });
    whole.end();
    return { ...list, toBeSigned: firstInside(bytes), signedBy: new Map() };
  } catch (error) {
    throw new Error(`it is no certificate revocation list: ${messageOf(error)}`, { cause: error });
  }
}

/** The first element inside another one, with its header. */
function firstInside(bytes: Buffer): Buffer {
  const outer = readHeader(bytes, 0);
  const inner = outer && readHeader(bytes, outer.start);
  if (!inner) throw new Error('it is cut short');
  return bytes.subarray(outer.start, inner.start + inner.length);
}

type ToBeSigned = Pick<RevocationList, 'algorithm' | 'issuer' | 'since' | 'until' | 'revoked'>;

const crlExtensions = 0xa0;

function readToBeSigned(inner: Reader): ToBeSigned {
  inner.optional(tags.integer);
  const algorithm = inner.inside(tags.sequence, algorithmIn);
  const issuer = inner.content(tags.sequence).toString('hex');
  const since = timeIn(inner);
  if (!isTime(inner.nextTag)) throw new Error('it does not say until when it counts');
  const until = timeIn(inner);
  const revoked =
    inner.nextTag === tags.sequence
      ? inner.inside(tags.sequence, (entries) => entries.all((each) => each.inside(tags.sequence, serialIn)))
      : [];
  if (!inner.atEnd) refuseCritical(inner.inside(crlExtensions, extensionsIn));
  return { algorithm, issuer, since, until, revoked: new Set(revoked) };
}

/** Of one that is revoked. */
function serialIn(entry: Reader): string {
  const serial = entry
    .content(tags.integer)
    .toString('hex')
    .toUpperCase()
    .replace(/^(?:00)+(?=.)/, '');
  timeIn(entry);
  if (!entry.atEnd) {
    const list = entry.content(tags.sequence);
    refuseCritical(new Reader(list).all((each) => each.inside(tags.sequence, readExtension)));
  }
  return serial;
}

/** Lists of a part, changes to another list, and lists of several authorities are marked so (RFC 5280 §5.2.4, §5.2.5, §5.3.3). */
function refuseCritical(extensions: readonly Extension[]): void {
  const critical = extensions.find(({ isCritical }) => isCritical);
  if (critical) throw new Error(`the critical extension ${critical.id} is not understood`);
}

const utcTime = 0x17;
const generalizedTime = 0x18;

function isTime(tag: number | undefined): boolean {
  return tag === utcTime || tag === generalizedTime;
}

/** RFC 5280 §5.1.2.4. */
function timeIn(reader: Reader): number {
  const isShort = reader.nextTag === utcTime;
  const text = reader.content(isShort ? utcTime : generalizedTime).toString('latin1');
  const [, year = '', ...rest] =
    (isShort ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/).exec(
      text,
    ) ?? [];
  const [month, day, hour, minute, second] = rest;
  const century = isShort ? (Number(year) < 50 ? '20' : '19') : '';
  const time = Date.parse(`${century}${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time)) throw new Error('a time that is none');
  return time;
}

/** Of a signature all bits are used. */
function bitsIn(content: Buffer): Buffer {
  if (content[0] !== 0) throw new Error('a signature of no whole octets');
  return content.subarray(1);
}
