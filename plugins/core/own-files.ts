import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lchownSync,
  mkdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { link, mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sync } from './durable.ts';

/** Makes a folder that belongs to whom the one above it does, so that what root's command makes is Haraka's to read. */
export async function makeLike(above: string, folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) await giveLike(above, folder);
}

/** Gives a file or folder, which must be no symbolic link, to whom another one belongs; nobody but root needs to. */
export async function giveLike(other: string, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(other);
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.chown(uid, gid);
  } finally {
    await file.close();
  }
}

/**
 * Writes a file to a folder, whole or not at all, for whom another file or folder belongs to, and its owner alone to read. Rejects with
 * EEXIST where there is one of that name: of several that come at once, the first stays.
 */
export async function writeNew(other: string, folder: string, name: string, text: string): Promise<void> {
  const file = join(folder, name);
  const temporary = `${file}.${randomUUID()}.new`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
    await giveLike(other, temporary);
    await link(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  await sync(folder);
}

/** The sorted names of files in a folder; none, where there is no folder. */
export async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Makes a folder with all that is missing above it, each of which belongs to whom the one above it does. */
export function makeLikeAbove(folder: string): void {
  if (existsSync(folder)) return;
  const above = dirname(folder);
  makeLikeAbove(above);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  const { uid, gid } = statSync(above);
  if (process.getuid?.() === 0) chownSync(folder, uid, gid);
}

/** As root, makes a folder for a user, who can pass through what is missing above it; one that is there stays as it is. */
export function makeFor(uid: number, folder: string): void {
  if (existsSync(folder)) return;
  makePassable(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
  lchownSync(folder, uid, -1);
}

function makePassable(folder: string): void {
  if (existsSync(folder)) return;
  makePassable(dirname(folder));
  mkdirSync(folder);
  // Whatever the umask is.
  chmodSync(folder, 0o755);
}

/** Writes a file anew, to be read by its owner alone, who is that of its folder. It is on disk then. */
export function writeLikeAbove(file: string, content: string): void {
  rmSync(file, { force: true });
  writeFileSync(file, content, { mode: 0o600, flag: 'wx', flush: true });
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(file));
  lchownSync(file, uid, gid);
}
