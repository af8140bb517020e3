import { statSync } from 'node:fs';
import { readText } from './read-text.ts';
import { Secret } from './secret.ts';

/** Where a password comes from: a variable of the environment, or a file of the folder `config`. */
export type PasswordSource = { readonly variable: string } | { readonly file: string };

/** The variable wins, when it is set; `undefined` when there is neither. */
export function passwordSource(variable: string, file: string | undefined): PasswordSource | undefined {
  if (process.env[variable]) return { variable };
  return file === undefined ? undefined : { file };
}

/** The password in a file that the settings name; throws an error that says what to do about the file. `whose` is in words. */
export function readPasswordFile(path: string, whose: string): Secret {
  return readSecretFile(path, `the password of ${whose}`);
}

/** The same of another secret, which `what` names in words. */
export function readSecretFile(path: string, what: string): Secret {
  const text = readText(path).replace(/\r?\n$/, '');
  if (text === '') throw new Error(`${path} is empty: it must hold ${what}`);
  if (statSync(path).mode & 0o007) throw new Error(`${path} can be read by everybody: chmod 640 or stricter`);
  return Secret.fromText(text);
}
