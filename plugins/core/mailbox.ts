import { domainToASCII } from 'node:url';

declare const brand: unique symbol;

/** An address that was parsed: `local` without quoting, `domain` as lower-case A-labels (RFC 5890 §2.3.2.1). */
export interface Mailbox {
  readonly local: string;
  readonly domain: string;
  /** Nothing but a parser makes one. */
  readonly [brand]: true;
}

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\u{10FFFF}-]+";
const dotString = new RegExp(`^${atom}(?:\\.${atom})*$`, 'u');
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** RFC 5321 §4.5.3.1.1 and .2, in octets. */
const longestLocalPart = 64;
const longestDomain = 255;

/** Reads `local@domain` (RFC 5321 §4.1.2 Mailbox, RFC 6531); `undefined` for anything else, address literals included. */
export function parseMailbox(text: string): Mailbox | undefined {
  const at = text.lastIndexOf('@');
  if (at < 1) return undefined;
  return makeMailbox(unquoteLocalPart(text.slice(0, at)), text.slice(at + 1));
}

/** Joins a local-part without its quotes and a domain; `undefined` when either cannot be one. */
export function makeMailbox(local: string | undefined, domainText: string): Mailbox | undefined {
  const domain = parseDomain(domainText);
  if (local === undefined || local === '' || domain === undefined) return undefined;
  // U+FFFD stands for octets that are no UTF-8: as text, addresses that differ would be the same.
  if (hasControl(local) || local.includes('\ufffd') || Buffer.byteLength(local) > longestLocalPart)
    return undefined;
  return { local, domain } as Mailbox;
}

/** A domain name as lower-case A-labels; `undefined` for anything that is none. */
export function parseDomain(text: string): string | undefined {
  // domainToASCII percent-decodes, drops tabs and reads numbers as addresses: only plain letters may reach it.
  if (!/^[A-Za-z0-9._\u0080-\u{10FFFF}-]+$/u.test(text)) return undefined;
  const ascii = /^[\0-\x7f]*$/.test(text) ? text.toLowerCase() : domainToASCII(text);
  if (ascii === '' || ascii.length > longestDomain) return undefined;
  return ascii.split('.').every((part) => label.test(part)) ? ascii : undefined;
}

/** Whether both name the same mailbox: domains as A-labels, local-parts without regard to ASCII case. */
export function sameMailbox(a: Mailbox, b: Mailbox): boolean {
  if (a.domain !== b.domain || a.local.length !== b.local.length) return false;
  return foldAscii(a.local) === foldAscii(b.local);
}

/** A text that is the same for two addresses that name the same mailbox; of what is no mailbox, it is the text itself. */
export function mailboxKey(text: string): string {
  const mailbox = parseMailbox(text);
  return mailbox ? foldAscii(formatMailbox(mailbox)) : `<${text}>`;
}

/**
 * The mailbox without its sub-address (RFC 5233): `alice+shop@x` becomes `alice@x`. A tag that needs quotes, or letters
 * beyond US-ASCII, may show a reader another address: it stays.
 */
export function withoutSubaddress(mailbox: Mailbox, separator: string): Mailbox {
  const cut = separator === '' ? -1 : mailbox.local.indexOf(separator);
  if (cut < 1 || !isPlainLocalPart(mailbox.local)) return mailbox;
  return { local: mailbox.local.slice(0, cut), domain: mailbox.domain } as Mailbox;
}

/** Whether a local-part is a dot-string (RFC 5321 §4.1.2) of US-ASCII, which every reader reads alike. */
export function isPlainLocalPart(local: string): boolean {
  return dotString.test(local) && /^[\x21-\x7e]*$/.test(local);
}

/** The mailbox as text; a local-part that is no dot-string is quoted (RFC 5321 §4.1.2). */
export function formatMailbox(mailbox: Mailbox): string {
  const local = dotString.test(mailbox.local)
    ? mailbox.local
    : `"${mailbox.local.replace(/["\\]/g, '\\$&')}"`;
  return `${local}@${mailbox.domain}`;
}

function unquoteLocalPart(text: string): string | undefined {
  if (dotString.test(text)) return text;
  const quoted = /^"((?:[^"\\]|\\.)*)"$/su.exec(text);
  return quoted?.[1]?.replace(/\\(.)/gsu, '$1');
}

/** Unicode case folding would make `K` (Kelvin sign) equal to `k`: only ASCII letters fold. */
function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function hasControl(text: string): boolean {
  return /[\0-\x1f\x7f-\x9f]/.test(text);
}
