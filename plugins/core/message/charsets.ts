import { TextDecoder } from 'node:util';

/** Names that programs write and browsers do not know: of what they know by another, or of plain US-ASCII with more. */
const otherNames: Readonly<Record<string, string>> = {
  ...{ cp932: 'shift_jis', cp936: 'gbk', cp949: 'euc-kr', cp950: 'big5' },
  ...{ utf8mb3: 'utf-8', utf8mb4: 'utf-8' },
  ...{ cp437: 'windows-1252', ibm437: 'windows-1252', cp850: 'windows-1252', ibm850: 'windows-1252' },
  ...{ 'unknown-8bit': 'windows-1252', 'x-unknown': 'windows-1252', 'latin-1': 'windows-1252' },
};

type Decode = (octets: Uint8Array) => string;

/** Names of character sets come from outside: not so many of them are remembered that they would fill the memory. */
const mostDecoders = 100;
const decoders = new Map<string, Decode | undefined>();

/** What makes text of octets; `undefined` for a character set that no browser knows: readers that do would see what we cannot. */
export function decoderOf(charset: string): Decode | undefined {
  if (!decoders.has(charset)) {
    if (decoders.size >= mostDecoders) decoders.clear();
    decoders.set(charset, makeDecoder(charset));
  }
  return decoders.get(charset);
}

function makeDecoder(charset: string): Decode | undefined {
  try {
    const decoder = new TextDecoder(otherNames[charset] ?? charset);
    // Of UTF-16 without a byte order in its name browsers take one, and RFC 2781 §4.3 another.
    if (decoder.encoding === 'utf-16le' && charset !== 'utf-16le') return undefined;
    return decoder.encoding === 'windows-1252' ? windows1252 : (octets) => decoder.decode(octets);
  } catch {
    return undefined;
  }
}

/** 0x80 to 0x9f, where Node.js 20 has the control characters of ISO 8859-1. */
const beyondLatin1 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

function windows1252(octets: Uint8Array): string {
  return Buffer.from(octets)
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (octet) => beyondLatin1.charAt(octet.charCodeAt(0) - 0x80));
}
