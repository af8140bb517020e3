import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { madeOnce } from './made-once.ts';

/** What stands for an account where the world can read it: who has the key can tell whose it is, and nobody else. */
export const loginHashForm = /^[0-9a-f]{32}$/i;

const keyOctets = 32;

/** The hash of the stable id of an identity: the first 128 bits of HMAC-SHA-256. */
export function loginHash(key: Buffer, id: string): string {
  return createHmac('sha256', key).update(`received\0${id}`).digest('hex').slice(0, 32);
}

/** The key in a data directory; `undefined` where there is none yet. Throws where it cannot be read, or is none. */
export function readLoginKey(directory: string): Buffer | undefined {
  let text: string;
  try {
    text = readFileSync(keyFile(directory), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${keyFile(directory)} holds no key`);
  return Buffer.from(text, 'hex');
}

/** The same, and makes one where there is none: of several processes that do it at once, one key stays. */
export function loginKey(directory: string): Buffer {
  const write = (path: string) => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(path, `${randomBytes(keyOctets).toString('hex')}\n`, { mode: 0o600, flush: true });
  };
  return madeOnce(keyFile(directory), () => readLoginKey(directory), write);
}

function keyFile(directory: string): string {
  return join(directory, 'received.key');
}
