import type { MessageFacts } from '../core/haraka/facts.ts';
import type { Identity } from '../core/identity.ts';
import { formatMailbox, type Mailbox } from '../core/mailbox.ts';
import { parseHeader, type HeaderField } from '../core/message/header.ts';
import { parseMailboxList } from '../core/message/mailbox-list.ts';
import { ownRight, rightsTo } from '../core/rights.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/** Who wrote a message and who sent it, as its header says (RFC 5322 §3.6.2), or why that cannot be told. */
export type Authors = { readonly authors: readonly Mailbox[] } | { readonly malformed: string };

/**
 * The header names its author beyond doubt, and the identity owns every address in From and Sender
 * (RFC 5322 §3.6.2). Mail without identity is not judged here.
 */
export function decideHeader(facts: MessageFacts, policy: Policy): Verdict {
  const { identity } = facts;
  if (!identity) return skip('not authenticated');
  const read = authorsOf(facts);
  if ('malformed' in read) return refuse('header-malformed', read.malformed);
  const foreign = foreignAuthors(read.authors, identity, policy);
  const refused = foreign.find((mailbox) => rightsTo(mailbox, 'from', identity, policy).length === 0);
  if (refused) return refuse('header-not-owned', formatMailbox(refused));
  return foreign.length === 0 ? pass : skip('foreign authors, of a server that forwards');
}

/** Every address in From and Sender of a message, which is read once. */
export function authorsOf(facts: MessageFacts): Authors {
  return facts.once('authors', () => readAuthors(facts));
}

/** Those that the identity has no right to. */
export function foreignAuthors(
  authors: readonly Mailbox[],
  identity: Identity,
  policy: Policy,
): readonly Mailbox[] {
  return authors.filter((mailbox) => !ownRight(mailbox, identity, policy));
}

function readAuthors({ headerLines, isHeaderWhole }: MessageFacts): Authors {
  if (!isHeaderWhole) return { malformed: 'more header lines than are read' };
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
