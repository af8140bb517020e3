import type { Secret } from '../secret.ts';
import { boolean, integer, octets, ProtocolError, Reader, tags, tlv, type Chunks } from './ber.ts';
import type { Refusal } from './directory.ts';
import { policyControl, policyRequest, readPolicyResponse } from './policy-control.ts';

/** RFC 4511 §4: the tags of the operations that we use. */
const operation = {
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchEntry: 0x64,
  searchDone: 0x65,
  searchReference: 0x73,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
} as const;

/** RFC 4511 §4.1.1. */
const controlsTag = 0xa0;

/** RFC 4511 §4.1.9: the result codes that mean something to us. */
export const resultCode = {
  success: 0,
  sizeLimitExceeded: 4,
  constraintViolation: 19,
  noSuchObject: 32,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
} as const;

export interface SearchRequest {
  readonly base: string;
  /** The setting that the base comes from, for people. */
  readonly setting: string;
  /** The entry of that name alone, or all that lies below, too. */
  readonly scope: 'base' | 'subtree';
  readonly filter: Chunks;
  readonly attributes: readonly string[];
  readonly timeLimitSeconds: number;
  /** Most entries that are wanted; more than these nobody asked for. */
  readonly sizeLimit: number;
}

export interface Result {
  readonly code: number;
  /** What the server adds for people: never to be decided by, and never shown for a bind. */
  readonly diagnostic: string;
  /** The nearest entry above that is there, where the server names one (RFC 4511 §4.1.9); for people alone, too. */
  readonly matched: string;
  /** Of a bind: what a password policy has against this login. */
  readonly policy?: Refusal;
}

export interface Attribute {
  readonly type: string;
  readonly values: readonly Buffer[];
}

export interface Entry {
  readonly dn: string;
  readonly attributes: readonly Attribute[];
}

interface BindResponse {
  readonly kind: 'bind';
  readonly result: Result;
}

export type Response =
  | BindResponse
  | { readonly kind: 'extended' | 'search-done'; readonly result: Result }
  | { readonly kind: 'search-entry'; readonly entry: Entry }
  | { readonly kind: 'search-reference' };

export interface Message {
  readonly id: number;
  readonly response: Response;
}

/** RFC 4511 §4.2. The caller overwrites the buffer when it was sent: it holds the only copy of the password. */
export function encodeBind(id: number, dn: string, password: Secret): Buffer {
  return password.reveal((bytes) =>
    encode(id, tlv(operation.bindRequest, integer(3), octets(dn), octets(bytes, 0x80)), policyRequest),
  );
}

/** RFC 4511 §4.5.1: aliases never followed, values wanted. */
export function encodeSearch(id: number, search: SearchRequest): Buffer {
  const scope = integer(search.scope === 'base' ? 0 : 2, tags.enumerated);
  const neverDerefAliases = integer(0, tags.enumerated);
  const request = tlv(
    operation.searchRequest,
    octets(search.base),
    scope,
    neverDerefAliases,
    integer(search.sizeLimit),
    integer(search.timeLimitSeconds),
    boolean(false),
    search.filter,
    tlv(tags.sequence, ...search.attributes.map((name) => octets(name))),
  );
  return encode(id, request);
}

/** RFC 4511 §4.14.1. */
export function encodeStartTls(id: number): Buffer {
  return encode(id, tlv(operation.extendedRequest, octets('1.3.6.1.4.1.1466.20037', 0x80)));
}

/** RFC 4511 §4.3. */
export function encodeUnbind(id: number): Buffer {
  return encode(id, tlv(operation.unbindRequest));
}

function encode(id: number, request: Chunks, ...controls: readonly Chunks[]): Buffer {
  const last = controls.length === 0 ? [] : tlv(controlsTag, ...controls);
  return Buffer.concat(tlv(tags.sequence, integer(id), request, last));
}

/** Reads one complete message to its last octet; throws ProtocolError for anything that we do not expect of a server. */
export function decodeMessage(bytes: Buffer): Message {
  const outer = new Reader(bytes);
  const message = outer.inside(tags.sequence, (reader) => {
    const id = reader.number(tags.integer);
    const response = readResponse(reader);
    const controls = reader.atEnd ? [] : reader.inside(controlsTag, (list) => list.all(readControl));
    return { id, response: response.kind === 'bind' ? withPolicy(response, controls) : response };
  });
  outer.end();
  return message;
}

function readResponse(reader: Reader): Response {
  const tag = reader.nextTag ?? -1;
  switch (tag) {
    case operation.bindResponse:
      return { kind: 'bind', result: reader.inside(tag, (inner) => readResult(inner, 0x87)) };
    case operation.extendedResponse:
      return { kind: 'extended', result: reader.inside(tag, (inner) => readResult(inner, 0x8a, 0x8b)) };
    case operation.searchDone:
      return { kind: 'search-done', result: reader.inside(tag, (inner) => readResult(inner)) };
    case operation.searchEntry:
      return { kind: 'search-entry', entry: reader.inside(tag, readEntry) };
    case operation.searchReference:
      reader.inside(tag, (inner) => inner.all((uri) => uri.content(tags.octets)));
      return { kind: 'search-reference' };
    default:
      throw new ProtocolError('an answer of a kind that nobody asked for');
  }
}

/** RFC 4511 §4.1.9 with the optional fields that follow it in some answers; we use none of them. */
function readResult(reader: Reader, ...optionalFields: readonly number[]): Result {
  const code = reader.number(tags.enumerated);
  const matched = printable(reader.content(tags.octets));
  const diagnostic = printable(reader.content(tags.octets));
  const referral = 0xa3;
  if (reader.nextTag === referral)
    reader.inside(referral, (uris) => uris.all((uri) => uri.content(tags.octets)));
  for (const tag of optionalFields) reader.optional(tag);
  return { code, diagnostic, matched };
}

function readEntry(reader: Reader): Entry {
  const dn = reader.text();
  const attributes = reader.inside(tags.sequence, (list) => list.all(readAttribute));
  return { dn, attributes };
}

function readAttribute(list: Reader): Attribute {
  return list.inside(tags.sequence, (attribute) => ({
    type: attribute.text(),
    values: attribute.inside(tags.set, (values) => values.all((value) => value.content(tags.octets))),
  }));
}

interface Control {
  readonly name: string;
  readonly value: Buffer | undefined;
}

function readControl(controls: Reader): Control {
  return controls.inside(tags.sequence, (control) => {
    const name = control.text();
    control.optional(tags.boolean);
    return { name, value: control.optional(tags.octets) };
  });
}

/** RFC 4511 §4.1.11: no control that we did not ask for changes the meaning of an answer. */
function withPolicy(response: BindResponse, controls: readonly Control[]): BindResponse {
  const [control, ...more] = controls.filter(({ name }) => name === policyControl);
  if (control === undefined) return response;
  if (control.value === undefined || more.length > 0) throw new ProtocolError('no sound password policy');
  const policy = readPolicyResponse(control.value);
  return policy === undefined ? response : { kind: 'bind', result: { ...response.result, policy } };
}

/** What a server says goes into logs: one short line without control characters. */
function printable(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);
}

const resultNames: Readonly<Record<number, string>> = {
  0: 'success',
  1: 'operationsError',
  2: 'protocolError',
  3: 'timeLimitExceeded',
  4: 'sizeLimitExceeded',
  8: 'strongerAuthRequired',
  10: 'referral to another server, which is not asked',
  11: 'adminLimitExceeded',
  13: 'confidentialityRequired',
  19: 'constraintViolation',
  32: 'noSuchObject',
  34: 'invalidDNSyntax',
  48: 'inappropriateAuthentication',
  49: 'invalidCredentials',
  50: 'insufficientAccessRights',
  51: 'busy',
  52: 'unavailable',
  53: 'unwillingToPerform',
  80: 'other',
};

/** That, and what the server says beside. */
export function textOfResult({ code, diagnostic }: Result): string {
  return [nameOfResult(code), diagnostic].filter((text) => text !== '').join(' ');
}

/** The code as administrators know it, such as `busy (51)`. */
export function nameOfResult(code: number): string {
  return `${resultNames[code] ?? 'result'} (${code})`;
}
