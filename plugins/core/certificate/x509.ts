import type { X509Certificate } from 'node:crypto';
import { Reader, tags } from '../directory/ber.ts';
import { derived } from '../derived.ts';
import { messageOf } from '../message-of.ts';

/** What RFC 5280 has verified of a certificate and Node.js does not tell; `unreadable` is why that cannot be known. */
export interface Extent {
  readonly unreadable?: string;
  /** How many authorities may stand below this one (§4.2.1.9); absent: any number. */
  readonly pathLength?: number;
  /** It is limited to some names (§4.2.1.10). */
  readonly isNameConstrained: boolean;
  /** What it is signed with, by today's standards (RFC 8301, and the Baseline Requirements §7.1.3.2). */
  readonly hasStrongSignature: boolean;
  /** Its name (RFC 5280 §4.1.2.6), encoded, in hexadecimal digits. */
  readonly subject: string;
}

/** The content of object identifiers, in hexadecimal digits. */
const basicConstraints = '551d13';
const nameConstraints = '551d1e';
/** Key usage, subject alternative names, certificate policies and extended key usage: what they say is looked at, or harms nobody. */
const understood = [basicConstraints, nameConstraints, '551d0f', '551d11', '551d20', '551d25'];

/** Digests of signatures that nobody forges: RSA (PKCS #1 v1.5), ECDSA, Ed25519. */
export const strongSignatures: ReadonlyMap<string, string | null> = new Map([
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
  ['2b6570', null],
]);

const oid = 0x06;
export const bits = 0x03;
/** [0] version, [1] and [2] unique ids, [3] extensions. */
const context = { version: 0xa0, issuerId: 0x81, subjectId: 0x82, extensions: 0xa3 } as const;

export interface Extension {
  readonly id: string;
  readonly isCritical: boolean;
  readonly value: Buffer;
}

/** Reads it once for each certificate. What cannot be read is trusted nowhere. */
export const extentOf = derived(({ raw }: X509Certificate): Extent => {
  try {
    return new Reader(raw).inside(tags.sequence, readCertificate);
  } catch (error) {
    return {
      unreadable: messageOf(error),
      ...{ isNameConstrained: false, hasStrongSignature: false, subject: '' },
    };
  }
});

function readCertificate(outer: Reader): Extent {
  const { signature, extensions, subject } = outer.inside(tags.sequence, readToBeSigned);
  const outerSignature = outer.inside(tags.sequence, algorithmIn);
  outer.content(bits);
  if (signature !== outerSignature) throw new Error('it names two algorithms');
  const ids = extensions.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw new Error('an extension stands twice');
  const unknown = extensions.find(({ id, isCritical }) => isCritical && !understood.includes(id));
  if (unknown) throw new Error(`the critical extension ${unknown.id} is not understood`);
  const basic = extensions.find(({ id }) => id === basicConstraints);
  const pathLength = basic && pathLengthIn(basic.value);
  return {
    ...(pathLength !== undefined && { pathLength }),
    isNameConstrained: ids.includes(nameConstraints),
    hasStrongSignature: strongSignatures.has(signature),
    subject,
  };
}

/**
 * The SubjectPublicKeyInfo of a certificate (RFC 5280 §4.1.2.7), octet for octet: Node.js would write it anew. Undefined where it
 * cannot be found.
 */
export const publicKeyInfoOf = derived(({ raw }: X509Certificate): Buffer | undefined => {
  try {
    const certificate = new Reader(new Reader(raw).content(tags.sequence));
    const inner = new Reader(certificate.content(tags.sequence));
    inner.optional(context.version);
    inner.content(tags.integer);
    // Signature, issuer, validity, subject.
    for (let before = 4; before > 0; before -= 1) inner.content(tags.sequence);
    return inner.element(tags.sequence);
  } catch {
    return undefined;
  }
});

interface ToBeSigned extends Pick<Extent, 'subject'> {
  readonly signature: string;
  readonly extensions: readonly Extension[];
}

/** RFC 5280 §4.1. */
function readToBeSigned(inner: Reader): ToBeSigned {
  inner.optional(context.version);
  inner.content(tags.integer);
  const signature = inner.inside(tags.sequence, algorithmIn);
  // Issuer, validity and key are asked of Node.js.
  const [, , subject] = [1, 2, 3, 4].map(() => inner.content(tags.sequence).toString('hex'));
  inner.optional(context.issuerId);
  inner.optional(context.subjectId);
  const extensions = inner.atEnd ? [] : inner.inside(context.extensions, extensionsIn);
  return { signature, extensions, subject: subject ?? '' };
}

/** RFC 5280 §4.1.2.9 and §5.1.2.7. */
export function extensionsIn(wrapped: Reader): readonly Extension[] {
  return wrapped.inside(tags.sequence, (list) =>
    list.all((each) => each.inside(tags.sequence, readExtension)),
  );
}

export function readExtension(inner: Reader): Extension {
  const id = inner.content(oid).toString('hex');
  const critical = inner.optional(tags.boolean);
  return { id, isCritical: critical !== undefined && critical[0] !== 0, value: inner.content(tags.octets) };
}

export function algorithmIn(inner: Reader): string {
  const id = inner.content(oid).toString('hex');
  if (!inner.atEnd) inner.content(inner.nextTag ?? 0);
  return id;
}

function pathLengthIn(value: Buffer): number | undefined {
  return new Reader(value).inside(tags.sequence, (inner) => {
    inner.optional(tags.boolean);
    return inner.atEnd ? undefined : inner.number(tags.integer);
  });
}
