import { execFileSync } from 'node:child_process';

/** Puts a file system of this size (as `mount` reads it) over a folder; the function that is returned takes it off. */
export function mountTmpfs(folder: string, size: string): () => void {
  asRoot('mount', '-t', 'tmpfs', '-o', `size=${size},mode=1777`, 'tmpfs', folder);
  return () => {
    asRoot('umount', '-l', folder);
  };
}

/** Needs root, or sudo: without either the test fails, and says so in their own words. */
function asRoot(...command: readonly [string, ...string[]]): void {
  const [program, ...rest] = process.getuid?.() === 0 ? command : (['sudo', ...command] as const);
  execFileSync(program, rest, { stdio: 'pipe' });
}
