import type { DkimFacts, MessageFacts } from '../core/haraka/facts/message.ts';
import { protectedDomain } from '../core/inbound/protected.ts';
import type { SpfEvidence } from '../core/inbound/spf.ts';
import { formatMailbox, type Mailbox } from '../core/mailbox.ts';
import { domainsSeenIn } from '../core/message/domains-seen.ts';
import { parseHeader } from '../core/message/header.ts';
import { parseMailboxList } from '../core/message/mailbox-list.ts';
import type { Policy } from '../core/settings/settings.ts';
import { defer, pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/** Authors of a message that are of a protected domain, or what keeps us from telling. */
export type ProtectedAuthors =
  | { readonly kind: 'authors'; readonly authors: readonly Mailbox[] }
  /** `isOurs`: a From that another reader may see is of a protected domain. */
  | { readonly kind: 'unreadable'; readonly because: string; readonly isOurs: boolean };

/** Reads From of a message that nobody logged in for. Much of such mail is odd: only what may be ours is looked at. */
export function protectedAuthors(
  { headerLines, isHeaderWhole }: MessageFacts,
  policy: Policy,
): ProtectedAuthors {
  const unreadable = (because: string): ProtectedAuthors => {
    return { kind: 'unreadable', because, isOurs: mayBeOurs(headerLines, policy) };
  };
  if (!isHeaderWhole) return unreadable('more header lines than are read');
  const fields = parseHeader(headerLines);
  if ('malformed' in fields) return unreadable(fields.malformed);
  const authors: Mailbox[] = [];
  for (const { value } of fields.filter(({ name }) => name === 'from')) {
    const mailboxes = parseMailboxList(value);
    if ('malformed' in mailboxes) return unreadable(`from: ${mailboxes.malformed}`);
    const found = mailboxes.map(({ mailbox }) => mailbox);
    authors.push(...found.filter(({ domain }) => protectedDomain(domain, policy)));
  }
  return { kind: 'authors', authors };
}

/** As the most careless reader would look for it. */
function mayBeOurs(headerLines: readonly string[], policy: Policy): boolean {
  return domainsSeenIn(headerLines).some((domain) => protectedDomain(domain, policy) !== undefined);
}

/** An author of a protected domain is proven by SPF or by DKIM, of the same domain or one below or above it. */
export function decideAuthor(
  { authors }: { readonly authors: readonly Mailbox[] },
  evidence: SpfEvidence | undefined,
  dkim: DkimFacts,
): Verdict {
  if (authors.length === 0) return skip('no author of a protected domain');
  const spf = evidence?.mailFrom ?? evidence?.helo;
  const proven = [...(spf?.result === 'pass' ? [spf.domain] : []), ...dkim.good];
  const unproven = authors.find(({ domain }) => !proven.some((each) => isAligned(each, domain)));
  if (!unproven) return pass;
  const unchecked = dkim.unknown.find((each) => isAligned(each, unproven.domain));
  if (unchecked !== undefined) return defer('dkim-temperror', `${formatMailbox(unproven)}: of ${unchecked}`);
  const known = proven.length === 0 ? 'nothing' : proven.join(', ');
  return refuse('header-not-owned', `${formatMailbox(unproven)}: ${known} is proven`);
}

/** Like the relaxed alignment of RFC 7489 §3.1, without a list of public suffixes: nobody signs for one of those. */
export function isAligned(proven: string, author: string): boolean {
  return proven === author || proven.endsWith(`.${author}`) || author.endsWith(`.${proven}`);
}
