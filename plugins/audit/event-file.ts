import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Lines that wait for the disk at most; more are dropped and counted, because mail must not wait for its log. */
const longestBacklog = 10_000;

/**
 * Appends lines to a file that is rotated by size: `FILE` is renamed to `FILE.1`, that to `FILE.2` and so on.
 * Several processes may write to one file: each append is one write, and who rotates holds a lock.
 */
export class EventFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #onFault: (error: unknown, lost: number) => void;
  #pending: string[] = [];
  #lost = 0;
  #scheduled = false;

  constructor(
    path: string,
    limits: { readonly maxBytes: number; readonly keep: number },
    onFault: (error: unknown, lost: number) => void,
  ) {
    this.#path = path;
    this.#maxBytes = limits.maxBytes;
    this.#keep = limits.keep;
    this.#onFault = onFault;
  }

  /** Takes one line, without its end; it is on its way to the disk within the same turn of the event loop. */
  append(line: string): void {
    if (this.#pending.length >= longestBacklog) {
      this.#lost += 1;
      return;
    }
    this.#pending.push(`${line}\n`);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.flush();
    });
  }

  /** Writes what waits. A fault is reported, and the lines stay for the next try. */
  flush(): void {
    this.#scheduled = false;
    if (this.#pending.length === 0) return;
    try {
      this.#write(Buffer.from(this.#pending.join('')));
      this.#pending = [];
      this.#lost = 0;
    } catch (error) {
      this.#onFault(error, this.#lost);
    }
  }

  #write(lines: Buffer): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const file = openSync(this.#path, 'a', 0o640);
    let size: number;
    try {
      writeSync(file, lines);
      size = fstatSync(file).size;
    } finally {
      closeSync(file);
    }
    if (size >= this.#maxBytes) this.#rotate();
  }

  #rotate(): void {
    const lock = `${this.#path}.lock`;
    if (!takeLock(lock)) return;
    try {
      // Another process may have rotated between our write and the lock.
      if ((statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) < this.#maxBytes) return;
      for (let number = this.#keep - 1; number >= 1; number -= 1) {
        renameIfThere(`${this.#path}.${number}`, `${this.#path}.${number + 1}`);
      }
      renameSync(this.#path, `${this.#path}.1`);
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

/** A lock older than this was left by a process that died: rotating takes milliseconds. */
const staleAfterMs = 10_000;

function takeLock(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > staleAfterMs) rmSync(lock, { force: true });
    return false;
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
