import { isUtf8 } from 'node:buffer';
import type { Malformed } from './header.ts';

/**
 * The lines of the header of a whole message, without their ends. Where the first line ends in CRLF all have to, and in LF alone else:
 * of a mixture two readers make different lines (RFC 5322 §2.3). What stands in the lines is not looked at.
 */
export function linesOf(message: string | Uint8Array): readonly string[] | Malformed {
  if (typeof message === 'string') return split(message.slice(0, endOfHeader(message)), message);
  const octets = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const header = octets.subarray(0, endOfHeader(octets));
  if (!isUtf8(header)) return { malformed: 'the header holds octets that are no UTF-8 (RFC 6532 §3.1)' };
  return split(header.toString('utf8'), octets);
}

/** A text, or its octets: line ends of UTF-8 are those of US-ASCII. */
type Searched = Pick<string | Buffer, 'length'> & { indexOf(text: string): number };

function split(header: string, message: Searched): readonly string[] {
  const lines = header.split(lineEnd(message));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function lineEnd(message: Searched): string {
  const first = message.indexOf('\n');
  return first > 0 && message.indexOf('\r\n') === first - 1 ? '\r\n' : '\n';
}

/** Where the end of its last line begins. */
function endOfHeader(message: Searched): number {
  const end = lineEnd(message);
  if (message.indexOf(end) === 0) return 0;
  const empty = message.indexOf(end + end);
  return empty === -1 ? message.length : empty;
}
