import type { Clearance, Demand, GateFacts } from '../core/haraka/facts/gate.ts';
import type { RcptFacts } from '../core/haraka/facts/envelope.ts';
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
export function decideGate(facts: GateFacts, demanded: readonly Demand[]): Verdict {
  const missing = demanded.filter((demand) => !isCleared(facts, demand));
  if (missing.length > 0) {
    return refuse('not-cleared', `no clearance from ${missing.map(({ check }) => check).join(', ')}`);
  }
  const changed = demanded.flatMap(({ check }) => changeAfter(facts, check) ?? []);
  if (changed[0] !== undefined) return refuse('not-cleared', changed[0]);
  const { identity, relaying, provisional } = facts;
  if (provisional > 0 && !(identity && relaying)) {
    return refuse('tenant-unproven', `${provisional} recipients were accepted until DATA`);
  }
  if (identity) return pass;
  if (relaying) return refuse('relay-denied', 'relaying was set without an identity');
  return skip('inbound mail for recipients that were accepted as local');
}

function isCleared(facts: GateFacts, { check, clears }: Demand): boolean {
  const { clearances, identity, recipients, revision } = facts;
  const clearance = clearances.get(check);
  // Who did not log in has passed no check of logins.
  if (clears === 'login' && identity?.proof !== 'account') return true;
  // What was decided once for a whole session stands under the settings of that time.
  if (clears === 'login' || clears === 'session') return clearance !== undefined;
  if (clearance?.revision !== revision) return false;
  if (clears === 'recipient') return recipients.every(({ text }) => isClearedFor(clearance, text));
  return clearance.outcome !== 'kept' || recipients.every(isAlwaysReachable);
}

function isClearedFor({ recipients, mode }: Clearance, recipient: string): boolean {
  return mode !== 'enforce' || recipients?.has(recipient) === true;
}

/** What another plugin has changed since a check that may refuse looked at it. */
function changeAfter({ clearances, standing }: GateFacts, check: string): string | undefined {
  const { judged, mode } = clearances.get(check) ?? {};
  if (!judged || mode !== 'enforce' || standing[judged.what] === judged.text) return undefined;
  return `another plugin has changed ${partNames[judged.what]} after ${check}`;
}

const partNames = { sender: 'the envelope sender', authors: 'From, Sender, Resent-… or List-Id' } as const;

/** At `queue_outbound` everything leaves, so that nothing passes without an identity. */
export function decideOutbound(facts: GateFacts, demanded: readonly Demand[]): Verdict {
  if (!facts.identity) return refuse('relay-denied', 'outbound mail without an identity');
  return decideGate(facts, demanded);
}
