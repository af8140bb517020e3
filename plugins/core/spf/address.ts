import type { DomainName } from '../dns/dns.ts';

/** An IP address as groups of 16 bits: two of them, or eight. */
export interface Address {
  readonly family: 4 | 6;
  readonly groups: readonly number[];
}

const qnum = '(0|[1-9][0-9]{0,2})';
const quad = new RegExp(`^${qnum}[.]${qnum}[.]${qnum}[.]${qnum}$`);

/** Reads an IPv4 address in dotted form, without leading zeros (RFC 7208 §5.6 qnum). */
export function parseAddress4(text: string): Address | undefined {
  const found = quad.exec(text);
  if (!found) return undefined;
  const [a, b, c, d] = [Number(found[1]), Number(found[2]), Number(found[3]), Number(found[4])];
  if (a > 255 || b > 255 || c > 255 || d > 255) return undefined;
  return { family: 4, groups: [(a << 8) | b, (c << 8) | d] };
}

/** Reads an IPv6 address (RFC 4291 §2.2), which has no zone. */
export function parseAddress6(text: string): Address | undefined {
  const cut = text.indexOf('::');
  if (cut === -1) {
    const groups = parseGroups(text);
    return groups?.length === 8 ? { family: 6, groups } : undefined;
  }
  const left = cut === 0 ? [] : parseGroups(text.slice(0, cut), 'hexadecimal');
  const right = cut === text.length - 2 ? [] : parseGroups(text.slice(cut + 2));
  if (left === undefined || right === undefined || left.length + right.length > 7) return undefined;
  const zeros = Array<number>(8 - left.length - right.length).fill(0);
  return { family: 6, groups: [...left, ...zeros, ...right] };
}

/** Reads groups of one to four hexadecimal digits; the last two may be written as an IPv4 address. */
function parseGroups(text: string, form?: 'hexadecimal'): number[] | undefined {
  const groups: number[] = [];
  for (let start = 0; groups.length < 8;) {
    const colon = text.indexOf(':', start);
    const part = colon === -1 ? text.slice(start) : text.slice(start, colon);
    const isQuad = colon === -1 && form === undefined && part.includes('.');
    const read = isQuad ? parseAddress4(part)?.groups : parseGroup(part);
    if (read === undefined) return undefined;
    groups.push(...read);
    if (colon === -1) return groups;
    start = colon + 1;
  }
  return undefined;
}

function parseGroup(text: string): number[] | undefined {
  return /^[0-9a-f]{1,4}$/i.test(text) ? [parseInt(text, 16)] : undefined;
}

/** Reads the address of a client: a zone says nothing of who it is, and a mapped IPv4 address is one (RFC 7208 §5). */
export function parseClient(text: string): Address | undefined {
  const address = parseAddress4(text) ?? parseAddress6(text.replace(/%.*$/s, ''));
  if (address?.family !== 6) return address;
  const isMapped = address.groups.slice(0, 6).join(':') === '0:0:0:0:0:65535';
  return isMapped ? { family: 4, groups: address.groups.slice(6) } : address;
}

/** Whether the first `prefix` bits agree; addresses of two families never do. */
export function isInNetwork(address: Address, network: Address, prefix: number): boolean {
  if (address.family !== network.family) return false;
  let left = prefix;
  for (let index = 0; left > 0; index += 1, left -= 16) {
    const differing = (address.groups[index] ?? 0) ^ (network.groups[index] ?? 0);
    if (differing >> Math.max(0, 16 - left) !== 0) return false;
  }
  return true;
}

/** As a person reads it: dotted, or as RFC 5952 §4 writes it. */
export function formatAddress({ family, groups }: Address): string {
  if (family === 4) return formatQuad(groups);
  const text = groups.map((group) => group.toString(16)).join(':');
  const [longest] = [...text.matchAll(/\b0(?::0)+\b/g)].sort((one, other) => other[0].length - one[0].length);
  if (!longest) return text;
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${text.slice(0, longest.index).replace(/:$/, '')}::${after}`;
}

/** RFC 7208 §7.3, macro "i": dotted octets, or dotted nibbles. */
export function dottedAddress({ family, groups }: Address): string {
  if (family === 4) return formatQuad(groups);
  const nibbles = groups.map((group) => group.toString(16).padStart(4, '0')).join('');
  return nibbles.toUpperCase().replace(/.(?=.)/g, '$&.');
}

/** Where the DNS keeps the names of an address (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(address: Address): DomainName {
  const zone = address.family === 4 ? 'in-addr.arpa' : 'ip6.arpa';
  return `${dottedAddress(address).toLowerCase().split('.').reverse().join('.')}.${zone}`;
}

function formatQuad([high = 0, low = 0]: readonly number[]): string {
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}
