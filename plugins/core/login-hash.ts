import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { readKey, readOrMakeKey } from './key-file.ts';

/** What stands for an account where the world can read it: who has the key can tell whose it is, and nobody else. */
export const loginHashForm = /^[0-9a-f]{32}$/i;

/** The hash of the stable id of an identity: the first 128 bits of HMAC-SHA-256. */
export function loginHash(key: Buffer, id: string): string {
  return createHmac('sha256', key).update(`received\0${id}`).digest('hex').slice(0, 32);
}

/** The key in a data directory; `undefined` where there is none yet. Throws where it cannot be read, or is none. */
export function readLoginKey(directory: string): Buffer | undefined {
  return readKey(keyFile(directory));
}

/** The same, and makes one where there is none. */
export function loginKey(directory: string): Buffer {
  return readOrMakeKey(keyFile(directory));
}

function keyFile(directory: string): string {
  return join(directory, 'received.key');
}
