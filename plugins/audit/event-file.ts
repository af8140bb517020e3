import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Octets that wait for the disk at most; more events are dropped and counted, because mail must not wait for its log. */
const mostPending = 8 * 1024 * 1024;

/** After a fault the disk is left alone for so long. */
const retryAfterMs = 1000;

/** The file stays open for so long: who moves it away, as another process or logrotate does, gets lines that much later. */
const openForMs = 1000;

/** What the file could not do, in words, and how many events were lost since it last could. */
export type OnFault = (problem: string, lost: number) => void;

/**
 * Appends lines to a file that is rotated by size: `FILE` is renamed to `FILE.1`, that to `FILE.2` and so on.
 * Several processes may write to one file, each with whole lines; who rotates holds a lock.
 */
export class EventFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #onFault: OnFault;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #lost = 0;
  #isScheduled = false;
  #file: number | undefined;
  #size = 0;

  constructor(path: string, limits: { readonly maxBytes: number; readonly keep: number }, onFault: OnFault) {
    this.#path = path;
    this.#maxBytes = limits.maxBytes;
    this.#keep = limits.keep;
    this.#onFault = onFault;
  }

  /** Takes one line, without its end; it is on its way to the disk within the same turn of the event loop. */
  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#pendingBytes + bytes.length > mostPending) {
      this.#lost += 1;
      return;
    }
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.flush();
    });
  }

  /** Writes what waits. What a fault leaves unwritten stays for the next try. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#pending.length === 0) return;
    try {
      const size = this.#write();
      this.#lost = 0;
      if (size >= this.#maxBytes) this.#rotate();
    } catch (error) {
      this.#onFault(String(error), this.#lost);
      if (this.#pending.length > 0) this.#retryLater();
    }
  }

  #retryLater(): void {
    this.#isScheduled = true;
    setTimeout(() => {
      this.flush();
    }, retryAfterMs).unref();
  }

  /** Returns the size of the file afterwards. A full disk may take a part of the bytes only. */
  #write(): number {
    const file = this.#open();
    let bytes = Buffer.concat(this.#pending);
    while (bytes.length > 0) {
      const written = writeSync(file, bytes);
      this.#size += written;
      bytes = bytes.subarray(written);
      this.#pending = bytes.length > 0 ? [bytes] : [];
      this.#pendingBytes = bytes.length;
    }
    return this.#size;
  }

  #open(): number {
    if (this.#file !== undefined) return this.#file;
    mkdirSync(dirname(this.#path), { recursive: true });
    const file = openSync(this.#path, 'a', 0o640);
    this.#file = file;
    this.#size = fstatSync(file).size;
    setTimeout(() => {
      this.#close();
    }, openForMs).unref();
    return file;
  }

  #close(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      if (file !== undefined) closeSync(file);
    } catch (error) {
      this.#onFault(String(error), this.#lost);
    }
  }

  #rotate(): void {
    this.#close();
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
