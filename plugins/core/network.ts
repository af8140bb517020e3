import { BlockList, isIP } from 'node:net';

/** An address or a block of them (RFC 4632, RFC 4291 §2.3), as it is written in the settings. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Reads `ADDRESS` or `ADDRESS/PREFIX`; `undefined` for what is neither, and for what holds all of IPv4 or all of IPv6. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', digits, ...more] = text.split('/');
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  if (bits === 0 || more.length > 0 || (digits !== undefined && !/^\d{1,3}$/.test(digits))) return undefined;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix < 1 || prefix > bits) return undefined;
  const network = { address, prefix, family: bits === 32 ? 'ipv4' : 'ipv6' } as const;
  return holdsAllOfIpv4(network) ? undefined : network;
}

/** A block of IPv6 may, by the mapped addresses (RFC 4291 §2.5.5.2): `::ffff:0:0/96`. */
function holdsAllOfIpv4({ address, prefix, family }: Network): boolean {
  const list = new BlockList();
  list.addSubnet(address, prefix, family);
  return list.check('0.0.0.0') && list.check('255.255.255.255');
}

export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/** Answers whether an address is in one of the networks, an IPv4-mapped one by its IPv4 address. */
export function networkSet(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (!network) throw new Error(`${text} is no network`);
    list.addSubnet(network.address, network.prefix, network.family);
  }
  return (address) => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}

/** Whether two networks, as they are written in the settings, have an address in common; what is no network has none. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [parseNetwork(one), parseNetwork(other)];
  if (!a || !b) return false;
  return networkSet([one])(b.address) || networkSet([other])(a.address);
}
