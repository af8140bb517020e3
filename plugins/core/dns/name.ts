import type { DomainName } from './dns.ts';

const dot = 0x2e;

/** The longest name in dotted form, in octets (RFC 1035 §3.1: 255 on the wire, with the lengths and the root). */
const longestName = 253;
const longestLabel = 63;

/** The name on the wire (RFC 1035 §3.1), without compression; undefined when there cannot be such a name. */
export function encodeName(name: DomainName): Buffer | undefined {
  const { length } = name;
  if (length === 0 || length > longestName) return undefined;
  const wire = Buffer.allocUnsafe(length + 2);
  let start = 0;
  // The length of a label stands where the dot before it stood, hence one octet further.
  for (let at = 0; at <= length; at += 1) {
    const octet = at === length ? dot : name.charCodeAt(at);
    wire[at + 1] = octet;
    if (octet !== dot) continue;
    if (at === start || at - start > longestLabel) return undefined;
    wire[start] = at - start;
    start = at + 1;
  }
  wire[length + 1] = 0;
  return wire;
}

/** RFC 4343 §3: only the letters of ASCII have case; `toLowerCase` would change other octets as well. */
export function lowerCased(name: DomainName): DomainName {
  return /[A-Z]/.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name;
}

/** Whether a name is the other one or below it; both in lower case. */
export function isWithin(name: DomainName, ancestor: DomainName): boolean {
  return ancestor === '' || name === ancestor || name.endsWith(`.${ancestor}`);
}

/** Whether every character stands for an octet. */
export function isOctets(name: string): boolean {
  return !/[^\x00-\xff]/.test(name);
}

/** An octet of a name, in lower case if it has any. */
export function lowerCasedOctet(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}
