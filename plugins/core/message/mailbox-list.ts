import { domainToASCII, domainToUnicode } from 'node:url';
import { makeMailbox, type Mailbox } from '../mailbox.ts';
import { wordsIn } from './encoded-words.ts';
import type { Malformed } from './header.ts';
import { tokenize, type Token } from './tokens.ts';

/** A mailbox of a header field, with what readers show beside it. */
export interface NamedMailbox {
  readonly mailbox: Mailbox;
  /**
   * Phrase and comments as they stand, encoded-words not decoded; quoted-strings and comments without their quoting. Where
   * readers that decode first may see another phrase, it is there with its quoting, too.
   */
  readonly display: readonly string[];
}

/**
 * Reads a `mailbox-list` (RFC 5322 §3.4) without its obsolete forms (§4.4), which it names: no route, no empty element,
 * nothing between the parts of an address; and no group (RFC 6854), which From may have only where no mailbox will do.
 *
 *     mailbox-list = mailbox *("," mailbox)
 *     mailbox      = [phrase] "<" addr-spec ">" / addr-spec   ; comments around each of these
 *     phrase       = 1*(atom / quoted-string / ".")           ; the dot as in RFC 5322 §4.1, too common to refuse
 *     addr-spec    = (dot-atom / quoted-string) "@" dot-atom  ; no address literal: nobody owns one
 *
 * Encoded-words are atoms of a phrase: they are display text, never decoded into syntax, and no part of an address
 * (RFC 2047 §5).
 */
export function parseMailboxList(value: string): readonly NamedMailbox[] | Malformed {
  const tokens = tokenize(value);
  if ('malformed' in tokens) return tokens;
  if (tokens.every(({ kind }) => kind === 'comment')) return { malformed: 'there is no address' };
  const held = value.includes('=?') ? specialInWord(value, tokens) : undefined;
  if (held) return { malformed: `${held} stands in an encoded-word without quotes` };
  const mailboxes: NamedMailbox[] = [];
  for (const element of splitAtCommas(tokens)) {
    const read = readMailbox(element, value);
    if ('malformed' in read) return read;
    mailboxes.push(read);
  }
  return mailboxes;
}

/** What readers that decode first would not see. */
function specialInWord(value: string, tokens: readonly Token[]): string | undefined {
  const words = wordsIn(value);
  let next = 0;
  for (const { kind, text, at } of tokens) {
    while ((words[next]?.end ?? Infinity) <= at) next += 1;
    if (kind === 'special' && text !== '.' && at > (words[next]?.at ?? Infinity)) return text;
  }
  return undefined;
}

function splitAtCommas(tokens: readonly Token[]): readonly Token[][] {
  const elements: Token[][] = [[]];
  for (const token of tokens) {
    // The commas of a route are its own.
    if (isSpecial(token, ',') && !isInRoute(elements.at(-1) ?? [])) elements.push([]);
    else elements.at(-1)?.push(token);
  }
  return elements;
}

function isInRoute(tokens: readonly Token[]): boolean {
  const open = tokens.findLastIndex((token) => isSpecial(token, '<'));
  const [, next] = tokens.slice(open);
  return (
    open >= 0 && next !== undefined && isSpecial(next, '@') && !tokens.some((token) => isSpecial(token, '>'))
  );
}

function readMailbox(element: readonly Token[], value: string): NamedMailbox | Malformed {
  const tokens = element.filter(({ kind }) => kind !== 'comment');
  const open = tokens.findIndex((token) => isSpecial(token, '<'));
  const phrase = open === -1 ? [] : tokens.slice(0, open);
  const spec = open === -1 ? tokens : tokens.slice(open + 1, -1);
  const fault = faultOf(tokens, open) ?? faultIn(element, spec);
  if (fault !== undefined) return { malformed: fault };
  const mailbox = readAddrSpec(spec);
  if (!mailbox) return { malformed: 'an address cannot be read beyond doubt' };
  const comments = element.filter(({ kind }) => kind === 'comment').map(({ text }) => text);
  const words = phrase.length > 0 ? [textOf(phrase), ...rawPhrase(element, tokens[open], value)] : [];
  return { mailbox, display: [...words, ...comments] };
}

/** A phrase with its quoting, where an encoded-word may hold some of that. */
function rawPhrase([first]: readonly Token[], open: Token | undefined, value: string): readonly string[] {
  const raw = value.slice(first?.at, open?.at);
  return raw.includes('=?') && /[("]/.test(raw) ? [raw.trim()] : [];
}

const group = 'a group stands where a mailbox must (RFC 6854)';

/** What is wrong with an element as a whole. */
function faultOf(tokens: readonly Token[], open: number): string | undefined {
  if (tokens.length === 0) return 'an element of a list is empty (obsolete, RFC 5322 §4.4)';
  if (tokens.some((token) => isSpecial(token, ';'))) return group;
  return open === -1 ? faultOfBare(tokens) : faultOfNamed(tokens, open);
}

/** Of an address without brackets. */
function faultOfBare(tokens: readonly Token[]): string | undefined {
  if (tokens.some((token) => isSpecial(token, ':'))) return group;
  if (tokens.some((token) => isSpecial(token, '>'))) return 'an address has no <';
  return tokens.some((token) => isSpecial(token, '@')) ? undefined : 'there is a name without an address';
}

function faultOfNamed(tokens: readonly Token[], open: number): string | undefined {
  const close = tokens.findIndex((token) => isSpecial(token, '>'));
  if (close === -1) return 'an address has no >';
  if (close < tokens.length - 1) return 'something stands after the > of an address';
  const [name, address] = [tokens.slice(0, open), tokens.slice(open + 1, close)];
  const badWord = name.find(({ kind, text }) => kind === 'special' && text !== '.');
  if (badWord?.text === ':') return group;
  // An address that is its own name looks the same to everybody.
  if (badWord && textOf(name).toLowerCase() !== textOf(address).toLowerCase())
    return `${badWord.text} stands in a name without quotes`;
  const [first] = address;
  return first && isSpecial(first, '@')
    ? 'a route stands in an address (obsolete, RFC 5322 §4.4)'
    : undefined;
}

/** What is wrong with an address, which must stand without anything between its parts. */
function faultIn(element: readonly Token[], spec: readonly Token[]): string | undefined {
  const [first, ...rest] = spec;
  if (!first) return 'an address is empty';
  if (rest.some(({ spaced }) => spaced) || hasCommentWithin(element, first, spec.at(-1))) {
    return 'space or a comment stands inside an address (obsolete, RFC 5322 §4.4)';
  }
  if (spec.some((token) => isSpecial(token, '['))) return 'an address literal belongs to nobody';
  const encoded = spec.find(({ kind, text }) => kind !== 'special' && wordsIn(text).length > 0);
  return encoded && 'an encoded-word stands in an address (RFC 2047 §5)';
}

function hasCommentWithin(element: readonly Token[], first: Token, last: Token | undefined): boolean {
  const between = element.slice(element.indexOf(first), last && element.indexOf(last));
  return between.some(({ kind }) => kind === 'comment');
}

/** Words joined by dots, an at sign, atoms joined by dots. */
function readAddrSpec(tokens: readonly Token[]): Mailbox | undefined {
  const at = tokens.findIndex((token) => isSpecial(token, '@'));
  if (at < 1) return undefined;
  const domain = joinDotAtom(tokens.slice(at + 1));
  const [only, ...others] = tokens.slice(0, at);
  const local = only?.kind === 'quoted' && others.length === 0 ? only.text : joinDotAtom(tokens.slice(0, at));
  return domain !== undefined && isULabels(domain) ? makeMailbox(local, domain) : undefined;
}

/** Whether every reader sees the same domain: not all drop what UTS 46 does, such as U+FEFF, or take U+3002 for a dot. */
function isULabels(domain: string): boolean {
  if (/^[\0-\x7f]*$/.test(domain)) return true;
  return domainToUnicode(domainToASCII(domain)) === domain.toLowerCase();
}

function joinDotAtom(tokens: readonly Token[]): string | undefined {
  const alternates = tokens.every((token, index) =>
    index % 2 === 0 ? token.kind === 'atom' : isSpecial(token, '.'),
  );
  return alternates && tokens.length % 2 === 1 ? tokens.map(({ text }) => text).join('') : undefined;
}

function textOf(phrase: readonly Token[]): string {
  return phrase.map(({ text, spaced }, index) => (spaced && index > 0 ? ` ${text}` : text)).join('');
}

function isSpecial(token: Token, text: string): boolean {
  return token.kind === 'special' && token.text === text;
}
