import type { DomainName } from '../dns/dns.ts';
import { isInNetwork, parseAddress4, parseAddress6, reverseName, type Address } from './address.ts';
import type { Asker, Lookups } from './lookups.ts';
import { foldAscii, isWithin } from './octets.ts';

/** A client's address has so many bits. */
const wholeAddress = { 4: 32, 6: 128 } as const;

/**
 * The names that the client's network gives to its address (RFC 7208 §5.5). Trouble is no match here, and nothing found is
 * no void lookup: else whoever has the reverse zone could turn the fail of another's domain into a permerror.
 */
export class ReverseNames {
  readonly #ip: Address;
  readonly #lookups: Lookups;
  readonly #most: number;

  constructor(ip: Address, lookups: Lookups, most: number) {
    this.#ip = ip;
    this.#lookups = lookups;
    this.#most = most;
  }

  /** Whether one of the names is in the domain and leads back; those outside need not be asked for. */
  async areWithin(domain: DomainName, asker: Asker): Promise<boolean> {
    const within = (await this.#names(asker)).filter((name) => isWithin(foldAscii(name), foldAscii(domain)));
    return (await this.#firstValidated(within, asker)) !== undefined;
  }

  /** Macro "p" (§7.3): the domain itself, else a name below it, else any that leads back. */
  async best(domain: DomainName, asker: Asker): Promise<DomainName> {
    const folded = foldAscii(domain);
    const rank = (name: DomainName): number => {
      if (foldAscii(name) === folded) return 0;
      return isWithin(foldAscii(name), folded) ? 1 : 2;
    };
    const names = (await this.#names(asker)).toSorted((one, other) => rank(one) - rank(other));
    return (await this.#firstValidated(names, asker)) ?? 'unknown';
  }

  async #names(asker: Asker): Promise<readonly DomainName[]> {
    const answer = await this.#lookups.ask(reverseName(this.#ip), 'PTR', asker);
    return answer.kind === 'records' ? answer.records.slice(0, this.#most) : [];
  }

  async #firstValidated(names: readonly DomainName[], asker: Asker): Promise<DomainName | undefined> {
    for (const name of names) {
      const answer = await this.#lookups.ask(name, addressType(this.#ip), asker);
      const addresses = answer.kind === 'records' ? answer.records : [];
      if (isAmong(this.#ip, addresses, wholeAddress[this.#ip.family])) return name;
    }
    return undefined;
  }
}

/** What is asked of a name to be compared with the address (RFC 7208 §5). */
export function addressType(ip: Address): 'A' | 'AAAA' {
  return ip.family === 4 ? 'A' : 'AAAA';
}

/** Whether the address is in a network of one of these. */
export function isAmong(ip: Address, addresses: readonly string[], prefix: number): boolean {
  const parse = ip.family === 4 ? parseAddress4 : parseAddress6;
  return addresses.some((text) => {
    const address = parse(text);
    return address !== undefined && isInNetwork(ip, address, prefix);
  });
}
