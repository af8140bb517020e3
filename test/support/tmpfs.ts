import { randomUUID } from 'node:crypto';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asRoot } from './as-root.ts';

/** Puts a file system of this size (as `mount` reads it) over a folder; the function that is returned takes it off. */
export function mountTmpfs(folder: string, size: string): () => void {
  asRoot('mount', '-t', 'tmpfs', '-o', `size=${size},mode=1777`, 'tmpfs', folder);
  return () => {
    asRoot('umount', '-l', folder);
  };
}

/** Takes all the room that there is on a small file system; the function that is returned gives it back. */
export function fill(folder: string): () => void {
  const ballast = join(folder, `__tmp__.${randomUUID()}`);
  try {
    writeFileSync(ballast, Buffer.alloc(statfsSync(folder).bavail * 4096));
  } catch (error) {
    // Somebody else has taken some of it meanwhile: it is full all the same.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return () => {
    rmSync(ballast);
  };
}
