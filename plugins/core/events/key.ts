import { join } from 'node:path';
import { readKey, readOrMakeKey } from '../key-file.ts';

/** The key by which events name who is not to be named: made once in a data directory, and the same for all its processes. */
export function readOrMakeEventsKey(directory: string): Buffer {
  return readOrMakeKey(fileIn(directory));
}

/** The same for who only looks; `undefined` where there is none yet. */
export function readEventsKey(directory: string): Buffer | undefined {
  return readKey(fileIn(directory));
}

function fileIn(directory: string): string {
  return join(directory, 'events.key');
}
