import type { GateFacts } from '../core/haraka/facts/gate.ts';
import type { Identity } from '../core/identity.ts';
import type { SessionFacts } from '../core/haraka/session.ts';
import { suspensionsOf } from '../core/haraka/suspensions.ts';
import type { Policy } from '../core/settings/settings.ts';
import { defer, pass, skip, type Verdict } from '../core/verdict.ts';

/** Who is suspended may not begin a message, however long ago he has logged in. What cannot be told throws. */
export function decideSuspended({ identity }: SessionFacts, policy: Policy): Verdict {
  if (!identity) return skip('not authenticated');
  return suspensionsOf(policy).isSuspended(identity.id) ? suspended(identity) : pass;
}

/** The same of a message that was under way meanwhile, before the gate says what else there is. */
export function unlessSuspended<V>(facts: GateFacts, policy: Policy, decide: () => V): V | Verdict {
  const verdict = decideSuspended(facts, policy);
  return verdict.kind === 'defer' ? verdict : decide();
}

/** Trouble, and no decision: the mail of whoever owns the account waits until it is let go. */
export function suspended({ name }: Pick<Identity, 'name'>): Verdict {
  return defer('account-suspended', `${name} is suspended: gatekeeper suspended says why`);
}
