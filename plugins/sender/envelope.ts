import type { MailFacts } from '../core/haraka/facts/envelope.ts';
import { rightsTo } from '../core/rights.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/** MAIL FROM is owned by the identity, or null (RFC 5321 §4.5.5). Mail without identity is not judged here. */
export function decideEnvelope({ identity, sender }: MailFacts, policy: Policy): Verdict {
  if (!identity) return skip('not authenticated');
  if (sender.isNull) return skip('null reverse-path');
  if (!sender.mailbox) return refuse('sender-not-owned', sender.text);
  const [right] = rightsTo(sender.mailbox, 'envelope', identity, policy);
  if (!right) return refuse('sender-not-owned', sender.text);
  return right.rule === 'forward'
    ? skip('a foreign sender, of a server that forwards: judged after DATA')
    : pass;
}
