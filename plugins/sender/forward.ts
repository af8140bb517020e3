import type { MessageFacts } from '../core/haraka/facts/message.ts';
import type { Identity } from '../core/identity.ts';
import type { Mailbox } from '../core/mailbox.ts';
import { ownRight } from '../core/rights.ts';
import type { Mode } from '../core/words.ts';
import type { Policy } from '../core/settings/settings.ts';
import { defer, pass, refuse, skip, type Verdict } from '../core/verdict.ts';
import { isAligned } from './author.ts';
import { claimsOf } from './claims.ts';
import { foreignAuthors } from './header.ts';

/** As weak as the mode of all checks of senders, or that of the entry of the identity. */
export function forwardMode({ sender }: Policy, identity: Identity | undefined): Mode {
  const modes = [sender.mode, identity?.forwards ?? 'enforce'];
  return (['off', 'observe'] as const).find((mode) => modes.includes(mode)) ?? 'enforce';
}

/**
 * Mail that a server forwards for others: that it may carry these addresses is decided at MAIL and for the header. What it
 * cannot change without leaving a trace is an envelope of its own, or a good signature of whoever wrote or sent it.
 */
export function decideForward(facts: MessageFacts, policy: Policy): Verdict {
  const { identity, sender } = facts;
  if (!identity) return skip('not authenticated');
  const claims = claimsOf(facts);
  if ('malformed' in claims) return skip(claims.malformed);
  const foreign = foreignAuthors(claims, identity, policy);
  if (isOwn(sender, identity, policy)) return foreign.length === 0 ? skip('its own mail') : pass;
  const domains = [...(sender.mailbox ? [sender.mailbox] : []), ...foreign].map(({ domain }) => domain);
  const { good, unknown } = facts.dkim;
  const ofOne = (signer: string) => domains.some((domain) => isAligned(signer, domain));
  if (good.some(ofOne)) return pass;
  const unchecked = unknown.find(ofOne);
  if (unchecked !== undefined) return defer('dkim-temperror', `${sender.text}: of ${unchecked}`);
  const signers = good.length === 0 ? 'there is none' : `those are of ${good.join(', ')}`;
  return refuse(
    'forward-unproven',
    `${sender.text}: no good DKIM signature of ${either(domains)}: ${signers}`,
  );
}

function isOwn(
  { isNull, mailbox }: { readonly isNull: boolean; readonly mailbox?: Mailbox },
  identity: Identity,
  policy: Policy,
): boolean {
  if (isNull) return true;
  return mailbox !== undefined && ownRight(mailbox, identity, policy) !== undefined;
}

function either(domains: readonly string[]): string {
  return [...new Set(domains)].join(' or ');
}
