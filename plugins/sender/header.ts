import type { MessageFacts } from '../core/haraka/facts/message.ts';
import type { Identity } from '../core/identity.ts';
import type { Mailbox } from '../core/mailbox.ts';
import type { Claims } from '../core/message/claims.ts';
import { faultOf } from '../core/message/rules.ts';
import { ownRight } from '../core/rights.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';
import { claimsOf } from './claims.ts';

/**
 * The header names its authors beyond doubt, and the identity may write every address in the fields that say who wrote and
 * sent it (RFC 5322 §3.6.2, §3.6.6). Mail without identity is not judged here.
 */
export function decideHeader(facts: MessageFacts, policy: Policy): Verdict {
  const { identity, sender } = facts;
  if (!identity) return skip('not authenticated');
  const claims = claimsOf(facts);
  if ('malformed' in claims) return refuse('header-malformed', claims.malformed);
  const fault = faultOf({ claims, envelope: sender.mailbox, identity, policy });
  if (fault) return refuse(fault.reason, fault.detail);
  const isForwarded = identity.forwards !== 'off' && foreignAuthors(claims, identity, policy).length > 0;
  return isForwarded ? skip('foreign authors, of a server that forwards') : pass;
}

/** Those in From and Sender that the identity has no right to by itself. */
export function foreignAuthors(
  { from, sender }: Claims,
  identity: Identity,
  policy: Policy,
): readonly Mailbox[] {
  return [...from, ...(sender ? [sender] : [])]
    .map(({ mailbox }) => mailbox)
    .filter((mailbox) => !ownRight(mailbox, identity, policy));
}
