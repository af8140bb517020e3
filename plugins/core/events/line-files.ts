import {
  closeSync,
  existsSync,
  fstatSync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sync } from '../durable.ts';
import { rotatedNumbers } from './rotated-lines.ts';

/** A lock older than this was left by a process that died: nobody holds it while it waits for the disk. */
const staleAfterMs = 10_000;

/** How long, and how often, it is waited for others. */
const waitMs = 15_000;
const lookEveryMs = 3;

/** A longer line is no event. */
const longestLine = 1024 * 1024;

/** A file and those before it, by its path: `FILE.1` is the newest of them. */
export class LineFiles {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #keep: number;

  constructor(path: string, limits: { readonly maxBytes: number; readonly keep: number }) {
    this.path = path;
    this.#maxBytes = limits.maxBytes;
    this.#keep = limits.keep;
  }

  /** The newest first. */
  get paths(): readonly string[] {
    return [this.path, ...this.#numbers().map((number) => `${this.path}.${number}`)];
  }

  /** Octets of all of them. */
  get size(): number {
    return this.paths.reduce((sum, path) => sum + sizeOf(path), 0);
  }

  /** Does what no other process may do at the same time; what it does is short. */
  async locked<T>(work: () => T): Promise<T> {
    const lock = `${this.path}.lock`;
    mkdirSync(dirname(this.path), { recursive: true });
    const end = performance.now() + waitMs;
    while (!takeLock(lock)) {
      await delay(lookEveryMs);
      if (performance.now() > end) throw new Error(`${lock} is held by somebody else`);
    }
    try {
      return work();
    } finally {
      rmSync(lock, { force: true });
    }
  }

  /** Appends lines that are made of the last line there is. They are on disk when it resolves; where it cannot, none are there. */
  async append(make: (last: string | undefined) => readonly string[]): Promise<void> {
    const { file, isNew } = await this.locked(() => this.#write(make));
    try {
      await promisify(fsync)(file);
    } finally {
      closeSync(file);
    }
    if (isNew) await sync(dirname(this.path));
  }

  #write(make: (last: string | undefined) => readonly string[]): { file: number; isNew: boolean } {
    const file = openSync(this.path, 'a+', 0o640);
    const before = wholeLines(file);
    try {
      const last = lastLine(file, before) ?? lastLineOf(`${this.path}.1`);
      writeAll(file, make(last));
    } catch (error) {
      ftruncateSync(file, before);
      closeSync(file);
      throw error;
    }
    const isFull = fstatSync(file).size >= this.#maxBytes;
    if (isFull) this.rotate(this.#keep);
    return { file, isNew: isFull || before === 0 };
  }

  /** Begins a new file, within the lock; of those before it so many stay. */
  rotate(keep = Infinity): void {
    for (const number of this.#numbers().toReversed()) {
      if (number >= keep) rmSync(`${this.path}.${number}`, { recursive: true });
      else renameSync(`${this.path}.${number}`, `${this.path}.${number + 1}`);
    }
    renameSync(this.path, `${this.path}.1`);
  }

  #numbers(): number[] {
    const folder = dirname(this.path);
    return rotatedNumbers(this.path, existsSync(folder) ? readdirSync(folder) : []);
  }
}

function takeLock(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Infinity);
    if (age > staleAfterMs) rmSync(lock, { force: true });
    return false;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Its size, without the half of a line that a process which died has left. */
function wholeLines(file: number): number {
  const { size } = fstatSync(file);
  const tail = endOf(file, size);
  const half = tail.length - 1 - tail.lastIndexOf(0x0a);
  if (half > 0) ftruncateSync(file, size - half);
  return size - half;
}

function lastLine(file: number, size: number): string | undefined {
  const lines = endOf(file, size).toString('utf8').trimEnd();
  return lines === '' ? undefined : lines.slice(lines.lastIndexOf('\n') + 1);
}

function lastLineOf(path: string): string | undefined {
  if (sizeOf(path) === 0) return undefined;
  const file = openSync(path, 'r');
  try {
    return lastLine(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

/** As much as the longest line, or all of a short file. */
function endOf(file: number, size: number): Buffer {
  const bytes = Buffer.alloc(Math.min(size, longestLine));
  readSync(file, bytes, 0, bytes.length, size - bytes.length);
  return bytes;
}

function writeAll(file: number, lines: readonly string[]): void {
  let bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(file, bytes));
}
