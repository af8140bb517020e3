import { chownSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

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
