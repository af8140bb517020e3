import { createHash, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { derived } from '../derived.ts';

/** What a certificate says of whose it is, as far as accounts are found by it. */
export interface CertificateNames {
  /** SHA-256 of the SubjectPublicKeyInfo (RFC 7469 §2.4), in base64: of the key alone, whoever has signed it. */
  readonly spki: string;
  /** The subject, as RFC 4514 writes it; absent where it is empty, or longer than any directory has. */
  readonly subject?: string;
  /** Names of the kind rfc822Name (RFC 5280 §4.2.1.6). */
  readonly emails: readonly string[];
  /** Names of the kind dNSName, without those that stand for many. */
  readonly hosts: readonly string[];
}

/** Of each kind so many are looked for: a certificate may have thousands. */
const mostNames = 20;

/** In characters. */
const longestName = 1024;

/** Reads them, once for each certificate. Nothing is proven by that: who has signed them is another question. */
export const namesOf = derived((leaf: X509Certificate): CertificateNames => {
  const { emails, hosts } = alternativeNames(leaf);
  const subject = subjectOf(leaf);
  return {
    spki: keyDigest(leaf),
    ...(subject !== undefined && { subject }),
    // OpenSSL has to find each of them again: what reads a text of several names is not trusted alone.
    emails: emails.filter((name) => leaf.checkEmail(name, { subject: 'never' }) !== undefined),
    hosts: hosts.filter((name) => leaf.checkHost(name, { subject: 'never', wildcards: false }) !== undefined),
  };
});

/** Whether a certificate is for a server: an address is looked for as such, and only names that stand where names belong count (RFC 8461 §4.2, RFC 9525 §2). */
export function isFor(server: string, certificate: X509Certificate): boolean {
  if (isIP(server) > 0) return certificate.checkIP(server) !== undefined;
  const rules = { subject: 'never', partialWildcards: false } as const;
  return certificate.checkHost(server, rules) !== undefined;
}

/** What the key alone proves. */
export function keyOnly({ spki }: CertificateNames): CertificateNames {
  return { spki, emails: [], hosts: [] };
}

/** The key in short, for events and logs. */
export function shortKeyOf(leaf: X509Certificate): string {
  return Buffer.from(namesOf(leaf).spki, 'base64').toString('hex').slice(0, 16);
}

function keyDigest({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

/** Node.js has one relative name in each line, escaped by RFC 2253, the first of the certificate on top; RFC 4514 §2.1 turns them round. */
function subjectOf({ subject }: X509Certificate): string | undefined {
  const lines = (subject as string | undefined)?.split('\n') ?? [];
  const name = lines
    .map((line) => line.replaceAll(' + ', '+'))
    .reverse()
    .join(',');
  return isUsable(name) ? name : undefined;
}

/** Node.js has all in one line, and quotes what could be mistaken for several: nobody has to have such a name. */
const alternativeName = /(DNS|email):([^",\s]+)(?:, |$)|[^":,]+:(?:[^",]*|"(?:[^"\\]|\\.)*")(?:, |$)/y;

function alternativeNames({ subjectAltName }: X509Certificate) {
  const text = subjectAltName ?? '';
  const found = { DNS: [] as string[], email: [] as string[] };
  alternativeName.lastIndex = 0;
  for (let at = 0; at < text.length; at = alternativeName.lastIndex) {
    const match = alternativeName.exec(text);
    // What cannot be read names nobody.
    if (!match) return { emails: [], hosts: [] };
    const [, kind, name = ''] = match;
    if (isUsable(name) && !name.includes('*')) found[kind as keyof typeof found].push(name);
  }
  return { emails: found.email.slice(0, mostNames), hosts: found.DNS.slice(0, mostNames) };
}

function isUsable(name: string): boolean {
  return name !== '' && name.length <= longestName && !/[\p{Cc}\p{Cs}\uFFFD]/u.test(name);
}
