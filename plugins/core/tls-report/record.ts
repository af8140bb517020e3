import { formatMailbox, isPlainLocalPart, parseMailbox } from '../mailbox.ts';

/** So many get a report on one domain at most: whoever publishes a record has us write to each of them. */
const mostAddresses = 4;

const version = 'v=TLSRPTv1';

/** RFC 8460 §3: a URI (RFC 3986 §2) in which comma, exclamation point and semicolon are encoded. */
const uri = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#[\]@$&'()*+=-]|%[0-9A-Fa-f]{2})+$/;

const extension = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+$/;

/**
 * The mail addresses in the TXT records of `_smtp._tls.DOMAIN`, each record with its character-strings joined (RFC 8460 §3). None,
 * unless exactly one record is of this version, and is as it must be.
 */
export function reportAddressesIn(texts: readonly string[]): readonly string[] {
  const [record, ...others] = texts.filter((text) => text.startsWith(`${version};`));
  if (record === undefined || others.length > 0) return [];
  const addresses = urisIn(record).flatMap((each) => addressOf(each) ?? []);
  return [...new Set(addresses)].slice(0, mostAddresses);
}

/** The values of its one field `rua`; none of a record that is wrong anywhere. */
function urisIn(record: string): readonly string[] {
  const [, ...fields] = record.split(';').map(withoutSpace);
  // The last delimiter may have nothing behind it.
  if (fields.at(-1) === '') fields.pop();
  const values = fields.filter((field) => field.startsWith('rua='));
  const isRight = fields.every((field) => field.startsWith('rua=') || extension.test(field));
  const [value] = values;
  if (!isRight || value === undefined || values.length > 1) return [];
  const uris = value.slice('rua='.length).split(',').map(withoutSpace);
  return uris.every((each) => uri.test(each)) ? uris : [];
}

/** White space of the grammar, which is less than that of JavaScript. */
function withoutSpace(text: string): string {
  let [start, end] = [0, text.length];
  while (isSpace(text[start])) start += 1;
  while (end > start && isSpace(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

/**
 * The address of a `mailto:` URI (RFC 6068 §2), as it is said to a server: of US-ASCII letters that nobody has to quote. What else
 * the URI wants in the header of a message is left out, and so are URIs with several addresses, which the record has for itself.
 */
function addressOf(text: string): string | undefined {
  const [, encoded] = /^mailto:([^?#]+)(?:[?#]|$)/i.exec(text) ?? [];
  const mailbox = encoded === undefined ? undefined : parseMailbox(decoded(encoded));
  return mailbox && isPlainLocalPart(mailbox.local) ? formatMailbox(mailbox) : undefined;
}

/** Empty, where its octets are no UTF-8. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
