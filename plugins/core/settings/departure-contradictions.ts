import { isLoopback } from '../directory/endpoint.ts';
import { parseEndpoint } from '../dns/endpoint.ts';
import { patternKey } from '../domain-pattern.ts';
import { accountKey } from '../identity.ts';
import type { Contradiction } from './contradictions.ts';
import type { Policy } from './settings.ts';

/** What mail needs to leave. */
export function ofDeparture(policy: Policy): readonly Contradiction[] {
  return [...ofRequiredTls(policy), ...ofDane(policy)];
}

/** Of two entries for the same nobody could say which holds. */
function ofRequiredTls({ require_tls }: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const known = new Set<string>();
  const note = (key: string, path: readonly PropertyKey[], what: string) => {
    if (known.has(key))
      found.push({ path: ['require_tls', ...path], message: `${what} has an entry already` });
    known.add(key);
  };
  require_tls.forEach(({ recipient_domains, identities }, index) => {
    const lists = {
      recipient_domains: recipient_domains.map(patternKey),
      identities: identities.map(accountKey),
    };
    for (const [name, keys] of Object.entries(lists)) {
      keys.forEach((key, at) => note(`${name} ${key}`, [index, name, at], key));
    }
    if (recipient_domains.length + identities.length === 0) note('all', [index], 'all mail');
  });
  return found;
}

/** RFC 7672 §2.1.1: what a resolver says of authenticity is believed where nobody can change it on the way here. */
function ofDane({ outbound, dns }: Policy): Contradiction[] {
  if (outbound.dane === 'off') return [];
  const isLocal = (server: string) => isLoopback(parseEndpoint(server)?.address ?? '');
  if (dns.servers.length > 0 && dns.servers.every(isLocal)) return [];
  const message = 'needs dns.servers, with nothing but a validating resolver on a loopback address';
  return [{ path: ['outbound', 'dane'], message }];
}
