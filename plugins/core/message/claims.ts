import { parseHeader, type HeaderField, type Malformed } from './header.ts';
import { parseMailboxList, type NamedMailbox } from './mailbox-list.ts';

/** Who wrote and sent a message, as its header has it. */
export interface Claims {
  /** At least one. */
  readonly from: readonly NamedMailbox[];
  readonly sender?: NamedMailbox;
  /** What was added when it was sent again (RFC 5322 §3.6.6), the last time first. */
  readonly resent: readonly Resent[];
  /** It says that it is of a list (RFC 2919). */
  readonly isOfList: boolean;
  /** Where replies are to go; nothing where that cannot be read, which deceives nobody. */
  readonly replyTo: readonly NamedMailbox[];
  /** The first field with octets beyond US-ASCII, which only SMTPUTF8 allows (RFC 6531 §3.6). */
  readonly utf8Field?: HeaderField;
}

export interface Resent {
  readonly from?: readonly NamedMailbox[];
  readonly sender?: NamedMailbox;
}

/** Fields by which people and programs tell who speaks to whom, and when; RFC 5322 §2.1.1 has no longer lines. */
const identityField = /^(?:resent-.*|from|sender|reply-to|to|date|message-id)$/;
const longestLine = 998;

/** Reads what a header claims, so that no two readers can differ in it; what could be read otherwise is malformed. */
export function readClaims(headerLines: readonly string[]): Claims | Malformed {
  const fields = parseHeader(headerLines);
  if ('malformed' in fields) return fields;
  const long = fields.find((field) => field.longestLine > longestLine && identityField.test(field.name));
  if (long) return { malformed: `${long.name}: a line of more than 998 octets` };
  const from = oneField(fields, 'from');
  if (!from) return { malformed: 'From is missing' };
  if ('malformed' in from) return from;
  const sender = senderIn(fields);
  if (sender && 'malformed' in sender) return sender;
  const resent = resentIn(fields);
  if ('malformed' in resent) return resent;
  const utf8Field = fields.find(({ value }) => !/^[\0-\x7f]*$/.test(value));
  return {
    ...{ from, resent, replyTo: replyToIn(fields) },
    isOfList: fields.some(({ name }) => name === 'list-id'),
    ...(sender && { sender }),
    ...(utf8Field && { utf8Field }),
  };
}

type Read = readonly NamedMailbox[] | Malformed;

/** The mailboxes of the one field of that name (RFC 5322 §3.6); `undefined` where there is none. */
function oneField(fields: readonly HeaderField[], name: string): Read | undefined {
  const [first, second] = fields.filter((field) => field.name === name);
  if (second) return { malformed: `${name} stands more than once` };
  return first && readField(first);
}

function readField({ name, value }: HeaderField): Read {
  const mailboxes = parseMailboxList(value);
  return 'malformed' in mailboxes ? { malformed: `${name}: ${mailboxes.malformed}` } : mailboxes;
}

function senderIn(fields: readonly HeaderField[]): NamedMailbox | Malformed | undefined {
  const read = oneField(fields, 'sender');
  if (!read || 'malformed' in read) return read;
  return read.length > 1 ? { malformed: 'Sender names more than one mailbox' } : read[0];
}

function replyToIn(fields: readonly HeaderField[]): readonly NamedMailbox[] {
  const read = fields.filter(({ name }) => name === 'reply-to').map(readField);
  return read.flatMap((mailboxes) => ('malformed' in mailboxes ? [] : mailboxes));
}

/** Block by block: each time a field comes that the block already has, an older one begins. */
function resentIn(fields: readonly HeaderField[]): readonly Resent[] | Malformed {
  const blocks: { from?: readonly NamedMailbox[]; sender?: NamedMailbox; names: Set<string> }[] = [];
  for (const field of fields) {
    if (!field.name.startsWith('resent-')) continue;
    let block = blocks.at(-1);
    if (!block || block.names.has(field.name)) blocks.push((block = { names: new Set() }));
    block.names.add(field.name);
    if (field.name !== 'resent-from' && field.name !== 'resent-sender') continue;
    const read = readField(field);
    if ('malformed' in read) return read;
    if (field.name === 'resent-from') block.from = read;
    else if (read.length > 1) return { malformed: 'Resent-Sender names more than one mailbox' };
    else if (read[0]) block.sender = read[0];
  }
  return blocks.map(({ from, sender }) => ({ ...(from && { from }), ...(sender && { sender }) }));
}
