import type { DomainName, RecordType } from './dns.ts';
import { lowerCasedOctet } from './name.ts';

/** A message that breaks the format of RFC 1035 §4. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 6698 §7.1, RFC 6891 §6.1.1. */
export const typeNumbers = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  OPT: 41,
  TLSA: 52,
} as const;

export const internet = 1;

/** RFC 1035 §4.1.1. */
export const rcodes = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
};

/** The longest answer over UDP, in octets: what every path carries in one piece (DNS Flag Day 2020). */
export const udpSize = 1232;

export interface Question {
  readonly name: DomainName;
  readonly type: RecordType;
  /** The question section: name, type, class. */
  readonly section: Buffer;
  /** The server is to say whether its answer is authenticated. */
  readonly asksForValidation?: boolean;
}

/** A record that was found, but not read. All but type, class and TTL are offsets into the message. */
export interface RawRecord {
  readonly owner: number;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: number;
  readonly end: number;
}

/** A message that is being read. */
export interface Reading {
  readonly message: Buffer;
  /** How many octets and pointers of names may still be read: with pointers a short message holds much longer names. */
  nameOctets: number;
}

export interface Sections extends Reading {
  /** With the bits of the OPT record (RFC 6891 §6.1.3). */
  readonly rcode: number;
  /** What the server says of itself; nothing, where nobody knows that it validates. */
  readonly isAuthentic: boolean;
  readonly answers: readonly RawRecord[];
  readonly authority: readonly RawRecord[];
}

const headerSize = 12;

/** What a message can hold without pointers; more makes work, and no sense. */
const mostNameOctets = 65_536;

const opt = Buffer.from([0, 0, typeNumbers.OPT, udpSize >> 8, udpSize & 0xff, 0, 0, 0, 0, 0, 0]);
const recursionDesired = 0x01;

/** RFC 4035 §3.2.3; in a query it asks for itself in the answer, without the signatures that DO would bring (RFC 6840 §5.7). */
const authenticData = 0x20;

/** The question section for a name on the wire. */
export function questionSection(name: Buffer, type: RecordType): Buffer {
  return Buffer.concat([name, Buffer.from([0, typeNumbers[type], 0, internet])]);
}

/** A query, with EDNS or without (RFC 6891 §7: a server may not know it). */
export function encodeQuery({ section, asksForValidation }: Question, id: number, isEdns: boolean): Buffer {
  const end = headerSize + section.length;
  const query = Buffer.allocUnsafe(end + (isEdns ? opt.length : 0));
  query.fill(0, 0, headerSize);
  query[0] = id >> 8;
  query[1] = id & 0xff;
  query[2] = recursionDesired;
  if (asksForValidation === true) query[3] = authenticData;
  query[5] = 1;
  section.copy(query, headerSize);
  if (!isEdns) return query;
  query[11] = 1;
  opt.copy(query, end);
  return query;
}

/** Whether a message answers the query: a response, with its id and its question (RFC 5452 §9.1). */
export function isAnswerTo(message: Buffer, id: number, { section }: Question): boolean {
  if (message.length < headerSize || message.readUInt16BE(0) !== id) return false;
  const isResponse = ((message[2] ?? 0) & 0xf8) === 0x80; // and its operation is a query
  if (!isResponse) return false;
  const questions = message.readUInt16BE(4);
  // RFC 6891 §7: who cannot read a query may send back nothing but its header.
  if (questions === 0) return isUnreadable(message);
  const end = headerSize + section.length;
  if (questions !== 1 || message.length < end) return false;
  return (
    message.compare(section, 0, section.length, headerSize, end) === 0 || isSameQuestion(message, section)
  );
}

/** RFC 4343 §3. Lengths of labels, types and class are all smaller than letters. */
function isSameQuestion(message: Buffer, section: Buffer): boolean {
  return section.every(
    (octet, at) => lowerCasedOctet(octet) === lowerCasedOctet(message[headerSize + at] ?? 0),
  );
}

/** Whether the server did not understand the query, as one that does not know EDNS (RFC 6891 §7). */
export function isUnreadable(message: Buffer): boolean {
  const rcode = (message[3] ?? 0) & 0x0f;
  return rcode === rcodes.formatError || rcode === rcodes.notImplemented;
}

/** Whether the answer was too long for a datagram (RFC 2181 §9). */
export function isTruncated(message: Buffer): boolean {
  return ((message[2] ?? 0) & 0x02) !== 0;
}

/** Finds the records behind the question. Takes one pass; throws FormatError when anything is cut short. */
export function readSections(message: Buffer, { section }: Question): Sections {
  const flags = message[3] ?? 0;
  const answers: RawRecord[] = [];
  const authority: RawRecord[] = [];
  const additional: RawRecord[] = [];
  if (message.readUInt16BE(4) > 0) {
    let at = readRecords(message, headerSize + section.length, message.readUInt16BE(6), answers);
    at = readRecords(message, at, message.readUInt16BE(8), authority);
    readRecords(message, at, message.readUInt16BE(10), additional);
  }
  const edns = additional.find(({ type }) => type === typeNumbers.OPT);
  const high = edns === undefined ? 0 : edns.ttl >>> 24;
  return {
    message,
    nameOctets: mostNameOctets,
    rcode: high * 16 + (flags & 0x0f),
    isAuthentic: (flags & authenticData) !== 0,
    answers,
    authority,
  };
}

/** Adds the records, and returns where they end. No more than there are octets for: the counts of the header promise nothing. */
function readRecords(message: Buffer, start: number, count: number, records: RawRecord[]): number {
  let owner = start;
  for (let left = count; left > 0; left -= 1) {
    const at = skipName(message, owner);
    const data = at + 10;
    if (data > message.length) throw new FormatError('a record that is cut short');
    const end = data + message.readUInt16BE(at + 8);
    if (end > message.length) throw new FormatError('a record that is cut short');
    records.push({
      owner,
      type: message.readUInt16BE(at),
      class: message.readUInt16BE(at + 2),
      ttl: message.readUInt32BE(at + 4),
      data,
      end,
    });
    owner = end;
  }
  return owner;
}

/** The offset behind a name; what a pointer points to is not looked at. */
function skipName(message: Buffer, start: number): number {
  for (let at = start; ;) {
    const length = message[at];
    if (length === undefined) throw new FormatError('a name that is cut short');
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) throw new FormatError('a label of an unknown kind');
    at += 1 + length;
  }
}
