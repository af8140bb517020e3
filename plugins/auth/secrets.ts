import { readFileSync, statSync } from 'node:fs';
import type { DirectorySecrets } from '../core/directory/ldap.ts';
import type { DirectorySettings } from '../core/directory/settings.ts';
import { configPath } from '../core/haraka/instance.ts';
import { Secret } from '../core/secret.ts';

const passwordVariable = 'GATEKEEPER_LDAP_PASSWORD';

/** The files that hold what the settings only name. */
export function directorySecretFiles({ ca_file, bind_password_file }: DirectorySettings): readonly string[] {
  return [ca_file, bind_password_file].flatMap((file) => (file === undefined ? [] : [configPath(file)]));
}

/** Reads what the settings only name; throws an error that says what to do about a file. */
export function readDirectorySecrets(settings: DirectorySettings): DirectorySecrets {
  const ca = settings.ca_file === undefined ? undefined : readText(configPath(settings.ca_file));
  return { bindPassword: readBindPassword(settings), ...(ca !== undefined && { ca }) };
}

function readBindPassword({ bind_password_file: file }: DirectorySettings): Secret {
  const fromEnvironment = process.env[passwordVariable];
  if (fromEnvironment) return Secret.fromText(fromEnvironment);
  if (file === undefined) {
    throw new Error(`directory.bind_password_file is not set, nor is the variable ${passwordVariable}`);
  }
  const path = configPath(file);
  const password = readText(path).replace(/\r?\n$/, '');
  if (password === '') throw new Error(`${path} is empty: it must hold the password of directory.bind_dn`);
  if (statSync(path).mode & 0o007) throw new Error(`${path} can be read by everybody: chmod 640 or stricter`);
  return Secret.fromText(password);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}
