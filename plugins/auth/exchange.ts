import { decodeBase64 } from './base64.ts';
import {
  refusal,
  type Exchange,
  type ExchangeSession,
  type Mechanism,
  type Step,
} from './mechanisms/step.ts';
import { offered } from './mechanisms/table.ts';

/** RFC 4954 §4: longest line of an exchange, without CRLF. */
export const longestLine = 12_288;

/** The mechanism that the argument of AUTH names, if the session may use it. */
export function mechanismIn(argument: Buffer, session: ExchangeSession): Mechanism | undefined {
  const name = nameIn(argument).toString('latin1').toUpperCase();
  return offered(session).find((mechanism) => mechanism.name === name);
}

/** Begins an exchange with the argument of AUTH: mechanism and, perhaps, initial response (RFC 4954 §4). */
export function begin(argument: Buffer, session: ExchangeSession): Step {
  if (argument.length + 'AUTH '.length > longestLine) return refusal('auth-line-too-long');
  const name = nameIn(argument);
  if (name.length === 0) return refusal('auth-argument-missing');
  const mechanism = mechanismIn(argument, session);
  if (!mechanism) return refusal('auth-mechanism-unknown');
  const exchange: Exchange = (response) => mechanism.answer(response, session);
  if (name.length === argument.length) return { kind: 'challenge', text: mechanism.question, exchange };
  const initial = argument.subarray(name.length + 1);
  // A single "=" is the empty initial response.
  return respond(exchange, initial.equals(Buffer.from('=')) ? Buffer.alloc(0) : initial);
}

/** Goes on with the next line of the client, CRLF removed. */
export function proceed(exchange: Exchange, line: Buffer): Step {
  if (line.length > longestLine) return refusal('auth-line-too-long');
  if (line.equals(Buffer.from('*'))) return refusal('auth-cancelled');
  return respond(exchange, line);
}

function nameIn(argument: Buffer): Buffer {
  const space = argument.indexOf(0x20);
  return space === -1 ? argument : argument.subarray(0, space);
}

function respond(exchange: Exchange, encoded: Buffer): Step {
  const bytes = decodeBase64(encoded);
  return bytes ? exchange(bytes) : refusal('auth-syntax');
}
