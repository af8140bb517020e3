import type { MessageFacts } from '../core/haraka/facts.ts';
import type { Identity } from '../core/identity.ts';
import { formatMailbox, type Mailbox } from '../core/mailbox.ts';
import { parseHeader, type HeaderField } from '../core/message/header.ts';
import { parseMailboxList } from '../core/message/mailbox-list.ts';
import { rightTo } from '../core/rights.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/**
 * The header names its author beyond doubt, and the identity owns every address in From and Sender
 * (RFC 5322 §3.6.2). Mail without identity is not judged here.
 */
export function decideHeader(facts: MessageFacts, policy: Policy): Verdict {
  if (!facts.identity) return skip('not authenticated');
  if (!facts.isHeaderWhole) return refuse('header-malformed', 'more header lines than are read');
  const fields = parseHeader(facts.headerLines);
  if ('malformed' in fields) return refuse('header-malformed', fields.malformed);
  return decideAuthors(fields, facts.identity, policy.sender.subaddress_separator);
}

function decideAuthors(fields: readonly HeaderField[], identity: Identity, separator: string): Verdict {
  const from = mailboxesOf(fields, 'from');
  if (typeof from === 'string') return refuse('header-malformed', from);
  if (!from) return refuse('header-malformed', 'From is missing');
  const sender = mailboxesOf(fields, 'sender');
  if (typeof sender === 'string') return refuse('header-malformed', sender);
  if (sender && sender.length > 1) return refuse('header-malformed', 'Sender names more than one mailbox');
  if (from.length > 1 && !sender) return refuse('header-malformed', 'several authors need a Sender');
  const foreign = [...from, ...(sender ?? [])].find((mailbox) => !rightTo(mailbox, identity, separator));
  return foreign ? refuse('header-not-owned', formatMailbox(foreign)) : pass;
}

/** The mailboxes of the one field of that name; `undefined` when there is none, a text when it cannot be read. */
function mailboxesOf(fields: readonly HeaderField[], name: string): readonly Mailbox[] | string | undefined {
  const found = fields.filter((field) => field.name === name);
  if (found.length === 0) return undefined;
  if (found.length > 1) return `${name} stands more than once`;
  const mailboxes = parseMailboxList(found[0]?.value ?? '');
  return 'malformed' in mailboxes ? `${name}: ${mailboxes.malformed}` : mailboxes;
}
