import type { DomainName } from './dns.ts';
import { FormatError, type Reading } from './message.ts';
import { lowerCasedOctet } from './name.ts';

/** A name that was read, and where its encoding ends. */
export interface NameRead {
  /** Undefined when a label holds a dot, which no dotted form can say: `a.b` must not pass for two labels. */
  readonly name: DomainName | undefined;
  readonly end: number;
}

const dot = 0x2e;
const longestOnWire = 255;

/** Each label can come by a pointer of its own; more pointers than labels serve no purpose. */
const mostPointers = 127;

/** The octets of the name that is being read: nothing else runs meanwhile. */
const scratch = Buffer.alloc(longestOnWire + 1);

/**
 * Reads a name with its pointers (RFC 1035 §4.1.4), in lower case where that is asked for; throws FormatError. Each
 * pointer must go back to before the part that it continues, so there are no loops; the work for one name is bounded
 * by its 255 octets and 127 pointers, and that for all of a message as well.
 */
export function readName(reading: Reading, start: number, isFolded = false): NameRead {
  const { message } = reading;
  let at = start;
  let part = start;
  let size = 0;
  let pointers = 0;
  let end: number | undefined;
  let isSayable = true;
  for (let length = message[at]; length !== 0; length = message[at]) {
    if (length === undefined) throw new FormatError('a name that is cut short');
    if (pointers > mostPointers) throw new FormatError('a name of too many pointers');
    if (length >= 0xc0) {
      end ??= at + 2;
      part = at = pointedTo(message, at, part);
      pointers += 1;
    } else {
      isSayable = copyLabel(message, at, size, isFolded) && isSayable;
      size += 1 + length;
      at += 1 + length;
    }
  }
  reading.nameOctets -= size + pointers;
  if (reading.nameOctets < 0) throw new FormatError('names that are too long in all');
  const name = isSayable ? scratch.toString('latin1', 0, Math.max(size - 1, 0)) : undefined;
  return { name, end: end ?? at + 1 };
}

function pointedTo(message: Buffer, at: number, part: number): number {
  if (at + 2 > message.length) throw new FormatError('a name that is cut short');
  const target = message.readUInt16BE(at) & 0x3fff;
  if (target >= part) throw new FormatError('a name whose pointer does not go back');
  return target;
}

/** Adds a label and a dot to what was read; returns whether the label can be said in dotted form. */
function copyLabel(message: Buffer, at: number, size: number, isFolded: boolean): boolean {
  const length = message[at] ?? 0;
  if (length > 63) throw new FormatError('a label of an unknown kind');
  if (at + 1 + length > message.length) throw new FormatError('a name that is cut short');
  if (size + length + 2 > longestOnWire) throw new FormatError('a name of more than 255 octets');
  let isSayable = true;
  for (let octet = 0; octet < length; octet += 1) {
    const value = message[at + 1 + octet] ?? 0;
    scratch[size + octet] = isFolded ? lowerCasedOctet(value) : value;
    if (value === dot) isSayable = false;
  }
  scratch[size + length] = dot;
  return isSayable;
}
