import { constants, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode, Failure } from '../output.ts';
import { usersLdif } from './flat-file.ts';
import type { Plan } from './plan.ts';
import { editPlugins } from './plugins-file.ts';
import { passwordFile } from './settings-text.ts';

/** A file that must not be there yet. */
export interface NewFile {
  readonly path: string;
  readonly create: () => void;
}

/** The files of `--write`, in the folder `config` of a Haraka. */
export function configFiles(config: string, { settings, proposed }: Plan): NewFile[] {
  const password = proposed.directory?.password;
  const secret = password && file(join(config, passwordFile), 0o600, (use) => password.reveal(use));
  const before = join(config, 'plugins.before-gatekeeper');
  return [
    file(join(config, 'gatekeeper.yaml'), 0o644, (use) => use(settings)),
    ...(secret ? [secret] : []),
    { path: before, create: () => copyFileSync(join(config, 'plugins'), before, constants.COPYFILE_EXCL) },
  ];
}

/** The file of `--ldif`. */
export function ldifFile(path: string, { users }: Plan, base: string): NewFile {
  return file(path, 0o600, (use) => use(usersLdif(users, base)));
}

function file(path: string, mode: number, lend: (use: (content: string | Buffer) => void) => void): NewFile {
  return { path, create: () => lend((content) => writeFileSync(path, content, { mode, flag: 'wx' })) };
}

/** Creates all of the files or none; throws `Failure`, also when one of them is there already. */
export function createAll(files: readonly NewFile[]): void {
  const there = files.filter(({ path }) => existsSync(path)).map(({ path }) => path);
  if (there.length > 0) {
    throw new Failure(
      `never overwritten, and there already: ${there.join(', ')}; nothing was written`,
      exitCode.cantCreate,
    );
  }
  const ours: string[] = [];
  try {
    for (const { path, create } of files) {
      ours.push(path);
      create();
    }
  } catch (error) {
    // The last one is half written, or was made by somebody else meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') ours.pop();
    for (const path of ours) rmSync(path, { force: true });
    throw new Failure(`${(error as Error).message}; nothing was written`, exitCode.cantCreate);
  }
}

/** Changes `config/plugins` where it stands; octets that are no UTF-8 stay what they were. */
export function changePlugins(config: string, { found, proposed }: Plan): void {
  const path = join(config, 'plugins');
  const names = found.map(({ name }) => name);
  writeFileSync(
    path,
    editPlugins(readFileSync(path, 'latin1'), names, proposed.roles?.value).after,
    'latin1',
  );
}
