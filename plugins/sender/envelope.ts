import type { MailFacts } from '../core/haraka/facts.ts';
import { parseDomain } from '../core/mailbox.ts';
import { rightTo } from '../core/rights.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/** MAIL FROM is owned by the identity, or null (RFC 5321 §4.5.5); without identity it is of no protected domain. */
export function decideEnvelope({ client, identity, sender }: MailFacts, policy: Policy): Verdict {
  if (sender.isNull) return skip('null reverse-path');
  if (!identity && client.peer) return skip(`${client.peer.name} has judged the sender`);
  if (!identity) return decideForeignEnvelope(sender.text, policy);
  if (!sender.mailbox) return refuse('sender-not-owned', sender.text);
  const right = rightTo(sender.mailbox, identity, policy.sender.subaddress_separator);
  return right ? pass : refuse('sender-not-owned', sender.text);
}

function decideForeignEnvelope(sender: string, policy: Policy): Verdict {
  // Not only of what parses: an address that we cannot read but another server may.
  const written = sender.slice(sender.lastIndexOf('@') + 1).replace(/\.$/, '');
  const domain = parseDomain(written) ?? written.toLowerCase();
  return protectedBy(policy).has(domain) ? refuse('sender-not-owned', sender) : pass;
}

const known = new WeakMap<Policy, ReadonlySet<string | undefined>>();

/** A policy never changes, so that its list, which may be long, is read once. */
function protectedBy(policy: Policy): ReadonlySet<string | undefined> {
  const made = known.get(policy);
  if (made) return made;
  const domains = new Set(policy.protected_domains.map(parseDomain));
  known.set(policy, domains);
  return domains;
}
