import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { madeOnce } from './made-once.ts';
import { makeLikeAbove, writeLikeAbove } from './own-files.ts';

const keyOctets = 32;

/** The key in a file; `undefined` where there is none yet. Throws where it cannot be read, or is none. */
export function readKey(file: string): Buffer | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${file} holds no key`);
  return Buffer.from(text, 'hex');
}

/** The same, and makes one where there is none: of several processes that do it at once, one key stays. */
export function readOrMakeKey(file: string): Buffer {
  const write = (path: string) => {
    makeLikeAbove(dirname(file));
    writeLikeAbove(path, `${randomBytes(keyOctets).toString('hex')}\n`);
  };
  return madeOnce(file, () => readKey(file), write);
}
