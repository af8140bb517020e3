import type { Signal } from '../deadline.ts';
import type { Dns, DomainName, RecordData } from '../dns/dns.ts';
import { troubleOf } from './find.ts';
import { plainName } from './plain-name.ts';

/** What the DNS says of where mail for a domain goes (RFC 5321 §5.1). */
export type FoundMx =
  | {
      readonly kind: 'hosts';
      /** By their preference, those of the same one in the order of the answer. */
      readonly hosts: readonly RecordData['MX'][];
      /** There is no MX, so that the domain is the only host. */
      readonly isImplicit: boolean;
      /** All of the answer is authenticated, that there is none as well (RFC 7672 §2.2.1). */
      readonly isSecure: boolean;
      readonly domain: DomainName;
      /** What the domain is an alias of; the domain itself where it is none. */
      readonly canonicalDomain: DomainName;
    }
  /** RFC 7505: it takes no mail. */
  | { readonly kind: 'null-mx' }
  | { readonly kind: 'no-domain' }
  /** RFC 7672 §2.1.2: delivery has to wait. */
  | { readonly kind: 'failed'; readonly why: string };

/** Where mail for a domain goes, and whether that is authenticated. Rejects only for a signal that is aborted, with its reason. */
export async function findMx(dns: Dns, named: DomainName, signal?: Signal): Promise<FoundMx> {
  const domain = plainName(named);
  const answer = await dns.resolve(domain, 'MX', signal);
  switch (answer.kind) {
    case 'nxdomain':
      return { kind: 'no-domain' };
    case 'servfail':
    case 'timeout':
      return { kind: 'failed', why: troubleOf(answer, 'MX', domain) ?? '' };
    case 'no-data':
    case 'records': {
      const hosts = hostsOf(
        answer.kind === 'records' ? answer.records : [{ preference: 0, exchange: domain }],
      );
      if (hosts.length === 0) return { kind: 'null-mx' };
      const { isAuthentic = false, canonicalName = domain } = answer;
      const common = { domain, canonicalDomain: canonicalName, isSecure: isAuthentic };
      return { kind: 'hosts', hosts, isImplicit: answer.kind === 'no-data', ...common };
    }
  }
}

/** RFC 7505 §3: the root as the exchange means that there is none; beside others, where it must not stand, it is nothing. */
function hostsOf(records: readonly RecordData['MX'][]): readonly RecordData['MX'][] {
  return records
    .filter(({ exchange }) => exchange !== '')
    .map(({ preference, exchange }) => ({ preference, exchange: plainName(exchange) }))
    .sort((one, other) => one.preference - other.preference);
}

/** The names of which a certificate below a DANE-TA record must have one (RFC 7672 §3.2.2); `base` is the TLSA base domain. */
export function referenceNames(
  mx: Extract<FoundMx, { readonly kind: 'hosts' }>,
  base: DomainName,
): readonly DomainName[] {
  const { domain, canonicalDomain, isImplicit, isSecure } = mx;
  // "TLSA records for non-MX hostnames": the base domain, and what it is the expansion of.
  if (isImplicit) return [...new Set([base, domain])];
  // An MX that is not authenticated does not tie the host to the domain: the name of the host alone counts.
  return isSecure ? [...new Set([base, domain, canonicalDomain])] : [base];
}
