/** A header field as it stands: name in lower case, value unfolded and without its line end (RFC 5322 §2.2). */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  /** Octets of its longest line. */
  readonly longestLine: number;
}

/** What is wrong, in words for the sender. */
export interface Malformed {
  readonly malformed: string;
}

/**
 * RFC 5322 §3.6.8: printable US-ASCII but the colon, and nothing between the name and the colon. No dot first: Haraka
 * sends header lines without stuffing it again, so that the next server would read `.From:` as `From:`
 * (RFC 5321 §4.5.2).
 */
const fieldLine = /^(?!\.)([\x21-\x39\x3b-\x7e]+):(.*)$/s;

/**
 * Reads header lines as the strictest reader would: every line is a field or the continuation of one. What a
 * lenient reader downstream might take for another field is an error here. Linear in the size of the header.
 */
export function parseHeader(lines: readonly string[]): readonly HeaderField[] | Malformed {
  const fields: { name: string; parts: string[]; longestLine: number }[] = [];
  for (const [index, line] of lines.entries()) {
    const text = line.replace(/\r?\n$/, '');
    if (/[\0\r\n]/.test(text)) return { malformed: `line ${index + 1} holds NUL, bare CR or bare LF` };
    const [, name, value] = fieldLine.exec(text) ?? [];
    const last = fields.at(-1);
    const octets = Buffer.byteLength(text);
    if (name !== undefined)
      fields.push({ name: name.toLowerCase(), parts: [value ?? ''], longestLine: octets });
    else if (last && /^[ \t]/.test(text)) {
      last.parts.push(text);
      last.longestLine = Math.max(last.longestLine, octets);
    } else return { malformed: `line ${index + 1} is no header field` };
  }
  return fields.map(({ name, parts, longestLine }) => ({ name, value: parts.join(''), longestLine }));
}
