import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { deepFreeze } from '../deep-freeze.ts';
import { keyMeant, nearest } from './did-you-mean.ts';
import type { Path } from './schema-tree.ts';
import { placeOf, SettingsDocument, SettingsError, type Place } from './document.ts';
import { MergedDocuments } from './merged.ts';
import { settingsSchema, type Settings } from './settings.ts';

/** Settings with the places that they come from. */
export interface SettingsOnDisk {
  readonly settings: Settings;
  /** Where a setting stands, its whole section or list where it does not stand by itself; `undefined` for a default. */
  readonly origin: (path: Path) => Place | undefined;
}

/** The files of the settings in a folder `config`: `gatekeeper.yaml`, and in order of their names `gatekeeper.d/*.yaml`. */
export function settingsFiles(configDir: string): readonly string[] {
  const folder = join(configDir, 'gatekeeper.d');
  return [join(configDir, 'gatekeeper.yaml'), ...registryFiles(folder).map((name) => join(folder, name))];
}

/** Reads and checks the settings of a folder `config`; throws `SettingsError`. */
export function readSettings(configDir: string): SettingsOnDisk {
  const [main = '', ...others] = settingsFiles(configDir);
  const misnamed = others.filter((file) => file.endsWith('.yml'));
  if (misnamed.length > 0) {
    throw new SettingsError(misnamed.map((file) => `${file}: is not read; name it .yaml`).join('\n'));
  }
  return checked(
    new SettingsDocument(textOf(main), main),
    others.map((file) => new SettingsDocument(textOf(file), file)),
  );
}

/** Checks the text of one settings file; `file` is its name in messages. Throws `SettingsError`. */
export function parseSettings(text: string, file: string): Settings {
  return checked(new SettingsDocument(text, file), []).settings;
}

/** Characters of all settings together: they must fit in the environment of a process, which holds 2 MiB on most systems. */
const longest = 1024 * 1024;

function tooLong({ length }: string): string {
  return `with its lists and those of gatekeeper.d this is ${length} characters, ${longest} are possible`;
}

function registryFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^[^.].*\.ya?ml$/.test(name))
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A link that leads nowhere is no folder that nobody wanted: what should be there protects somebody.
    if (code === 'ENOENT' && !lstatSync(folder, { throwIfNoEntry: false })) return [];
    throw new SettingsError(`${folder}: cannot be read (${code})`);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new SettingsError(`${file}: cannot be read (${code}); a sample is in the package's folder config/`);
  }
}

function checked(main: SettingsDocument, others: readonly SettingsDocument[]): SettingsOnDisk {
  const faults = [main, ...others].flatMap((document) => document.faults);
  if (faults.length > 0) throw new SettingsError(faults.join('\n'));
  const merged = new MergedDocuments(main, others);
  const result = settingsSchema.safeParse(merged.content, { reportInput: true });
  if (!result.success) {
    const mistakes = result.error.issues.flatMap(splitIssue);
    throw new SettingsError(mistakes.map((mistake) => mistakeLine(merged, mistake)).join('\n'));
  }
  const policy = deepFreeze(result.data);
  const text = JSON.stringify(policy);
  if (text.length > longest) throw new SettingsError(`${main.file}:1:1: ${tooLong(text)}`);
  const digest = createHash('sha256').update(text).digest('hex');
  return { settings: { policy, revision: digest.slice(0, 12) }, origin: (path) => merged.origin(path) };
}

interface Mistake {
  readonly path: Path;
  readonly message: string;
}

/** One mistake for each unknown key, so that each has its own line. */
function splitIssue(issue: z.core.$ZodIssue): Mistake[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: wording(issue) }];
  return issue.keys.map((key) => {
    const path = [...issue.path, key];
    return { path, message: `unknown key${orMeant(keyMeant(path))}` };
  });
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is missing';
  if (issue.input === null) return 'has no value';
  if (issue.code === 'invalid_format' && issue.format === 'date') return 'is no date like 2026-12-31';
  const message = issue.message
    .replace(/^Invalid (?:input|option): /, '')
    .replace('expected boolean', 'expected true or false');
  const isWord = issue.code === 'invalid_value' && typeof issue.input === 'string';
  return isWord ? message + orMeant(nearest(issue.input, issue.values.map(String))) : message;
}

function orMeant(meant: string | undefined): string {
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function mistakeLine(merged: MergedDocuments, { path, message }: Mistake): string {
  const key = path.map(String).join('.');
  return `${placeOf(merged.place(path))}: ${key === '' ? '' : `${key}: `}${message}`;
}
