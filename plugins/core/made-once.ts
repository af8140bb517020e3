import { linkSync, rmSync } from 'node:fs';

/**
 * What a file holds, which is made where it is not there: of several processes that do it at once, the file of one stays. `read`
 * gives nothing where there is none; `write` makes one at another path. Throws as they do, and where it was taken away meanwhile.
 */
export function madeOnce<T>(file: string, read: () => T | undefined, write: (path: string) => void): T {
  const known = read();
  if (known !== undefined) return known;
  const mine = `${file}.${process.pid}`;
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
