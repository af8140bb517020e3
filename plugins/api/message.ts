/**
 * Headers and addresses of messages, read as the strictest reader would, so that no two readers can differ in what was read:
 * `import { readAuthors } from 'haraka-plugin-gatekeeper/message'`. Nothing here throws, and all of it takes time in proportion to
 * what it reads.
 *
 * @module
 */
import { readClaims } from '../core/message/claims.ts';
import { decodings } from '../core/message/encoded-words.ts';
import { linesOf } from '../core/message/header-lines.ts';
import { parseHeader as parseLines } from '../core/message/header.ts';
import { parseMailboxList as parseList, type NamedMailbox } from '../core/message/mailbox-list.ts';

export { formatMailbox, parseMailbox, sameMailbox, type Mailbox } from '../core/mailbox.ts';
export type { NamedMailbox } from '../core/message/mailbox-list.ts';

/** Readers might differ in it, or it is not what it has to be. */
export interface Malformed {
  readonly kind: 'malformed';
  /** What is wrong, in words for the sender; they may change. */
  readonly because: string;
}

/** A field of a header (RFC 5322 §2.2). */
export interface HeaderField {
  /** In lower case. */
  readonly name: string;
  /** Unfolded (RFC 5322 §2.2.3), without white space around it, encoded-words not decoded. */
  readonly value: string;
  /** Octets of its longest line, without the line end: 998 are allowed (RFC 5322 §2.1.1). */
  readonly longestLine: number;
}

/** All fields of a header, in their order. */
export interface Header {
  readonly kind: 'header';
  readonly fields: readonly HeaderField[];
}

/**
 * Reads the header of a message, which may go on with its body, up to the first empty line. Each line has to be a field or go on with
 * one: a name of printable US-ASCII, and nothing between it and the colon (RFC 5322 §3.6.8). Lines end in CRLF, or all of them in LF
 * as in files of Unix; NUL, any other CR or LF, and octets that are no UTF-8 (RFC 6532 §3.1) are malformed.
 */
export function parseHeader(message: string | Uint8Array): Header | Malformed {
  const lines = linesOf(message);
  if ('malformed' in lines) return malformed(lines.malformed);
  const fields = parseLines(lines);
  if ('malformed' in fields) return malformed(fields.malformed);
  return { kind: 'header', fields: fields.map((field) => ({ ...field, value: trimmed(field.value) })) };
}

/** Who wrote and who sent a message (RFC 5322 §3.6.2). */
export interface Authors {
  readonly kind: 'authors';
  /** At least one. */
  readonly from: readonly NamedMailbox[];
  /** Absent where the message has no such field. */
  readonly sender?: NamedMailbox;
}

/**
 * Reads From and Sender of a message, of which the header is enough. What deceives a reader who takes another field is malformed:
 * no From or two, a Sender of several mailboxes, Resent-From or Resent-Sender that cannot be read, a line of more than 998 octets in
 * one of the fields that say who speaks to whom.
 */
export function readAuthors(message: string | Uint8Array): Authors | Malformed {
  const lines = linesOf(message);
  const claims = 'malformed' in lines ? lines : readClaims(lines);
  if ('malformed' in claims) return malformed(claims.malformed);
  const { from, sender } = claims;
  return { kind: 'authors', from, ...(sender && { sender }) };
}

/** Mailboxes in their order, at least one. */
export interface Mailboxes {
  readonly kind: 'mailboxes';
  readonly mailboxes: readonly NamedMailbox[];
}

/**
 * Reads the value of a field such as From, To or Reply-To: a `mailbox-list` (RFC 5322 §3.4). Groups (RFC 6854), obsolete forms
 * (RFC 5322 §4.4), address literals and encoded-words in addresses (RFC 2047 §5) are malformed.
 */
export function parseMailboxList(value: string): Mailboxes | Malformed {
  const mailboxes = parseList(value);
  return 'malformed' in mailboxes ? malformed(mailboxes.malformed) : { kind: 'mailboxes', mailboxes };
}

/** A text as people see it. */
export interface DecodedText {
  /** As most readers show it. */
  readonly text: string;
  /** As others do, where they may differ: they join what is encoded first, or leave alone what is not a word of its own. */
  readonly otherwise: readonly string[];
  /** Why they may show something else again: an unknown character set, an encoding that ends within. */
  readonly doubt?: string;
}

/** Decodes encoded-words (RFC 2047, with the languages of RFC 2231 §5) of a phrase, comment or unstructured value. */
export function decodeWords(text: string): DecodedText {
  const [most, ...others] = decodings(text);
  const otherwise = new Set(others.map((each) => each.text).filter((each) => each !== most.text));
  const doubt = most.doubt === undefined ? {} : { doubt: `it ${most.doubt}` };
  return { text: most.text, otherwise: [...otherwise], ...doubt };
}

function malformed(because: string): Malformed {
  return { kind: 'malformed', because };
}

/** White space as RFC 5322 knows it, and no other that Unicode has. */
function trimmed(value: string): string {
  return value.replace(/^[ \t]+/, '').replace(/(?<![ \t])[ \t]+$/, '');
}
