import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const { R_OK: read, W_OK: write, X_OK: enter } = constants;

/** What a gateway uses again and again while it runs, as the user that Haraka has become by then. */
export interface Uses {
  /** Folders that it writes to, by the setting that names each. */
  readonly folders: Readonly<Record<string, string>>;
  /** Files, and folders of files, that it reads. */
  readonly files: readonly string[];
}

/** Who uses them. */
export interface User {
  readonly user: string;
  readonly group?: string | undefined;
  /** Whether root makes folders that are missing before it becomes that user. */
  readonly isGivenFolders: boolean;
}

/** What the user that this process runs as cannot do of it, a line for each, with the command that mends it: the system is asked. */
export function reachProblems({ folders, files }: Uses, who: User): string[] {
  return [
    ...Object.entries(folders).flatMap(([setting, folder]) => {
      const problem = folderProblem(folder, who);
      return problem === undefined ? [] : [`${setting}: ${problem}`];
    }),
    ...files.flatMap((file) => readProblem(file, who) ?? []),
  ];
}

function folderProblem(folder: string, who: User): string | undefined {
  const code = refused(folder, read | write | enter);
  if (code === 'ENOENT') return missingProblem(folder, who);
  if (code !== undefined) return blocked(folder, who) ?? cannot('write', folder, code, who);
  // What root has left in it is as bad.
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const inside = refused(path, isFolder(path) ? read | write | enter : read | write);
    if (inside !== undefined && inside !== 'ENOENT') return cannot('write', path, inside, who, folder);
  }
  return undefined;
}

function missingProblem(folder: string, who: User): string | undefined {
  let above = dirname(folder);
  while (refused(above, constants.F_OK) === 'ENOENT') above = dirname(above);
  const code = refused(above, who.isGivenFolders ? enter : write | enter);
  if (code === undefined) return undefined;
  if (who.isGivenFolders) return blocked(folder, who) ?? `${who.user} cannot enter ${above} (${code})`;
  const made = `mkdir -p ${folder} && chown ${ownerOf(who)} ${folder}`;
  return `${who.user} cannot make ${folder}: ${above} cannot be written (${code}): ${made}`;
}

function readProblem(path: string, who: User): string | undefined {
  const code = refused(path, isFolder(path) ? read | enter : read);
  // What is missing is told by who reads it.
  if (code === undefined || code === 'ENOENT') return undefined;
  return blocked(path, who) ?? cannot('read', path, code, who);
}

/** A folder on the way that the user cannot pass. */
function blocked(path: string, { user }: User): string | undefined {
  const above = foldersAbove(path).find((folder) => refused(folder, enter) === 'EACCES');
  return (
    above && `${user} cannot reach ${path}, since ${above} cannot be entered (EACCES): chmod o+x ${above}`
  );
}

function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [...foldersAbove(above), above];
}

function cannot(what: 'read' | 'write', path: string, code: string, who: User, whole = path): string {
  const says = `${who.user} cannot ${what} ${path} (${code})`;
  // Of a file system that is read-only, it is not the owner that is wrong.
  if (code !== 'EACCES') return says;
  if (what === 'write') return `${says}: chown -R ${ownerOf(who)} ${whole}`;
  if (who.group === undefined) return `${says}: chown ${who.user} ${path}`;
  return `${says}: chgrp ${who.group} ${path} && chmod g+rX ${path}`;
}

function ownerOf({ user, group }: User): string {
  return group === undefined ? user : `${user}:${group}`;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Why not, as a code of the system. */
function refused(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
