import type { DomainName } from '../dns/dns.ts';
import { isName, printable } from './octets.ts';

/** RFC 7208 §7.1, in the order of the parts. */
export type MacroString = readonly (string | Macro)[];

/** `%{letter keep r delimiters}`; an upper-case letter asks for URL escaping (§7.3). */
export interface Macro {
  readonly letter: MacroLetter;
  readonly isEscaped: boolean;
  /** How many parts from the right stay. */
  readonly keep: number;
  readonly isReversed: boolean;
  readonly delimiters: string;
}

export type MacroLetter = 's' | 'l' | 'o' | 'd' | 'i' | 'p' | 'h' | 'v' | 'c' | 'r' | 't';

/** A domain-spec (§7.1): where a term looks. */
export interface DomainSpec {
  readonly parts: MacroString;
  /** The name, where no macro has a say in it. */
  readonly name?: DomainName;
}

/** Why a text is no record; the message is one line, printable. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/** §7.2: c, r and t are for explanations only. */
const lettersOfRecords = 'slodiphv';
const lettersOfExplanations = `${lettersOfRecords}crt`;

/**
 * macro-expand  = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"
 * transformers  = *DIGIT [ "r" ]
 * delimiter     = "." / "-" / "+" / "," / "/" / "_" / "="
 * macro-literal = %x21-24 / %x26-7E
 */
const partPattern = /%\{([a-z])(\d*)(r?)([.+,/_=-]*)\}|%([%_-])|[\x21-\x24\x26-\x7e]+/iy;
const partOfExplanation = new RegExp(partPattern.source.replace('[\\x21', '[\\x20\\x21'), 'iy');
const escapes = { '%': '%', _: ' ', '-': '%20' } as const;

/** Reads `macro-string = *( macro-expand / macro-literal )`; throws RecordError. */
export function parseMacroString(text: string): MacroString {
  return parseParts(text, partPattern, lettersOfRecords).parts;
}

/** Reads `explain-string = *( macro-string / SP )` (§6.2); throws RecordError. */
export function parseExplanation(text: string): MacroString {
  return parseParts(text, partOfExplanation, lettersOfExplanations).parts;
}

/**
 * Reads a domain-spec; throws RecordError.
 *
 * domain-spec = macro-string domain-end
 * domain-end  = ( "." toplabel [ "." ] ) / macro-expand
 */
export function parseDomainSpec(text: string): DomainSpec {
  if (text === '') throw new RecordError('a name is missing');
  const { parts, last } = parseParts(text, partPattern, lettersOfRecords);
  if (!last.startsWith('%')) checkTopLabel(last);
  const [only] = parts;
  if (parts.length > 1 || typeof only !== 'string') return { parts };
  // What cannot be asked for is left to the expansion, where names that are too long lose labels (§7.3).
  const name = withoutLastDot(only);
  return isName(name) ? { parts, name } : { parts };
}

/** A dot at the end is how some write that a name is whole. */
export function withoutLastDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** Also gives the last part as it was written. */
function parseParts(text: string, pattern: RegExp, letters: string): { parts: MacroString; last: string } {
  const parts: (string | Macro)[] = [];
  let last = '';
  pattern.lastIndex = 0;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    const found = pattern.exec(text);
    if (found === null) throw new RecordError(problemAt(text, at));
    last = found[0];
    parts.push(partOf(found, letters));
  }
  return { parts, last };
}

function partOf(found: RegExpExecArray, letters: string): string | Macro {
  const [whole, letter, digits = '', reverse, delimiters, escape] = found;
  if (escape !== undefined) return escapes[escape as keyof typeof escapes];
  if (letter === undefined) return whole;
  const lower = letter.toLowerCase();
  if (!letters.includes(lower)) throw new RecordError(`no macro here: ${printable(whole, 20)}`);
  const keep = digits === '' ? Infinity : Number(digits);
  // §7.3: "If a DIGIT is specified, the value MUST be nonzero."
  if (keep === 0) throw new RecordError(`a macro that keeps no part: ${printable(whole, 20)}`);
  return {
    letter: lower as MacroLetter,
    isEscaped: letter !== lower,
    keep,
    isReversed: reverse !== '',
    delimiters: [...new Set(delimiters === '' ? '.' : delimiters)].join(''),
  };
}

function problemAt(text: string, at: number): string {
  const rest = printable(text.slice(at), 20);
  return text[at] === '%' ? `no macro: ${rest}` : `not allowed: ${rest}`;
}

/**
 * toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
 *
 * Which is: letters, digits and hyphens, no hyphen at either end, and not digits alone.
 */
function checkTopLabel(literal: string): void {
  const name = withoutLastDot(literal);
  const dot = name.lastIndexOf('.');
  const label = name.slice(dot + 1);
  const isTopLabel = /^[0-9a-z](?:[0-9a-z-]*[0-9a-z])?$/i.test(label) && !/^\d+$/.test(label);
  if (dot === -1 || !isTopLabel) throw new RecordError(whyNoTopLabel(literal, name));
}

function whyNoTopLabel(literal: string, name: string): string {
  const isAddress = /^[\d.]+$/.test(name);
  const hint = isAddress ? ' (an address is written ip4:)' : '';
  return `no dot and top label at the end of ${printable(literal, 60)}${hint}`;
}
