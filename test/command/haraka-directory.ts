import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readInputs } from '../../plugins/command/import/inputs.ts';
import { booleansOf, planFor, type Inputs, type Plan } from '../../plugins/command/import/plan.ts';
import { sources, type SourceName } from '../../plugins/command/import/plugins-file.ts';
import { readInis } from '../../plugins/command/import/reader.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import type { Policy } from '../../plugins/core/settings/settings.ts';
import { gatekeeper } from '../support/command.ts';

const root = join(import.meta.dirname, '../..');

const haraka = join(root, 'node_modules/haraka');

/** Where the command `haraka` is. */
const programs = join(root, 'node_modules/.bin');

const main = join(root, 'dist/command/main.js');

/** Files of a Haraka directory: path and content. */
export type Files = Readonly<Record<string, string>>;

const made: string[] = [];
process.once('exit', () => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});

/** A directory as `haraka -i` leaves it, as far as the command looks at it. */
export function makeHaraka(files: Files, name = 'mail'): string {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-import-'));
  made.push(base);
  const dir = join(base, name);
  mkdirSync(dir);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), content);
  }
  return dir;
}

/** How a run of the command ended. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `gatekeeper import` in a directory; `path` replaces the folders that are searched for Haraka. */
export async function importIn(dir: string, args: readonly string[] = [], path = programs): Promise<Run> {
  const env = { PATH: `${path}:${dirname(process.execPath)}` };
  const { code, out, err } = await gatekeeper(['import', ...args], { cwd: dir, env });
  return { code, stdout: out, stderr: err };
}

/** Puts the command where npm would, and gives the environment to run it in from a shell. */
export function withCommand(dir: string): NodeJS.ProcessEnv {
  const { HARAKA: _, ...env } = process.env;
  const bin = join(dir, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  const program = [process.execPath, main].map((word) => JSON.stringify(word)).join(' ');
  writeFileSync(join(bin, 'gatekeeper'), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 });
  return { ...env, PATH: `${env['PATH'] ?? ''}:${programs}` };
}

/** A plan, with the settings as they load. */
export type Loaded = Plan & { readonly policy: Policy };

/** What is proposed for config files. */
export function planOf(config: Files): Loaded {
  const files = Object.entries(config).map(([name, content]) => [
    name.includes('/') ? name : `config/${name}`,
    content,
  ]);
  process.env['PATH'] = programs;
  return loaded(readInputs(makeHaraka(Object.fromEntries(files) as Files), {}));
}

function loaded(inputs: Inputs): Loaded {
  const plan = planFor(inputs);
  if (plan === undefined) throw new Error('nothing to migrate');
  return { ...plan, policy: parseSettings(plan.settings, 'gatekeeper.yaml').policy };
}

/**
 * What is proposed for each of many texts of one plugin's file, without its defaults. They are read in one go, since
 * starting Node.js takes long.
 */
export function plansOf<T extends string>(
  name: SourceName,
  texts: readonly T[],
  base?: string,
): Map<T, Loaded> {
  const files = texts.map((text, index) => [`config/${index}.ini`, text]);
  const dir = makeHaraka(Object.fromEntries(files) as Files);
  const booleans = booleansOf[name];
  const wanted = texts.map((_, index) => ({ file: `${index}.ini`, booleans }));
  const [smtp, ...inis] = readInis(dir, haraka, [{ file: 'smtp.ini', booleans: [] }, ...wanted]);
  assert.ok(smtp);
  return new Map(
    texts.map((text, index) => {
      const ini = { ...(inis[index] ?? smtp), file: sources[name] };
      const listed = [{ name, line: 1 }];
      return [text, loaded({ plugins: `${name}\n`, listed, inis: { [name]: ini }, smtp, base })];
    }),
  );
}

/** The notes as one text. */
export function notesOf({ notes }: Plan): string {
  return notes.map(({ about, text }) => `${about}: ${text}`).join('\n');
}

/** All files below a directory with their content. */
export function contentsOf(dir: string): Files {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(dir.length + 1), readFileSync(path, 'latin1')]));
}
