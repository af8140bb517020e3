import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

/** Whether something failed for want of room, on the disk or of a quota. */
export function isDiskFull(error: unknown): boolean {
  const { code } = Object(error) as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Has what a file holds, or which files a folder has, outlast a loss of power. */
export async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

interface Syncs {
  running: Promise<void>;
  next?: Promise<void> | undefined;
}

const byFolder = new Map<string, Syncs>();

/** The same of a folder that many ask for: one at a time, and whoever asks meanwhile shares the next. */
export function syncShared(folder: string): Promise<void> {
  const syncs = byFolder.get(folder) ?? { running: Promise.resolve() };
  byFolder.set(folder, syncs);
  const begin = () => {
    syncs.next = undefined;
    return (syncs.running = sync(folder));
  };
  return (syncs.next ??= syncs.running.then(begin, begin));
}

/** Where a file is to be, and under which name it is written. */
export interface Place {
  readonly folder: string;
  readonly file: string;
  readonly temporary: string;
}

/**
 * Writes a file whole or not at all, and gives its path. `write` ends the stream, or destroys it. What a loss of power leaves
 * of its name is for `sync` of the folder to say.
 */
export async function writeWhole(
  { folder, file, temporary }: Place,
  write: (stream: Writable) => void,
): Promise<string> {
  const [path, unfinished] = [join(folder, file), join(folder, temporary)];
  const opened = await open(unfinished, 'wx');
  try {
    // A file that failed is closed by then: nothing is renamed before that is known.
    await written(opened.createWriteStream({ flush: true }), write);
    await rename(unfinished, path);
    return path;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function written(stream: Writable, write: (stream: Writable) => void): Promise<void> {
  const ended = finished(stream);
  try {
    write(stream);
  } catch (error) {
    stream.destroy(error as Error);
  }
  await ended;
}
