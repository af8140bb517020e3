import type { Mailbox } from '../mailbox.ts';
import { parseHeader, type HeaderField } from './header.ts';
import { parseMailboxList } from './mailbox-list.ts';

/** Who wrote a message and who sent it, as its header says (RFC 5322 §3.6.2), or why that cannot be told. */
export type Authors = { readonly authors: readonly Mailbox[] } | { readonly malformed: string };

/** Reads them from header lines, each ending in a line feed; `isWhole` is false where there are more of them than were kept. */
export function readAuthors(headerLines: readonly string[], isWhole: boolean): Authors {
  if (!isWhole) return { malformed: 'more header lines than are read' };
  const fields = parseHeader(headerLines);
  if ('malformed' in fields) return fields;
  const from = mailboxesOf(fields, 'from');
  if (typeof from === 'string') return { malformed: from };
  if (!from) return { malformed: 'From is missing' };
  const sender = mailboxesOf(fields, 'sender');
  if (typeof sender === 'string') return { malformed: sender };
  if (sender && sender.length > 1) return { malformed: 'Sender names more than one mailbox' };
  if (from.length > 1 && !sender) return { malformed: 'several authors need a Sender' };
  return { authors: [...from, ...(sender ?? [])] };
}

/** The mailboxes of the one field of that name; `undefined` when there is none, a text when it cannot be read. */
function mailboxesOf(fields: readonly HeaderField[], name: string): readonly Mailbox[] | string | undefined {
  const found = fields.filter((field) => field.name === name);
  if (found.length === 0) return undefined;
  if (found.length > 1) return `${name} stands more than once`;
  const mailboxes = parseMailboxList(found[0]?.value ?? '');
  return 'malformed' in mailboxes ? `${name}: ${mailboxes.malformed}` : mailboxes;
}
