import { TextDecoder } from 'node:util';

/** An encoded-word (RFC 2047 §2, with the language of RFC 2231 §5), as lenient as readers are about what is encoded. */
export const encodedWord = /=\?([^?*\s]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?]*)\?=/;

const everywhere = new RegExp(encodedWord, 'g');

/** Between two encoded-words white space is not shown (RFC 2047 §6.2). */
const gap = /(\?=)[ \t]+(?==\?[^?\s]+\?[BbQq]\?)/g;

/** A text as readers show it, and the character sets in it that we cannot read, in lower case. */
export interface Decoded {
  readonly text: string;
  readonly unknown: readonly string[];
}

/**
 * Decodes every encoded-word in display text, wherever it stands: many readers also do so in quoted-strings and comments,
 * where RFC 2047 §5 has none. What one encoded-word cuts through, as some writers do, is put together again.
 */
export function decodeWords(text: string): Decoded {
  const unknown: string[] = [];
  const decoded = runsOf(text.replace(gap, '$1')).map((run) => {
    if (typeof run === 'string') return run;
    const shown = decodeOctets(run.charset, run.octets);
    if (shown === undefined) unknown.push(run.charset);
    return shown ?? '\ufffd';
  });
  return { text: decoded.join(''), unknown };
}

interface Run {
  readonly charset: string;
  readonly octets: Buffer;
}

/** Plain text, and octets of neighbours of one character set together. */
function runsOf(text: string): readonly (string | Run)[] {
  const runs: (string | Run)[] = [];
  let end = 0;
  for (const match of text.matchAll(everywhere)) {
    const [whole, charset = '', encoding = '', encoded = ''] = match;
    const octets = encoding.toUpperCase() === 'B' ? Buffer.from(encoded, 'base64') : unquoted(encoded);
    const last = runs.at(-1);
    const name = charset.toLowerCase();
    if (match.index > end) runs.push(text.slice(end, match.index), { charset: name, octets });
    else if (typeof last === 'object' && last.charset === name) {
      runs[runs.length - 1] = { charset: name, octets: Buffer.concat([last.octets, octets]) };
    } else runs.push({ charset: name, octets });
    end = match.index + whole.length;
  }
  return [...runs, text.slice(end)];
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

const decoders = new Map<string, TextDecoder | undefined>();

/** `undefined` for a character set that no browser knows either: readers that do would see what we cannot. */
function decodeOctets(charset: string, octets: Buffer): string | undefined {
  return decoderFor(charset)?.decode(octets);
}

/** Names of character sets come from outside: not so many of them are remembered that they would fill the memory. */
const mostDecoders = 100;

function decoderFor(charset: string): TextDecoder | undefined {
  if (!decoders.has(charset)) {
    if (decoders.size >= mostDecoders) decoders.clear();
    decoders.set(charset, makeDecoder(charset));
  }
  return decoders.get(charset);
}

function makeDecoder(charset: string): TextDecoder | undefined {
  try {
    const decoder = new TextDecoder(charset);
    // Of UTF-16 without a byte order in its name browsers take one, and RFC 2781 §4.3 another.
    const isOneOfTwo = decoder.encoding === 'utf-16le' && charset !== 'utf-16le';
    return isOneOfTwo ? undefined : decoder;
  } catch {
    return undefined;
  }
}
