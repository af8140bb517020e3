import { Secret } from '../core/secret.ts';
import type { PermanentReason } from '../core/replies.ts';
import { decodeBase64 } from './base64.ts';

/** RFC 4954 §4: longest line of an exchange, without CRLF. */
export const longestLine = 12_288;

/** What a client claims to be, and its proof. Whoever gets it wipes the password. */
export interface Credentials {
  /** Authorization identity (RFC 4616 §2); empty when the client gave none. */
  readonly authzid: string;
  readonly login: string;
  readonly password: Secret;
}

/** Where an open exchange stands. */
export type Exchange =
  | { readonly awaits: 'plain' }
  | { readonly awaits: 'login-name' }
  | { readonly awaits: 'login-password'; readonly login: string };

/** What an exchange asks for next. */
export type Step =
  | { readonly kind: 'challenge'; readonly text: string; readonly exchange: Exchange }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'refuse'; readonly reason: PermanentReason };

/** The mechanisms on offer, as EHLO lists them. */
export const mechanisms = ['PLAIN', 'LOGIN'] as const;

// base64 of "Username:" and "Password:", which clients of LOGIN look for (draft-murchison-sasl-login §2.1).
const askName = 'VXNlcm5hbWU6';
const askPassword = 'UGFzc3dvcmQ6';

/** Begins an exchange with the argument of AUTH: mechanism and, perhaps, initial response (RFC 4954 §4). */
export function begin(argument: Buffer): Step {
  if (argument.length + 'AUTH '.length > longestLine) return refusal('auth-line-too-long');
  const space = argument.indexOf(0x20);
  const mechanism = argument
    .subarray(0, space === -1 ? argument.length : space)
    .toString('latin1')
    .toUpperCase();
  if (mechanism === '') return refusal('auth-argument-missing');
  const first = openingOf(mechanism);
  if (!first) return refusal('auth-mechanism-unknown');
  if (space === -1) return first;
  const initial = argument.subarray(space + 1);
  // A single "=" is the empty initial response.
  return respond(first.exchange, initial.equals(Buffer.from('=')) ? Buffer.alloc(0) : initial);
}

/** Goes on with the next line of the client, CRLF removed. */
export function proceed(exchange: Exchange, line: Buffer): Step {
  if (line.length > longestLine) return refusal('auth-line-too-long');
  if (line.equals(Buffer.from('*'))) return refusal('auth-cancelled');
  return respond(exchange, line);
}

type Challenge = Extract<Step, { kind: 'challenge' }>;

function openingOf(mechanism: string): Challenge | undefined {
  if (mechanism === 'PLAIN') return { kind: 'challenge', text: '', exchange: { awaits: 'plain' } };
  if (mechanism === 'LOGIN') return { kind: 'challenge', text: askName, exchange: { awaits: 'login-name' } };
  return undefined;
}

function respond(exchange: Exchange, encoded: Buffer): Step {
  const bytes = decodeBase64(encoded);
  if (!bytes) return refusal('auth-syntax');
  switch (exchange.awaits) {
    case 'plain':
      return readPlain(bytes);
    case 'login-name':
      return readLoginName(bytes);
    case 'login-password':
      return credentials('', exchange.login, bytes);
  }
}

function readLoginName(bytes: Buffer): Step {
  const login = textOf(bytes);
  if (login === undefined) return refusal('auth-syntax');
  return { kind: 'challenge', text: askPassword, exchange: { awaits: 'login-password', login } };
}

/** RFC 4616 §2: [authzid] NUL authcid NUL passwd. */
function readPlain(bytes: Buffer): Step {
  const first = bytes.indexOf(0);
  const second = bytes.indexOf(0, first + 1);
  const isThreeFields = first !== -1 && second !== -1 && bytes.indexOf(0, second + 1) === -1;
  const authzid = isThreeFields ? textOf(bytes.subarray(0, first)) : undefined;
  const login = isThreeFields ? textOf(bytes.subarray(first + 1, second)) : undefined;
  if (authzid === undefined || login === undefined) {
    bytes.fill(0);
    return refusal('auth-syntax');
  }
  return credentials(authzid, login, bytes.subarray(second + 1));
}

function credentials(authzid: string, login: string, password: Buffer): Step {
  return { kind: 'credentials', credentials: { authzid, login, password: new Secret(password) } };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function refusal(reason: PermanentReason): Step {
  return { kind: 'refuse', reason };
}
