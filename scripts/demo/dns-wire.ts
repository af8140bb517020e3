import { typeNumbers, type Found, type ZoneAnswer, type ZoneRecord, type ZoneType } from './dns-zone.ts';

/** What a client asks. */
export interface Question {
  readonly id: number;
  /** As it was sent, octet for octet. */
  readonly name: string;
  readonly type: number;
  /** The question section, to be sent back. */
  readonly section: Buffer;
  /** The size of the answer that the client takes over UDP (RFC 6891 §6.2.3); undefined without EDNS. */
  readonly udpSize: number | undefined;
  readonly flags: number;
}

export interface AnswerOptions {
  /** Seconds, for the records that do not say. */
  readonly ttl: number;
  /** Seconds that a negative answer may be kept (RFC 2308 §5). */
  readonly negativeTtl: number;
  /** Octets that the answer may have. */
  readonly limit: number;
  /** Sets the AD bit, for who asks for it (RFC 6840 §5.8). */
  readonly isAuthentic?: boolean;
}

const rcodes = { answer: 0, 'no-data': 0, SERVFAIL: 2, TIMEOUT: 2, nxdomain: 3 } as const;
const authenticData = 0x0020;
const optType = 41;
const soaType = 6;
const ourUdpSize = 1232;
const written = new WeakMap<ZoneRecord, Buffer>();

/** Reads a query of one question; undefined for anything else. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < 17 || message.readUInt16BE(4) !== 1) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & 0xf800) !== 0) return undefined; // a response, or not a standard query
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    if (length > 63) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > message.length) return undefined;
  const type = message.readUInt16BE(at + 1);
  const isEdns =
    message.readUInt16BE(10) > 0 && message.length >= end + 11 && message.readUInt16BE(end + 1) === optType;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.'),
    type,
    section: message.subarray(12, end),
    udpSize: isEdns ? message.readUInt16BE(end + 3) : undefined,
    flags,
  };
}

/** An answer in wire format; one that is too long is sent empty and says so with its TC bit (RFC 2181 §9). */
export function writeAnswer(question: Question, answer: ZoneAnswer, options: AnswerOptions): Buffer {
  const found = 'found' in answer ? answer.found : [];
  const isNegative = answer.kind === 'nxdomain' || answer.kind === 'no-data';
  const parts = found.map((one) => writeRecord(one, options.ttl));
  if (isNegative) parts.push(soa(options.negativeTtl));
  if (question.udpSize !== undefined) parts.push(opt());
  const size = parts.reduce((sum, part) => sum + part.length, 12 + question.section.length);
  const isTooLong = size > options.limit;
  const counts = { answers: found.length, authority: isNegative ? 1 : 0 };
  const isAuthentic = options.isAuthentic === true && (question.flags & authenticData) !== 0;
  const header = writeHeader(
    question,
    rcodes[answer.kind] | (isAuthentic ? authenticData : 0),
    isTooLong,
    counts,
  );
  return Buffer.concat([header, question.section, ...(isTooLong ? [] : parts)]);
}

function writeHeader(
  question: Question,
  low: number,
  isTruncated: boolean,
  counts: { answers: number; authority: number },
): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(question.id, 0);
  // QR, AA, RA, and RD as it came (RFC 1035 §4.1.1).
  header.writeUInt16BE(0x8480 | (question.flags & 0x0100) | (isTruncated ? 0x0200 : 0) | low, 2);
  header.writeUInt16BE(1, 4);
  if (isTruncated) return header;
  header.writeUInt16BE(counts.answers, 6);
  header.writeUInt16BE(counts.authority, 8);
  header.writeUInt16BE(question.udpSize === undefined ? 0 : 1, 10);
  return header;
}

function writeRecord({ owner, record }: Found, ttl: number): Buffer {
  const type = (Object.keys(typeNumbers) as ZoneType[]).find((name) => name in record);
  if (type === undefined) throw new TypeError('a record without a type');
  return recordOf(writeName(owner), typeNumbers[type], record.TTL ?? ttl, dataOf(record));
}

/** The RDATA of a record, written once; throws for what cannot be written. */
export function dataOf(record: ZoneRecord): Buffer {
  const known = written.get(record);
  if (known !== undefined) return known;
  const data = writeData(record);
  written.set(record, data);
  return data;
}

function writeData(record: ZoneRecord): Buffer {
  if ('A' in record) return Buffer.from(record.A.split('.').map(Number));
  if ('AAAA' in record) return writeIpv6(record.AAAA);
  if ('CNAME' in record) return writeName(record.CNAME);
  if ('PTR' in record) return writeName(record.PTR);
  if ('TXT' in record) return writeText(record.TXT);
  if ('SPF' in record) return writeText(record.SPF);
  if ('TLSA' in record) {
    const { usage, selector, matchingType, data } = record.TLSA;
    return Buffer.concat([Buffer.from([usage, selector, matchingType]), data]);
  }
  const [preference, exchange] = record.MX;
  return Buffer.concat([Buffer.from([preference >> 8, preference & 0xff]), writeName(exchange)]);
}

/** A name without compression. A zone with a name that cannot be written is a mistake of whoever wrote it. */
function writeName(name: string): Buffer {
  const labels = name.replace(/\.$/, '').split('.');
  const parts = labels[0] === '' && labels.length === 1 ? [] : labels.map(writeLabel);
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function writeLabel(label: string): Buffer {
  const octets = Buffer.from(label, 'latin1');
  if (octets.length < 1 || octets.length > 63) throw new RangeError(`a label of ${octets.length} octets`);
  return Buffer.concat([Buffer.from([octets.length]), octets]);
}

function writeText(text: string | readonly string[]): Buffer {
  const strings = typeof text === 'string' ? (text.match(/[^]{1,255}/g) ?? ['']) : text;
  const tooLong = strings.find((string) => string.length > 255);
  if (tooLong !== undefined) throw new RangeError(`a character-string of ${tooLong.length} octets`);
  return Buffer.concat(
    strings.map((string) => Buffer.concat([Buffer.from([string.length]), Buffer.from(string, 'latin1')])),
  );
}

function writeIpv6(address: string): Buffer {
  // A URL writes every form of an address as groups (WHATWG URL §3.5).
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = groups(tail ?? '');
  const between = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Buffer.from([...before, ...between, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

/** The zone is the root, so that one SOA record serves all negative answers (RFC 2308 §3). */
function soa(negativeTtl: number): Buffer {
  const data = Buffer.alloc(22);
  [1, 3600, 600, 86_400, negativeTtl].forEach((number, index) => data.writeUInt32BE(number, 2 + 4 * index));
  return recordOf(Buffer.from([0]), soaType, negativeTtl, data);
}

function opt(): Buffer {
  return Buffer.from([0, 0, optType, ourUdpSize >> 8, ourUdpSize & 0xff, 0, 0, 0, 0, 0, 0]);
}

function recordOf(owner: Buffer, type: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}
