import type { MessageFacts } from '../core/haraka/facts.ts';
import type { Identity } from '../core/identity.ts';
import { formatMailbox, type Mailbox } from '../core/mailbox.ts';
import { readAuthors, type Authors } from '../core/message/authors.ts';
import { ownRight, rightsTo } from '../core/rights.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';

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
  return facts.once('authors', () => readAuthors(facts.headerLines, facts.isHeaderWhole));
}

/** Those that the identity has no right to. */
export function foreignAuthors(
  authors: readonly Mailbox[],
  identity: Identity,
  policy: Policy,
): readonly Mailbox[] {
  return authors.filter((mailbox) => !ownRight(mailbox, identity, policy));
}
