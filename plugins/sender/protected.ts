import type { EnvelopeAddress } from '../core/haraka/facts.ts';
import { parseDomain } from '../core/mailbox.ts';
import type { Policy } from '../core/settings/settings.ts';

/** The protected domain that an address of the envelope is in; also of one that we cannot read but another server may. */
export function protectedDomainOf({ text }: EnvelopeAddress, policy: Policy): string | undefined {
  return protectedDomain(text.slice(text.lastIndexOf('@') + 1), policy);
}

/** A domain as A-labels, if it is a protected one. */
export function protectedDomain(written: string, { protected_domains }: Policy): string | undefined {
  const text = written.replace(/\.$/, '');
  const domain = parseDomain(text) ?? text.toLowerCase();
  return protected_domains.some((each) => parseDomain(each) === domain) ? domain : undefined;
}
