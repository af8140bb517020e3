import type { DomainName } from '../dns/dns.ts';
import { type Macro, type MacroLetter, type MacroString, withoutLastDot } from './macro-string.ts';
import { longestName } from './octets.ts';

/** What a macro letter stands for, in octets. */
export type MacroValue = (letter: MacroLetter) => string;

/**
 * Expands to a name (RFC 7208 §7.3): one that is too long loses labels from the left. So it is built from the right, and
 * no longer than it can matter.
 */
export function expandName(parts: MacroString, valueOf: MacroValue): DomainName {
  let name = '';
  for (let at = parts.length - 1; at >= 0 && name.length < longestName + 2; at -= 1) {
    name = `${expandPart(parts[at] ?? '', valueOf)}${name}`;
  }
  name = withoutLastDot(name);
  if (name.length <= longestName) return name;
  const dot = name.indexOf('.', name.length - longestName - 1);
  return dot === -1 ? '' : name.slice(dot + 1);
}

/** Expands from the left, up to so many octets. */
export function expandText(parts: MacroString, valueOf: MacroValue, longest: number): string {
  let text = '';
  for (let at = 0; at < parts.length && text.length < longest; at += 1) {
    text += expandPart(parts[at] ?? '', valueOf);
  }
  return text.slice(0, longest);
}

/** Whether one of the letters is in it. */
export function usesMacro(parts: MacroString, letters: string): boolean {
  return parts.some((part) => typeof part !== 'string' && letters.includes(part.letter));
}

function expandPart(part: string | Macro, valueOf: MacroValue): string {
  if (typeof part === 'string') return part;
  const value = transform(valueOf(part.letter), part);
  return part.isEscaped ? value.replace(/[^A-Za-z0-9._~-]/g, percentEncoded) : value;
}

/** §7.3: split at delimiters, reversed, the right-hand parts of it, joined with dots. */
function transform(value: string, { keep, isReversed, delimiters }: Macro): string {
  if (keep === Infinity && !isReversed && delimiters === '.') return value;
  const parts = split(value, delimiters);
  if (isReversed) parts.reverse();
  return parts.slice(-Math.min(keep, parts.length)).join('.');
}

function split(value: string, delimiters: string): string[] {
  if (delimiters.length === 1) return value.split(delimiters);
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < value.length; at += 1) {
    if (!delimiters.includes(value.charAt(at))) continue;
    parts.push(value.slice(start, at));
    start = at + 1;
  }
  return [...parts, value.slice(start)];
}

/** RFC 3986 §2.1. */
function percentEncoded(octet: string): string {
  return `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
