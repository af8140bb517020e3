import type { Malformed } from './header.ts';

/** A piece of a structured field (RFC 5322 §3.2). */
export interface Token {
  /** `special` is one of `<>@,:;.[]`; white space leaves no token, and a comment none between the others. */
  readonly kind: 'atom' | 'quoted' | 'special' | 'comment';
  /** Of a quoted-string and of a comment what is inside, without quoted-pairs. */
  readonly text: string;
  /** Whether white space or a comment stands before it. */
  readonly spaced: boolean;
  /** Where it begins and ends in the value. */
  readonly at: number;
  readonly end: number;
}

const patterns = {
  space: /[ \t]+/y,
  atom: /[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\u{10FFFF}-]+/uy,
  quoted: /"((?:[^"\\\0-\x08\x0a-\x1f\x7f]|\\[\x20-\x7e\u0080-\u{10FFFF}])*)"/uy,
  special: /[<>@,:;.[\]]/y,
} as const;

/** RFC 5322 §3.2.2 lets comments nest without end; nobody needs more. */
const deepestComment = 16;

/** Nobody has thousands of authors, and reading a megabyte would hold up everybody's mail. */
const longestField = 65_536;

/** Reads an unfolded value of a structured field into tokens, in time linear to its length. */
export function tokenize(value: string): readonly Token[] | Malformed {
  if (value.length > longestField) return { malformed: 'an address list is too long' };
  const tokens: Token[] = [];
  let at = 0;
  let spaced = false;
  while (at < value.length) {
    const space = matchAt(patterns.space, value, at)?.[0].length ?? 0;
    at += space;
    spaced ||= space > 0;
    if (at === value.length) break;
    const read = value[at] === '(' ? commentAt(value, at) : tokenAt(value, at);
    if ('malformed' in read) return read;
    const end = at + read.length;
    tokens.push({ kind: read.kind, text: read.text, spaced, at, end });
    at = end;
    spaced = read.kind === 'comment';
  }
  return tokens;
}

interface Read {
  readonly kind: Token['kind'];
  readonly text: string;
  readonly length: number;
}

function tokenAt(value: string, at: number): Read | Malformed {
  for (const kind of ['atom', 'quoted', 'special'] as const) {
    const match = matchAt(patterns[kind], value, at);
    if (!match) continue;
    const text = kind === 'quoted' ? (match[1] ?? '').replace(/\\(.)/gsu, '$1') : match[0];
    return { kind, text, length: match[0].length };
  }
  const character = value[at] ?? '';
  const isQuote = character === '"';
  return { malformed: isQuote ? 'a quoted string does not end' : `${named(character)} must not stand there` };
}

function named(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0x20 && code !== 0x7f ? character : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

function matchAt(pattern: RegExp, value: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(value);
}

function commentAt(value: string, at: number): Read | Malformed {
  let depth = 0;
  for (let index = at; index < value.length; index += 1) {
    const character = value[index] ?? '';
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(character)) return { malformed: `a comment holds ${named(character)}` };
    if (character === '\\') index += 1;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    if (depth > deepestComment) return { malformed: 'comments nest too deep' };
    if (depth > 0) continue;
    const text = value.slice(at + 1, index).replace(/\\(.)/gsu, '$1');
    return { kind: 'comment', text, length: index + 1 - at };
  }
  return { malformed: 'a comment does not end' };
}
