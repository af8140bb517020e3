import type { DomainName, RecordData, RecordType } from './dns.ts';
import { FormatError, type RawRecord, type Reading } from './message.ts';
import { readName } from './read-name.ts';

type Readers = { readonly [T in RecordType]: (reading: Reading, record: RawRecord) => RecordData[T] };

/** Reads the RDATA of a record (RFC 1035 §3.3 and §3.4, RFC 3596 §2.2, RFC 6698 §2.1); each throws FormatError. */
export const readData: Readers = {
  A: ({ message }, record) => {
    requireSize(record, 4);
    return message.subarray(record.data, record.end).join('.');
  },
  AAAA: ({ message }, record) => {
    requireSize(record, 16);
    return ipv6Text(message.subarray(record.data, record.end));
  },
  CNAME: (reading, record) => readDomain(reading, record.data, record.end),
  MX: (reading, record) => {
    if (record.end - record.data < 3) throw new FormatError('an MX record that is cut short');
    return {
      preference: reading.message.readUInt16BE(record.data),
      exchange: readDomain(reading, record.data + 2, record.end),
    };
  },
  PTR: (reading, record) => readDomain(reading, record.data, record.end),
  TLSA: ({ message }, { data, end }) => {
    if (end - data < 3) throw new FormatError('a TLSA record that is cut short');
    return {
      usage: message.readUInt8(data),
      selector: message.readUInt8(data + 1),
      matchingType: message.readUInt8(data + 2),
      // A copy: the record is kept for long, and the message is not to be kept with it.
      data: Buffer.from(message.subarray(data + 3, end)),
    };
  },
  TXT: readText,
};

/** The name that fills the octets from start to end. */
export function readDomain(reading: Reading, start: number, end: number, isFolded = false): DomainName {
  const read = readName(reading, start, isFolded);
  if (read.end !== end) throw new FormatError('a name that does not end with its record');
  if (read.name === undefined) throw new FormatError('a label with a dot in it');
  return read.name;
}

function requireSize(record: RawRecord, size: number): void {
  if (record.end - record.data !== size) throw new FormatError(`an address that has not ${size} octets`);
}

function readText({ message }: Reading, { data, end }: RawRecord): string {
  const strings: string[] = [];
  for (let at = data; at < end;) {
    const next = at + 1 + (message[at] ?? 0);
    if (next > end) throw new FormatError('a character-string that is cut short');
    if (next > at + 1) strings.push(message.toString('latin1', at + 1, next));
    at = next;
  }
  return strings.join('');
}

/** RFC 5952: the longest run of two or more zero groups is shortened, the first of equal ones (§4.2). */
function ipv6Text(octets: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(2 * index));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  // §5: the IPv4 address within is written as one.
  if (isMapped) return `::ffff:${octets.subarray(12).join('.')}`;
  const run = longestRunOfZeros(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestRunOfZeros(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, index) => {
    length = group === 0 ? length + 1 : 0;
    if (length > longest.length) longest = { start: index + 1 - length, length };
  });
  return longest;
}
