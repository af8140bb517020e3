import type { DomainName } from '../dns/dns.ts';
import { lowerCased } from '../dns/name.ts';

/** A name as names are compared: in lower case, without a dot at the end. */
export function plainName(name: DomainName): DomainName {
  return lowerCased(name.endsWith('.') ? name.slice(0, -1) : name);
}
