import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Directory } from '../core/directory/directory.ts';
import { openDirectories } from '../core/directory/directories.ts';
import { presetOf } from '../core/directory/presets.ts';
import { readSettings } from '../core/settings/file.ts';
import type { Policy, Settings } from '../core/settings/settings.ts';
import { exitCode, Failure, type Globals } from './output.ts';

/** Where a setting comes from: `FILE:LINE`, the file relative to the directory of Haraka, `preset NAME` or `default`. */
export type Source = (path: readonly PropertyKey[]) => string;

/** A Haraka with the gateway in it. */
export interface Installation {
  /** The parent of `config/`. */
  readonly dir: string;
  readonly settings: Settings;
  readonly source: Source;
}

/** Where Haraka's own packages for Debian and its documentation put it. */
const usualDirectory = '/etc/haraka';

/** The directory of Haraka: as the option says, else the environment, else here if it has config/FILE or is one of Haraka's, else the usual one. */
export function harakaDirectory(command: Command, file = 'gatekeeper.yaml'): string {
  const { haraka = process.env['HARAKA'] } = command.optsWithGlobals<Globals>();
  if (haraka) return resolve(haraka);
  return existsSync(join('config', file)) || isOfHaraka() ? process.cwd() : usualDirectory;
}

/** Where somebody has forgotten to copy our settings. */
function isOfHaraka(): boolean {
  return ['smtp.ini', 'plugins'].every((name) => existsSync(join('config', name)));
}

/** The Haraka that a command is about, with its settings; throws `SettingsError`. */
export function installationOf(command: Command): Installation {
  const dir = harakaDirectory(command);
  const config = join(dir, 'config');
  if (!existsSync(config)) {
    throw new Failure(
      `${dir} is no directory of a Haraka: it has no config/; --haraka DIR names another`,
      exitCode.configuration,
    );
  }
  return readInstallation(dir);
}

/** The same of a directory that is one; throws `SettingsError`. */
export function readInstallation(dir: string): Installation {
  const { settings, origin } = readSettings(join(dir, 'config'));
  const source: Source = (path) => {
    const place = origin(path);
    return place
      ? `${relative(dir, place.file)}:${place.line}`
      : (presetBehind(settings.policy, path) ?? 'default');
  };
  return { dir, settings, source };
}

function presetBehind(
  { directory: others, directories }: Policy,
  [section, ...below]: readonly PropertyKey[],
): string | undefined {
  const isEntry = section === 'directories';
  const directory = isEntry ? directories[Number(below[0])] : others;
  const key = below[isEntry ? 1 : 0] ?? '';
  if ((!isEntry && section !== 'directory') || directory === undefined) return undefined;
  const isOfTemplate = key === 'filter' && directory.bind_template !== undefined;
  const isGiven = key in presetOf(directory.preset) && !isOfTemplate;
  return isGiven ? `preset ${directory.preset}` : undefined;
}

/** The same for a command that needs none: `undefined` where nothing names one, and none is in the usual places. */
export function installationIfAny(command: Command): Installation | undefined {
  const isNamed = Boolean(command.optsWithGlobals<Globals>().haraka ?? process.env['HARAKA']);
  const isThere = existsSync(join(harakaDirectory(command), 'config/gatekeeper.yaml'));
  return isNamed || isThere ? installationOf(command) : undefined;
}

/** Asks the directory of the settings as the gateway would; `note` hears what the gateway would have in its log. */
export async function askDirectory<T>(
  { dir, settings }: Installation,
  ask: (directory: Directory) => Promise<T>,
  note: (message: string) => void,
): Promise<T> {
  const directory = openDirectory(dir, settings.policy, note);
  try {
    return await ask(directory);
  } finally {
    directory.close();
  }
}

function openDirectory(dir: string, policy: Policy, note: (message: string) => void): Directory {
  try {
    return openDirectories(policy, { config: join(dir, 'config'), log: note });
  } catch (error) {
    throw new Failure((error as Error).message, exitCode.configuration);
  }
}
