import type { MailFacts } from '../core/haraka/facts.ts';
import { parseDomain } from '../core/mailbox.ts';
import { rightTo } from '../core/rights.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/** MAIL FROM is owned by the identity, or null (RFC 5321 §4.5.5); without identity it is of no protected domain. */
export function decideEnvelope({ client, identity, sender }: MailFacts, policy: Policy): Verdict {
  if (sender.isNull) return skip('null reverse-path');
  if (!identity && client.peer) return skip(`${client.peer.name} has judged the sender`);
  if (!identity) return decideForeignEnvelope(sender.text, policy.protected_domains);
  if (!sender.mailbox) return refuse('sender-not-owned', sender.text);
  const right = rightTo(sender.mailbox, identity, policy.sender.subaddress_separator);
  return right ? pass : refuse('sender-not-owned', sender.text);
}

function decideForeignEnvelope(sender: string, protectedDomains: readonly string[]): Verdict {
  // Not only of what parses: an address that we cannot read but another server may.
  const written = sender.slice(sender.lastIndexOf('@') + 1).replace(/\.$/, '');
  const domain = parseDomain(written) ?? written.toLowerCase();
  const isProtected = protectedDomains.some((each) => parseDomain(each) === domain);
  return isProtected ? refuse('sender-not-owned', sender) : pass;
}
