import { join } from 'node:path';
import { passwordSource, readPasswordFile, type PasswordSource } from '../password-file.ts';
import { readText } from '../read-text.ts';
import { Secret } from '../secret.ts';
import type { DirectorySecrets } from './ldap.ts';
import type { DirectorySettings } from './settings.ts';
import { passwordVariable, type DirectorySource } from './sources.ts';

/** The files of the folder `config` that hold what the settings only name. */
export function directorySecretFiles(settings: DirectorySettings, config: string): readonly string[] {
  const files = [settings.ca_file, settings.bind_password_file];
  return files.flatMap((file) => (file === undefined ? [] : [join(config, file)]));
}

/** Reads what the settings only name; throws an error that says what to do about a file. */
export function readDirectorySecrets(source: DirectorySource, config: string): DirectorySecrets {
  const { settings } = source;
  const ca = settings.ca_file === undefined ? undefined : readText(join(config, settings.ca_file));
  return { bindPassword: readBindPassword(source, config), ...(ca !== undefined && { ca }) };
}

/** Where the password of `bind_dn` comes from; `undefined` when nothing names one. */
export function bindPasswordSource({ settings, entry }: DirectorySource): PasswordSource | undefined {
  return passwordSource(passwordVariable(entry?.name), settings.bind_password_file);
}

function readBindPassword(directory: DirectorySource, config: string): Secret {
  const { key, entry } = directory;
  const source = bindPasswordSource(directory);
  if (source === undefined) {
    const variable = passwordVariable(entry?.name);
    throw new Error(`${key}.bind_password_file is not set, nor is the variable ${variable}`);
  }
  if ('variable' in source) return Secret.fromText(process.env[source.variable] ?? '');
  return readPasswordFile(join(config, source.file), `${key}.bind_dn`);
}
