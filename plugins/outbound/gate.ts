import type { GateFacts, RcptFacts } from '../core/haraka/facts.ts';
import { isAlwaysReachable } from '../core/reachable.ts';
import { defer, pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/**
 * Runs after every other `rcpt` check: whoever has no identity may only name recipients that one of those
 * accepted as local, and then this does not run at all (RFC 5321 §7.8 is about the open relay). Who may be a tenant is told
 * after DATA.
 */
export function decideRelay({ client, identity, recipient }: RcptFacts): Verdict {
  if (identity) return pass;
  const { tenancy, registration, bearing } = client;
  if (tenancy?.kind === 'provisional')
    return skip(`accepted until DATA: it may be of ${tenancy.tenants.join(', ')}`);
  if (tenancy?.kind === 'unknown') return defer('spf-temperror', `${recipient.text}: ${tenancy.because}`);
  if (bearing?.kind === 'unknown')
    return defer('account-unconfirmed', `${recipient.text}: ${bearing.because}`);
  const why = [registration?.lapsed, bearing?.because, tenancy?.because].filter((each) => each !== undefined);
  return refuse('relay-denied', [recipient.text, ...why.slice(0, 1)].join(': '));
}

/**
 * The last gate: every demanded clearance, given under the settings that the transaction began with, and an
 * identity for all that Haraka would relay, whoever set `relaying`.
 */
export function decideGate(facts: GateFacts, demanded: readonly string[]): Verdict {
  const missing = demanded.filter((check) => !isCleared(facts, check));
  if (missing.length > 0) return refuse('not-cleared', `no clearance from ${missing.join(', ')}`);
  const changed = demanded.flatMap((check) => changeAfter(facts, check) ?? []);
  if (changed[0] !== undefined) return refuse('not-cleared', changed[0]);
  const { identity, relaying, provisional } = facts;
  if (provisional > 0 && !(identity && relaying)) {
    return refuse('tenant-unproven', `${provisional} recipients were accepted until DATA`);
  }
  if (identity) return pass;
  if (relaying) return refuse('relay-denied', 'relaying was set without an identity');
  return skip('inbound mail for recipients that were accepted as local');
}

function isCleared({ clearances, recipients, revision }: GateFacts, check: string): boolean {
  const clearance = clearances.get(check);
  if (clearance?.revision !== revision) return false;
  return clearance.outcome !== 'kept' || recipients.every(isAlwaysReachable);
}

/** What another plugin has changed since a check that may refuse looked at it. */
function changeAfter({ clearances, standing }: GateFacts, check: string): string | undefined {
  const { judged, mode } = clearances.get(check) ?? {};
  if (!judged || mode !== 'enforce' || standing[judged.what] === judged.text) return undefined;
  return `another plugin has changed ${partNames[judged.what]} after ${check}`;
}

const partNames = { sender: 'the envelope sender', authors: 'From, Sender, Resent-… or List-Id' } as const;

/** At `queue_outbound` everything leaves, so that nothing passes without an identity. */
export function decideOutbound(facts: GateFacts, demanded: readonly string[]): Verdict {
  if (!facts.identity) return refuse('relay-denied', 'outbound mail without an identity');
  return decideGate(facts, demanded);
}
