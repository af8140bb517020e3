import { linkSync, rmSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

/**
 * What a file holds, which is made where it is not there: of several processes or threads that do it at once, the file of one stays. `read`
 * gives nothing where there is none; `write` makes one at another path. Throws as they do, and where it was taken away meanwhile.
 */
export function madeOnce<T>(file: string, read: () => T | undefined, write: (path: string) => void): T {
  const known = read();
  if (known !== undefined) return known;
  // Threads of a process are as far apart as processes are.
  const mine = `${file}.${process.pid}-${threadId}`;
  write(mine);
  try {
    linkSync(mine, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(mine, { force: true });
  }
  const made = read();
  if (made === undefined) throw new Error(`${file} was taken away`);
  return made;
}
