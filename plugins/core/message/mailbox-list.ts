import { makeMailbox, type Mailbox } from '../mailbox.ts';
import type { Malformed } from './header.ts';

/**
 * Reads a `mailbox-list` (RFC 5322 §3.4) without its obsolete forms: no route, no group, no empty element, no
 * comment inside an address, no address literal.
 *
 *     mailbox-list = mailbox *("," mailbox)
 *     mailbox      = [phrase] "<" addr-spec ">" / addr-spec
 *     phrase       = 1*(atom / quoted-string / ".")      ; the dot as in RFC 5322 §4.1, too common to refuse
 *     addr-spec    = (dot-atom / quoted-string) "@" dot-atom
 *
 * Encoded-words are atoms: they are display text, never decoded into syntax (RFC 2047 §5).
 */
export function parseMailboxList(value: string): readonly Mailbox[] | Malformed {
  if (value.length > longestList) return { malformed: 'an address list is too long' };
  const tokens = tokenize(value);
  if (!Array.isArray(tokens)) return tokens as Malformed;
  const mailboxes: Mailbox[] = [];
  for (const element of splitAtCommas(tokens as readonly Token[])) {
    const mailbox = parseMailboxElement(element);
    if (!mailbox) return { malformed: 'an address cannot be read beyond doubt' };
    mailboxes.push(mailbox);
  }
  return mailboxes;
}

/** Nobody has thousands of authors, and reading a megabyte would hold up everybody's mail. */
const longestList = 65_536;

interface Token {
  /** `special` is one of `<>@,:;.`; comments and white space leave no token but stand between others. */
  readonly kind: 'atom' | 'quoted' | 'special';
  readonly text: string;
  /** Whether white space or a comment stands before it. */
  readonly spaced: boolean;
}

const patterns = {
  space: /[ \t]+/y,
  atom: /[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\u{10FFFF}-]+/uy,
  quoted: /"((?:[^"\\\0-\x08\x0a-\x1f\x7f]|\\[\x20-\x7e\u0080-\u{10FFFF}])*)"/uy,
  special: /[<>@,:;.]/y,
} as const;

/** RFC 5322 §3.2.2 lets comments nest without end; nobody needs more. */
const deepestComment = 16;

function tokenize(value: string): readonly Token[] | Malformed {
  const tokens: Token[] = [];
  let at = 0;
  let spaced = false;
  while (at < value.length) {
    const gap = matchAt(patterns.space, value, at)?.[0].length ?? commentLength(value, at);
    if (gap === undefined) return { malformed: 'a comment does not end or nests too deep' };
    if (gap > 0) {
      spaced = true;
      at += gap;
      continue;
    }
    const token = tokenAt(value, at, spaced);
    if (!token) return { malformed: 'an address holds a character that must not stand there' };
    tokens.push(token.token);
    at += token.length;
    spaced = false;
  }
  return tokens;
}

function tokenAt(value: string, at: number, spaced: boolean): { token: Token; length: number } | undefined {
  for (const kind of ['atom', 'quoted', 'special'] as const) {
    const match = matchAt(patterns[kind], value, at);
    if (!match) continue;
    const text = kind === 'quoted' ? (match[1] ?? '').replace(/\\(.)/gsu, '$1') : match[0];
    return { token: { kind, text, spaced }, length: match[0].length };
  }
  return undefined;
}

function matchAt(pattern: RegExp, value: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(value);
}

/** Length of the comment that begins at `at`: 0 when none does, `undefined` when it does not end. */
function commentLength(value: string, at: number): number | undefined {
  if (value[at] !== '(') return 0;
  let depth = 0;
  for (let index = at; index < value.length; index += 1) {
    const character = value[index] ?? '';
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(character)) return undefined;
    if (character === '\\') index += 1;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    if (depth > deepestComment) return undefined;
    if (depth === 0) return index + 1 - at;
  }
  return undefined;
}

function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const elements: Token[][] = [[]];
  for (const token of tokens) {
    if (isSpecial(token, ',')) elements.push([]);
    else elements.at(-1)?.push(token);
  }
  return elements;
}

function parseMailboxElement(tokens: readonly Token[]): Mailbox | undefined {
  const open = tokens.findIndex((token) => isSpecial(token, '<'));
  if (open === -1) return parseAddrSpec(tokens);
  const phrase = tokens.slice(0, open);
  const isPhrase = phrase.every((token) => token.kind !== 'special' || token.text === '.');
  const last = tokens.at(-1);
  if (!isPhrase || !last || !isSpecial(last, '>')) return undefined;
  return parseAddrSpec(tokens.slice(open + 1, -1));
}

/** Words joined by dots, an at sign, atoms joined by dots; nothing between them. */
function parseAddrSpec(tokens: readonly Token[]): Mailbox | undefined {
  const at = tokens.findIndex((token) => isSpecial(token, '@'));
  if (at < 1 || tokens.slice(1).some((token) => token.spaced)) return undefined;
  const domain = joinDotAtom(tokens.slice(at + 1));
  const [only, ...others] = tokens.slice(0, at);
  const local = only?.kind === 'quoted' && others.length === 0 ? only.text : joinDotAtom(tokens.slice(0, at));
  return domain === undefined ? undefined : makeMailbox(local, domain);
}

function joinDotAtom(tokens: readonly Token[]): string | undefined {
  const alternates = tokens.every((token, index) =>
    index % 2 === 0 ? token.kind === 'atom' : isSpecial(token, '.'),
  );
  return alternates && tokens.length % 2 === 1 ? tokens.map(({ text }) => text).join('') : undefined;
}

function isSpecial(token: Token, text: string): boolean {
  return token.kind === 'special' && token.text === text;
}
