import { statSync } from 'node:fs';

/** How each file looked, by its path. */
export type Looks = ReadonlyMap<string, string>;

/** How files look now: what has changed looks otherwise, also where a symbolic link has another target. */
export function looksOf(paths: readonly string[]): Looks {
  return new Map(paths.map((path) => [path, lookOf(path)]));
}

/** With the time of the last change of any kind: a file may be replaced by one of the same size and age. */
function lookOf(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/** Whether nothing has changed, and there are the same files. */
export function looksSame(now: Looks, then: Looks): boolean {
  return now.size === then.size && [...now].every(([path, look]) => then.get(path) === look);
}
