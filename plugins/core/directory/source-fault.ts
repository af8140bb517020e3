import { printable } from '../json-line.ts';
import type { Secret } from '../secret.ts';
import { Nonsense } from './source-answer.ts';

/** In octets; a message that is longer is not looked through. */
const longestMessage = 2048;
const longestShown = 200;

/** So many octets of a password in a row give it away. */
const givenAway = 6;

/** What went wrong in a source, on one line, and without the password that it was given. */
export function faultOf(thrown: unknown, password?: Secret): string {
  if (thrown instanceof Nonsense) return printable(thrown.message);
  const message = messageOf(thrown);
  if (message === undefined) return 'it does not say what failed';
  if (message.length > longestMessage || (password && tells(message, password))) {
    return 'what it says is kept back: it may hold the password';
  }
  return printable((message.split('\n', 1)[0] ?? '').slice(0, longestShown));
}

/** Not `instanceof Error`: plain Haraka plugins run in a realm of their own. What is thrown may throw itself when it is read. */
function messageOf(thrown: unknown): string | undefined {
  try {
    if (typeof thrown === 'string') return thrown;
    const { message, cause } = thrown as { readonly message?: unknown; readonly cause?: unknown };
    const { message: deeper, code } = (cause ?? {}) as {
      readonly message?: unknown;
      readonly code?: unknown;
    };
    // That of fetch says what happened in its cause only.
    const parts = [message, deeper === '' || deeper === undefined ? code : deeper];
    const texts = parts.filter((part): part is string => typeof part === 'string' && part !== '');
    return texts.length === 0 ? undefined : texts.join(': ');
  } catch {
    return undefined;
  }
}

/** Whether a text has the password in it, or a part of it: as it is, or as base64, base64url, hexadecimal digits or in a URL. */
function tells(message: string, password: Secret): boolean {
  const tokens = message.match(/[\w+/-]{4,}/g) ?? [];
  const texts = [
    Buffer.from(message, 'utf8'),
    Buffer.from(
      message.replace(/%([\da-f]{2})/gi, (_, octet: string) => latin1(octet)),
      'latin1',
    ),
    ...tokens.map((token) => Buffer.from(token, 'base64')),
    ...tokens.map((token) => Buffer.from(token, 'hex')),
  ];
  // No password that a source is asked about has a NUL in it.
  const all = Buffer.concat(texts.flatMap((text) => [text, Buffer.alloc(1)]));
  return password.reveal((octets) => {
    const length = Math.min(givenAway, octets.length);
    const starts = Array.from({ length: octets.length - length + 1 }, (_, start) => start);
    return starts.some((start) => all.includes(octets.subarray(start, start + length)));
  });
}

function latin1(octet: string): string {
  return String.fromCharCode(Number.parseInt(octet, 16));
}
