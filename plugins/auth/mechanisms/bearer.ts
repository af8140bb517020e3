import { Secret } from '../../core/secret.ts';
import { refusal, textOf, type Step } from './step.ts';

/** RFC 7628 §3.1: `kvsep`. */
const separator = 0x01;

/** RFC 6750 §2.1: `b64token`. */
const tokenOctets = new Set(
  Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/='),
);

/** What a message brings: what stands before its pairs, and the token among them. */
export interface BearerMessage {
  readonly head: string;
  readonly token: Secret;
}

/**
 * Reads HEAD %x01 *(KEY=VALUE %x01) %x01, and goes on with `use`. Of the keys only `auth` matters: which host and port a
 * client thinks that it speaks to is another matter behind a proxy. Works on octets, so that a token leaves no text behind.
 */
export function readBearer(bytes: Buffer, use: (message: BearerMessage) => Step | undefined): Step {
  const [first, ...pairs] = partsOf(bytes);
  const head = first && textOf(first);
  const token = tokenIn(pairs);
  const step = head !== undefined && token ? use({ head, token: new Secret(token) }) : undefined;
  if (step) return step;
  bytes.fill(0);
  return refusal('auth-syntax');
}

/** None when the message does not end as it must. */
function partsOf(bytes: Buffer): Buffer[] {
  const end = bytes.length - 2;
  if (bytes[end] !== separator || bytes[end + 1] !== separator) return [];
  const parts: Buffer[] = [];
  for (let at = 0; at <= end;) {
    const next = bytes.indexOf(separator, at);
    parts.push(bytes.subarray(at, next));
    at = next + 1;
  }
  return parts;
}

/** The token of the one pair `auth`; `undefined` when a pair is none, or stands twice. */
function tokenIn(pairs: readonly Buffer[]): Buffer | undefined {
  const keys = pairs.map(keyOf);
  if (keys.includes(undefined) || new Set(keys).size < keys.length) return undefined;
  const auth = pairs[keys.indexOf('auth')]?.subarray('auth='.length);
  // RFC 9110 §11.1: the name of a scheme has no case.
  const isBearer = auth?.toString('latin1', 0, 7).toLowerCase() === 'bearer ';
  const token = isBearer ? auth.subarray(7) : undefined;
  return token?.length && token.every((octet) => tokenOctets.has(octet)) ? token : undefined;
}

/** RFC 7628 §3.1: key = 1*ALPHA, value = *(VCHAR / SP / HTAB / CR / LF). */
function keyOf(pair: Buffer): string | undefined {
  const equals = pair.indexOf(0x3d);
  const isPair = equals > 0 && pair.subarray(equals + 1).every(isOfValue);
  const key = isPair ? pair.toString('latin1', 0, equals) : '';
  return /^[A-Za-z]+$/.test(key) ? key : undefined;
}

function isOfValue(octet: number): boolean {
  return (octet >= 0x20 && octet <= 0x7e) || octet === 0x09 || octet === 0x0a || octet === 0x0d;
}

/** What a client hears before a refusal, in base64. */
export function failureOf(fields: Readonly<Record<string, string | undefined>>): string {
  return Buffer.from(JSON.stringify(fields), 'utf8').toString('base64');
}
