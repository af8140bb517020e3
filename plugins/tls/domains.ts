import { asksOfDomains } from '../core/criteria/criteria.ts';
import type { EnvelopeAddress } from '../core/haraka/facts/told.ts';
import type { MessageFacts } from '../core/haraka/facts/message.ts';
import { domainAsSeen } from '../core/inbound/protected.ts';
import { domainsSeenIn } from '../core/message/domains-seen.ts';
import { parseHeader } from '../core/message/header.ts';
import { parseMailboxList } from '../core/message/mailbox-list.ts';
import type { Policy } from '../core/settings/settings.ts';

/** The domain of an envelope sender, also of one that we cannot read but another server may; none of the null reverse-path. */
export function senderDomains({ text, isNull }: EnvelopeAddress, policy: Policy): readonly string[] {
  if (isNull || !asksOfDomains(policy)) return [];
  return [domainAsSeen(text.slice(text.lastIndexOf('@') + 1))];
}

/** The domains in every From; where that cannot be read, as somebody may read it who is less careful. */
export function authorDomains(
  { headerLines, isHeaderWhole }: Pick<MessageFacts, 'headerLines' | 'isHeaderWhole'>,
  policy: Policy,
): readonly string[] {
  if (!asksOfDomains(policy)) return [];
  const fields = parseHeader(headerLines);
  if (!isHeaderWhole || 'malformed' in fields) return seenIn(headerLines);
  const domains: string[] = [];
  for (const { value } of fields.filter(({ name }) => name === 'from')) {
    const mailboxes = parseMailboxList(value);
    if ('malformed' in mailboxes) return seenIn(headerLines);
    domains.push(...mailboxes.map(({ mailbox }) => mailbox.domain));
  }
  return domains;
}

function seenIn(headerLines: readonly string[]): readonly string[] {
  return domainsSeenIn(headerLines).map(domainAsSeen);
}
