import { isInForce } from '../expiry.ts';
import { parseDomain } from '../mailbox.ts';
import type { Membership, Partner } from '../partners.ts';
import type { Policy } from '../settings/settings.ts';
import { defer, skip, type Verdict } from '../verdict.ts';

/** Partners that may excuse a refusal: those that may send as a protected domain, or for any other domain forwarders. */
export function partnersFor(
  domain: string | undefined,
  { partners }: Pick<Policy, 'partners'>,
  now: Date,
): readonly Partner[] {
  return partners.filter((partner) => {
    if (!isInForce(partner, now)) return false;
    if (domain === undefined) return partner.forwarder;
    return partner.domains.some((each) => parseDomain(each) === domain);
  });
}

/** What is left of a verdict for a client that may belong to a partner. */
export function excused(verdict: Verdict, { partner, unknown }: Membership): Verdict {
  if (verdict.kind !== 'refuse' && verdict.kind !== 'defer') return verdict;
  if (partner) return skip(`partner ${partner.name}: ${whatItWas(verdict)}`);
  return unknown === undefined ? verdict : defer('spf-temperror', unknown);
}

function whatItWas(verdict: Verdict): string {
  if (verdict.kind === 'refuse') return verdict.detail ?? verdict.reason;
  return verdict.kind === 'defer' ? verdict.because : verdict.kind;
}
