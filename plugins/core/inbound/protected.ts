import { derived } from '../derived.ts';
import { parseDomain } from '../mailbox.ts';
import type { Policy } from '../settings/settings.ts';

/** An envelope sender as the client wrote it, without brackets. */
export interface SenderText {
  readonly text: string;
}

/** The protected domain that an address of the envelope is in; also of one that we cannot read but another server may. */
export function protectedDomainOf({ text }: SenderText, policy: Policy): string | undefined {
  return protectedDomain(text.slice(text.lastIndexOf('@') + 1), policy);
}

/** A domain as A-labels, if it is a protected one. */
export function protectedDomain(written: string, policy: Protected): string | undefined {
  const domain = domainAsSeen(written);
  return protectedIn(policy).has(domain) ? domain : undefined;
}

/** The domain that somebody may see in a text, as A-labels where there are such. */
export function domainAsSeen(written: string): string {
  // UTS 46 §4: each of these is a dot.
  const text = written.replace(/[.\u3002\uff0e\uff61]$/, '');
  return parseDomain(text) ?? text.toLowerCase();
}

type Protected = Pick<Policy, 'protected_domains'>;

const protectedIn = derived(
  ({ protected_domains }: Protected): ReadonlySet<string | undefined> =>
    new Set(protected_domains.map(parseDomain)),
);
