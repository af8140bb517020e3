import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { madeOnce } from '../core/made-once.ts';
import { makeLikeAbove } from '../core/own-files.ts';

/**
 * Who reads the key of a period can read the tickets of that period, and with TLS 1.2 all that their sessions said: RFC 9325 §3.4
 * asks for new keys at least once a week. Each change costs every client one full handshake; tickets live for two hours anyway.
 */
const periodMs = 12 * 3600 * 1000;

/** A name, a key for HMAC and one for AES, of 16 octets each: `ticketKeys` of Node.js. */
const octets = 48;

/** The period that a time is in, which all processes of a machine agree upon. */
export function periodOf(now: number): number {
  return Math.floor(now / periodMs);
}

/** Milliseconds until the next one. */
export function untilNextPeriod(now: number): number {
  return periodMs - (now % periodMs);
}

/** Keys of nobody else's. */
export function ownTicketKeys(): Buffer {
  return randomBytes(octets);
}

/**
 * The keys of a period in a data directory; `undefined` where nobody has made them. Throws where they cannot be read, are none, or
 * may be known to others.
 */
export function readTicketKeys(directory: string, period: number): Buffer | undefined {
  const file = join(directory, nameOf(period));
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const mode = fstatSync(descriptor).mode & 0o777;
    if ((mode & 0o077) !== 0) throw new Error(`${file} may be read by others (mode 0${mode.toString(8)})`);
    const read = Buffer.alloc(octets + 1);
    if (readSync(descriptor, read) !== octets) throw new Error(`${file} holds no keys`);
    return read.subarray(0, octets);
  } finally {
    closeSync(descriptor);
  }
}

/** The same, and makes them where there are none: of several processes that do it at once, the keys of one stay. */
export function ticketKeys(directory: string, period: number): Buffer {
  const make = (path: string) => {
    makeLikeAbove(directory);
    removeOthers(directory, period);
    write(directory, path);
  };
  return madeOnce(join(directory, nameOf(period)), () => readTicketKeys(directory, period), make);
}

/** Belongs to whom the directory does: a process may be root still. */
function write(directory: string, file: string): void {
  rmSync(file, { force: true });
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeSync(descriptor, ownTicketKeys());
    const { uid, gid } = statSync(directory);
    if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
  } finally {
    closeSync(descriptor);
  }
}

/** Not those of the next period: the clock of another machine, with the same directory, may be a little ahead. */
function removeOthers(directory: string, period: number): void {
  for (const name of readdirSync(directory)) {
    const other = numberIn(name);
    if (other !== undefined && other !== period && other !== period + 1) {
      rmSync(join(directory, name), { force: true });
    }
  }
}

function nameOf(period: number): string {
  return `tls-tickets.${period}`;
}

/** Also of what a process left that died while it made one. */
function numberIn(name: string): number | undefined {
  const found = /^tls-tickets\.(\d+)(?:\.\d+)?$/.exec(name)?.[1];
  return found === undefined ? undefined : Number(found);
}
