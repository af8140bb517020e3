import { asRoot } from './as-root.ts';

/** Puts a file system of this size (as `mount` reads it) over a folder; the function that is returned takes it off. */
export function mountTmpfs(folder: string, size: string): () => void {
  asRoot('mount', '-t', 'tmpfs', '-o', `size=${size},mode=1777`, 'tmpfs', folder);
  return () => {
    asRoot('umount', '-l', folder);
  };
}
