import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { exitCode, Failure } from './output.ts';

/** The Haraka that would be started: as given, else the one installed in its directory, else that of the command `haraka`. */
export function findHaraka(dir: string, given: string | undefined): string {
  if (given !== undefined) {
    if (isHaraka(resolve(given))) return resolve(given);
    throw new Failure(`${given} is no package of Haraka: it has no server.js`, exitCode.usage);
  }
  const found = installedIn(dir) ?? inPath();
  if (found !== undefined) return found;
  throw new Failure(
    `no Haraka found in ${dir} or in PATH; --haraka-package PATH names one, such as /usr/lib/node_modules/haraka`,
    exitCode.usage,
  );
}

/** Version of the package in a folder, as its manifest says. */
export function versionOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

function installedIn(dir: string): string | undefined {
  try {
    return dirname(createRequire(join(dir, 'package.json')).resolve('haraka/package.json'));
  } catch {
    return undefined;
  }
}

function inPath(): string | undefined {
  const commands = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'haraka'));
  return commands
    .filter((command) => existsSync(command))
    .map((command) => dirname(dirname(realpathSync(command))))
    .find(isHaraka);
}

function isHaraka(path: string): boolean {
  return existsSync(join(path, 'server.js')) && existsSync(join(path, 'plugins.js'));
}
