import type { Secret } from '../secret.ts';
import type { Refusal } from './directory.ts';

/** In octets; no directory has names as long. */
export const longestLogin = 256;

/** Why a login is refused before a server hears of it; `undefined` when a server must be asked. */
export function refusalWithoutAsking(login: string, password: Secret): Refusal | undefined {
  // RFC 4513 §5.1.2: with an empty password every bind succeeds.
  if (password.length === 0) return 'empty-password';
  // RFC 4616 §2 forbids NUL, and some servers compare no further than to the first.
  return password.reveal((bytes) => bytes.includes(0)) ? 'malformed-login' : refusalOfName(login);
}

/** Why no account can have such a login; `undefined` when a server must be asked. */
export function refusalOfName(login: string): Refusal | undefined {
  return isName(login) ? undefined : 'malformed-login';
}

/** Whether a text can be what somebody logs in by, or is known by. */
export function isName(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= longestLogin && !isBroken(text);
}

/** A control character, or what remains of octets that were no UTF-8: a lone surrogate or U+FFFD. */
function isBroken(login: string): boolean {
  return /[\p{Cc}\p{Cs}\uFFFD]/u.test(login);
}
