import type { Dns } from '../../core/dns/dns.ts';
import { reportAddressesIn } from '../../core/tls-report/record.ts';

/** Who wants the reports on a domain by mail (RFC 8460 §3); `unknown` where the DNS cannot say. */
export async function addressesOf(dns: Dns, domain: string): Promise<readonly string[] | 'unknown'> {
  const answer = await dns.resolve(`_smtp._tls.${domain}`, 'TXT');
  switch (answer.kind) {
    case 'records':
      return reportAddressesIn(answer.records);
    case 'no-data':
    case 'nxdomain':
      return [];
    case 'servfail':
    case 'timeout':
      return 'unknown';
  }
}
