import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument, type Document, type YAMLError } from 'yaml';
import { z } from 'zod';
import { settingsSchema, type Settings } from './settings.ts';

/** Settings that cannot be meant. The message has one line `FILE:LINE:COLUMN: KEY: what is wrong` for each mistake. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

type Path = readonly PropertyKey[];

/** Reads and checks a settings file; throws `SettingsError`. */
export function readSettingsFile(file: string): Settings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new SettingsError(`${file}: cannot be read (${code}); a sample is in the package's folder config/`);
  }
  return parseSettings(text, file);
}

/** Checks the text of a settings file; `file` is its name in messages. */
export function parseSettings(text: string, file: string): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) throw new SettingsError(faults.map((fault) => yamlFault(file, fault)).join('\n'));
  const result = settingsSchema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (!result.success) {
    const issues = result.error.issues.flatMap(splitIssue);
    throw new SettingsError(issues.map((issue) => `${file}:${place(document, lines, issue)}`).join('\n'));
  }
  const policy = deepFreeze(result.data);
  const digest = createHash('sha256').update(JSON.stringify(policy)).digest('hex');
  return { policy, revision: digest.slice(0, 12) };
}

function yamlFault(file: string, fault: YAMLError): string {
  const at = fault.linePos?.[0];
  const message = fault.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '');
  return `${file}:${at?.line ?? 1}:${at?.col ?? 1}: ${message}`;
}

interface Mistake {
  readonly path: Path;
  readonly message: string;
}

/** One mistake for each unknown key, so that each has its own line. */
function splitIssue(issue: z.core.$ZodIssue): Mistake[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: wording(issue) }];
  return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown key' }));
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is missing';
  if (issue.input === null) return 'has no value';
  return issue.message.replace(/^Invalid input: /, '');
}

function place(document: Document, lines: LineCounter, { path, message }: Mistake): string {
  const { line, col } = lines.linePos(offsetOf(document, path));
  const key = path.map(String).join('.');
  return `${line}:${col}: ${key === '' ? '' : `${key}: `}${message}`;
}

/** Where the deepest part of a path that is in the file stands: its key, or its value in a list. */
function offsetOf(document: Document, path: Path): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = document.getIn(path.slice(0, depth - 1), true) ?? document.contents;
    const offset = offsetWithin(parent, path[depth - 1]);
    if (offset !== undefined) return offset;
  }
  return 0;
}

function offsetWithin(parent: unknown, key: PropertyKey | undefined): number | undefined {
  const items = (parent as { items?: unknown[] } | null)?.items;
  if (!Array.isArray(items)) return undefined;
  const item =
    typeof key === 'number' ? items[key] : items.find((pair) => String(keyOf(pair)) === String(key));
  const node = typeof key === 'number' ? item : (item as { key?: unknown } | undefined)?.key;
  return (node as { range?: [number, number, number] } | undefined)?.range?.[0];
}

function keyOf(pair: unknown): unknown {
  return (pair as { key?: { value?: unknown } }).key?.value;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
