import { decoderOf } from './charsets.ts';

/** A text as readers show it. */
export interface Decoded {
  readonly text: string;
  /** Why readers may see something else, in words that follow on "a name". */
  readonly doubt?: string;
}

/** How readers differ: in which encoded-words they decode, and whether they put what is encoded together first. */
export type Reader = 'lenient' | 'strict' | 'joining';

/** An encoded-word (RFC 2047 §2, with the language of RFC 2231 §5) and where it stands. */
interface Word {
  readonly at: number;
  readonly end: number;
  /** In lower case. */
  readonly charset: string;
  readonly isBase64: boolean;
  readonly encoded: string;
  /** It lacks its end. */
  readonly isOpen: boolean;
}

/** As each kind of reader shows a text, the lenient one first; those that cannot differ from it are left out. */
export function decodings(text: string): readonly [Decoded, ...Decoded[]] {
  const words = wordsIn(text);
  const others: Decoded[] = [];
  if (!words.every((word) => standsAlone(text, word))) others.push(decodeRuns(text, words, 'strict'));
  if (words.length > 1 && words.some(isCut)) others.push(decodeRuns(text, words, 'joining'));
  return [decodeRuns(text, words, 'lenient'), ...others];
}

/** Whether what it encodes may go on in the next: base64 is in fours, and Q in `=` with two digits. */
function isCut({ isBase64, encoded }: Word): boolean {
  return isBase64 ? encoded.length % 4 !== 0 : /=[0-9A-Fa-f]?$/.test(encoded);
}

/**
 * Decodes encoded-words in display text. Most readers do so wherever they stand (`lenient`), also in quoted-strings and
 * comments, where RFC 2047 §5 has none; a `strict` one only where white space is around them (§5); a `joining` one
 * puts what neighbours of one character set have encoded together before it decodes. All put octets of neighbours together:
 * some writers cut letters through.
 */
export function decodeWords(text: string, reader: Reader): Decoded {
  return decodeRuns(text, wordsIn(text), reader);
}

function decodeRuns(text: string, words: readonly Word[], reader: Reader): Decoded {
  const parts: string[] = [];
  const doubts: string[] = [];
  let end = 0;
  for (const run of runsOf(text, words, reader)) {
    const [first] = run;
    if (!first) continue;
    if (!isGap(text.slice(end, first.at)) || end === 0) parts.push(text.slice(end, first.at));
    const { text: shown, doubt } = decodeRun(run, reader);
    parts.push(shown);
    if (doubt !== undefined) doubts.push(doubt);
    end = run.at(-1)?.end ?? end;
  }
  const [doubt] = doubts;
  return { text: parts.join('') + text.slice(end), ...(doubt !== undefined && { doubt }) };
}

/** Where an encoded-word begins: its character set, perhaps a language, its encoding. */
const opening = /=\?([^?*]*)(?:\*[^?]*)?\?([BbQq])\?/g;

/** Everything that some reader takes for an encoded-word, in order; none lies within another. Linear. */
export function wordsIn(text: string): readonly Word[] {
  const words: Word[] = [];
  opening.lastIndex = 0;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const start = opening.lastIndex;
    const found = text.indexOf('?=', start);
    // Python's reader also decodes one that does not end.
    const close = found === -1 ? text.length : found;
    const [, charset = '', encoding = ''] = match;
    words.push({
      ...{ at: match.index, end: close + 2, charset: charset.trim().toLowerCase() },
      ...{
        isBase64: encoding.toUpperCase() === 'B',
        encoded: text.slice(start, close),
        isOpen: found === -1,
      },
    });
    opening.lastIndex = close + 2;
  }
  return words;
}

/** Neighbours of one character set together. Between encoded-words white space is not shown (RFC 2047 §6.2). */
function runsOf(text: string, words: readonly Word[], reader: Reader): readonly (readonly Word[])[] {
  const runs: Word[][] = [];
  for (const word of words) {
    if (reader === 'strict' && !standsAlone(text, word)) continue;
    const last = runs.at(-1);
    const before = last?.at(-1);
    const isNext = before?.charset === word.charset && isGap(text.slice(before.end, word.at));
    if (last && isNext) last.push(word);
    else runs.push([word]);
  }
  return runs;
}

function standsAlone(text: string, { at, end }: Word): boolean {
  return /^[\s"(]?$/.test(text.charAt(at - 1)) && /^[\s")]?$/.test(text.charAt(end));
}

function isGap(text: string): boolean {
  return /^[ \t]*$/.test(text);
}

function decodeRun(run: readonly Word[], reader: Reader): Decoded {
  const [charset] = run.map((word) => word.charset);
  const decode = decoderOf(charset ?? '');
  if (!decode)
    return { text: '\ufffd', doubt: `is in the character set ${charset ?? ''}, which is not known` };
  const words = reader === 'joining' ? joined(run) : run;
  const text = decode(Buffer.concat(words.map(octetsOf)));
  const isDoubtful = run.some(readDifferently);
  return isDoubtful ? { text, doubt: 'has an encoded-word that readers decode in different ways' } : { text };
}

/** No encoded text has a question mark (RFC 2047 §2): some readers end there, and begin again. */
function readDifferently({ isBase64, encoded, isOpen }: Word): boolean {
  return isOpen || (isBase64 ? !base64.test(encoded) : encoded.includes('?'));
}

/** RFC 4648 §4, with white space and without padding as well; at an end within, or another character, some readers stop. */
const base64 = /^[A-Za-z0-9+/\s]*={0,3}\s*$/;

function joined(run: readonly Word[]): readonly Pick<Word, 'isBase64' | 'encoded'>[] {
  const words: { isBase64: boolean; encoded: string[] }[] = [];
  for (const { isBase64, encoded } of run) {
    const last = words.at(-1);
    if (last?.isBase64 === isBase64) last.encoded.push(encoded);
    else words.push({ isBase64, encoded: [encoded] });
  }
  return words.map(({ isBase64, encoded }) => ({ isBase64, encoded: encoded.join('') }));
}

function octetsOf({ isBase64, encoded }: Pick<Word, 'isBase64' | 'encoded'>): Buffer {
  if (!isBase64) return unquoted(encoded);
  return Buffer.concat(encoded.split(/=+/).map((part) => Buffer.from(part, 'base64')));
}

/** The Q encoding (RFC 2047 §4.2). */
function unquoted(text: string): Buffer {
  const octets = text
    .replace(/_/g, ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_pair, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
  return Buffer.from(octets, /[\u0100-\uffff]/.test(octets) ? 'utf8' : 'latin1');
}
