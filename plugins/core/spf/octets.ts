import type { DomainName } from '../dns/dns.ts';

/** RFC 1035 §2.3.4, without the octets that only the wire has. */
export const longestName = 253;

/** Text as its UTF-8 octets, one character of U+0000 to U+00FF for each: names and macros are made of octets. */
export function toOctets(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

export function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

/** Only ASCII letters fold (RFC 4343 §3): toLowerCase would change octets beyond them. */
export function foldAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

/** Whether the octets can be asked for: labels of 1 to 63, 253 together (RFC 1035 §2.3.4). */
export function isName(name: DomainName): boolean {
  return name.length <= longestName && /^[^.]{1,63}(?:\.[^.]{1,63})*$/.test(name);
}

/** Whether a name is the domain or below it, both folded. */
export function isWithin(name: DomainName, domain: DomainName): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** Octets for a log or a terminal: all but printable ASCII escaped, and not more than `longest` of them. */
export function printable(octets: string, longest = 256): string {
  const shown = octets.slice(0, longest).replace(/[^\x20-\x7e]/g, escaped);
  return octets.length > longest ? `${shown}...` : shown;
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
