import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode, Failure } from '../output.ts';
import type { Ini, Sections } from './ini.ts';

/** A file to read. */
export interface Wanted {
  readonly file: string;
  /** Keys that the plugin declares as booleans, in the notation of haraka-config. */
  readonly booleans: readonly string[];
  /** The folder above the `config` with the plugin's defaults. */
  readonly defaults?: string | undefined;
}

/** Where Haraka finds a plugin's package, in its own order; `undefined` when it is not installed. */
export function findPlugin(dir: string, haraka: string, name: string): string | undefined {
  const candidates = [
    join(dir, 'node_modules', `haraka-plugin-${name}`),
    join(dir, '..', `haraka-plugin-${name}`),
    join(dir, 'plugins', name),
    join(haraka, 'node_modules', `haraka-plugin-${name}`),
    join(haraka, '..', `haraka-plugin-${name}`),
  ];
  return candidates.find((folder) => existsSync(join(folder, 'package.json')));
}

/**
 * Runs in a process of its own: haraka-config takes the directory from the variable HARAKA when it is loaded, watches
 * files, and complains on stdout about lines that it drops, which may hold passwords. The values come back by
 * descriptor 3; a key without a value as null, which JSON can carry.
 */
const program = `
const { createRequire } = require('node:module');
const { writeFileSync } = require('node:fs');
const { haraka, wanted } = JSON.parse(process.argv[1]);
const config = createRequire(haraka + '/package.json')('haraka-config');
const read = (defaults, file, options) => config.module_config(defaults, process.env.HARAKA).get(file, options);
const files = wanted.map(({ file, booleans, defaults }) => ({
  values: read(defaults ?? process.env.HARAKA, file, { booleans }),
  own: read(process.env.HARAKA, file),
}));
writeFileSync(3, JSON.stringify(files, (key, value) => (value === undefined ? null : value)));
process.exit();
`;

/** Reads ini files by the haraka-config of that Haraka; throws `Failure`. */
export function readInis(dir: string, haraka: string, wanted: readonly Wanted[]): Ini[] {
  const { HARAKA_TEST_DIR: _, ...env } = process.env;
  const { status, output } = spawnSync(
    process.execPath,
    ['-e', program, JSON.stringify({ haraka, wanted })],
    {
      env: { ...env, HARAKA: dir, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      encoding: 'utf8',
    },
  );
  const [, complaints, errors, values] = output;
  if (status !== 0 || !values) {
    const what = firstError(errors ?? '');
    throw new Failure(`the haraka-config of ${haraka} cannot be used: ${what}`, exitCode.unavailable);
  }
  const files = JSON.parse(values) as { values: Sections; own: Sections }[];
  return wanted.map(({ file }, index) => {
    const { values = {}, own = {} } = files[index] ?? {};
    return { file, values, own, dropped: droppedLines(join(dir, 'config', file), complaints ?? '') };
  });
}

function firstError(errors: string): string {
  return errors.split('\n').find((line) => line.includes('Error')) ?? 'it ended without a word';
}

/** The numbers of the lines of a file that haraka-config complained about; of a continued line the last. */
function droppedLines(path: string, complaints: string): number[] {
  const opening = `Invalid line in config file '${path}': `;
  const invalid = complaints.split('\n').filter((line) => line.startsWith(opening));
  if (invalid.length === 0) return [];
  const texts = new Set(invalid.map((line) => line.slice(opening.length)));
  let begun = '';
  return readFileSync(path, 'utf8')
    .split(/\r\n|\r|\n/)
    .flatMap((line, index) => {
      if (/^\s*(?:[;#]|$)/.test(line)) return [];
      const whole = begun + line.replace(/\\[ \t]*$/, '');
      begun = /\\[ \t]*$/.test(line) ? whole : '';
      return texts.has(whole) ? [index + 1] : [];
    });
}
