import { AddressSet } from '../core/address-set.ts';
import type { Dns } from '../core/dns/dns.ts';
import { parseDomain } from '../core/mailbox.ts';
import { parseNetwork } from '../core/network.ts';
import type { Partner } from '../core/partners.ts';
import { parseClient } from '../core/spf/address.ts';
import { publishedAddresses, type Published } from '../core/spf/published.ts';

/** What is to be known of an entry: drift and a broken record have to be mended, trouble passes, a note is good to know. */
export interface Finding {
  readonly kind: 'drift' | 'broken' | 'trouble' | 'note';
  /** Whose SPF record it is about. */
  readonly domain: string;
  readonly networks?: readonly string[];
  /** In words; of each network, where there are some. */
  readonly text: string;
}

/** Compares what an entry allows with what the DNS says now. */
export async function findingsOf(
  { addresses, include, domains }: Partner,
  dns: Dns,
): Promise<readonly Finding[]> {
  const listed = setOf(addresses);
  if (include !== undefined) {
    const domain = asked(include);
    return ofInclude(listed, domain, await publishedAddresses(domain, dns));
  }
  const ours = domains.map(asked);
  const found = await Promise.all(
    ours.map(async (domain) => ofOwnDomain(listed, domain, await publishedAddresses(domain, dns))),
  );
  return found.flat();
}

/** As the DNS has it. */
function asked(domain: string): string {
  return parseDomain(domain) ?? domain;
}

/** The addresses of networks as they stand in the settings; an IPv4-mapped one is the IPv4 network. */
function setOf(texts: readonly string[]): AddressSet {
  const sets = texts.flatMap((text) => {
    const network = parseNetwork(text);
    const address = network && parseClient(network.address);
    if (!address) return [];
    const isMapped = network.family === 'ipv6' && address.family === 4;
    return [AddressSet.network(address, isMapped ? Math.max(0, network.prefix - 96) : network.prefix)];
  });
  return AddressSet.union(sets);
}

function ofInclude(listed: AddressSet, domain: string, published: Published): Finding[] {
  if (published.kind !== 'addresses') return [failure(domain, published)];
  const { addresses } = published;
  if (addresses.hasAll(4) || addresses.hasAll(6)) {
    return [{ kind: 'broken', domain, text: `${domain} lets everybody send, and so does this entry` }];
  }
  if (addresses.isEmpty && published.unlistable.length === 0) {
    return [{ kind: 'broken', domain, text: `${domain} lets nobody send` }];
  }
  return [
    ...(listed.isEmpty ? [] : drift(listed, domain, addresses)),
    ...published.unlistable.map((term) => ({
      kind: 'note' as const,
      domain,
      text: `${term} of ${domain}: nobody can list its addresses`,
    })),
  ];
}

function drift(listed: AddressSet, domain: string, published: AddressSet): Finding[] {
  return [
    ...about('drift', domain, listed.minus(published), `addresses have it, ${domain} does not publish it`),
    ...about('drift', domain, published.minus(listed), `${domain} publishes it, addresses do not have it`),
  ];
}

/** Other servers judge the partner by what we publish. */
function ofOwnDomain(listed: AddressSet, domain: string, published: Published): Finding[] {
  if (published.kind === 'none') {
    return [{ kind: 'note', domain, text: `${domain} has no SPF record` }];
  }
  if (published.kind !== 'addresses') return [failure(domain, published)];
  const missing = listed.minus(published.addresses);
  const terms = published.unlistable.join(', ');
  const unless = terms === '' ? '' : `, unless ${terms} says so`;
  return about('note', domain, missing, `not in the SPF record of ${domain}${unless}`);
}

function about(kind: Finding['kind'], domain: string, addresses: AddressSet, text: string): Finding[] {
  return addresses.isEmpty ? [] : [{ kind, domain, networks: addresses.networks(), text }];
}

function failure(domain: string, failed: Exclude<Published, { kind: 'addresses' }>): Finding {
  const { kind, because } = failed;
  return { kind: kind === 'temperror' ? 'trouble' : 'broken', domain, text: `SPF ${kind}: ${because}` };
}
