import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { isAnotherAlive } from '../alive.ts';

/** Events of one file: it is taken into the store in one step. */
const eventsInFile = 1000;

/** A file that is still written to; the number is that of the process. */
const unfinished = /^(.+-(\d+)-[\d.]+)\.part$/;

/** One that a process reads. */
const taking = /^(.+\.jsonl)\.(\d+)\.taking$/;

/** Events that a store could not take, as lines in files of a folder, until it can. */
export class Spool {
  readonly #folder: string;
  readonly #now: () => Date;
  #file: { readonly name: string; readonly handle: number; events: number; size: number } | undefined;
  #count = 0;

  constructor(folder: string, now: () => Date) {
    this.#folder = folder;
    this.#now = now;
  }

  /** They are on disk when it returns; throws where they are not. */
  write(lines: readonly string[]): void {
    const file = (this.#file ??= this.#begin());
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    try {
      if (writeSync(file.handle, bytes) < bytes.length) throw noSpace();
      fsyncSync(file.handle);
    } catch (error) {
      // A full disk takes a part: all of it is tried again.
      ftruncateSync(file.handle, file.size);
      this.#end();
      throw error;
    }
    file.size += bytes.length;
    file.events += lines.length;
    // Another thread has taken it, maybe before this was in it: rather twice than never.
    if (!existsSync(join(this.#folder, `${file.name}.part`))) this.#writeAnew(file.handle, lines);
    else if (file.events >= eventsInFile) this.#end();
  }

  #writeAnew(taken: number, lines: readonly string[]): void {
    closeSync(taken);
    this.#file = undefined;
    this.write(lines);
  }

  #begin() {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#count += 1;
    const time = this.#now().toISOString().replaceAll(':', '');
    const name = `${time}-${process.pid}-${threadId}.${this.#count}`;
    const handle = openSync(join(this.#folder, `${name}.part`), 'ax', 0o600);
    keepNames(this.#folder);
    return { name, handle, events: 0, size: 0 };
  }

  /** Nothing more is written to the file. */
  #end(): void {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    closeSync(file.handle);
    renamed(join(this.#folder, `${file.name}.part`), join(this.#folder, `${file.name}.jsonl`));
  }

  /**
   * Gives the lines of each file to `take`, the oldest first, and removes the file. What a process has left that was killed is
   * among them, and a file that another process takes at the same time is not.
   */
  async empty(take: (lines: readonly string[]) => Promise<void>): Promise<number> {
    this.#end();
    let count = 0;
    for (const name of this.#waiting()) {
      count += await this.#takeFile(name, take);
      // What comes meanwhile is kept in between.
      await setImmediate();
    }
    return count;
  }

  async #takeFile(name: string, take: (lines: readonly string[]) => Promise<void>): Promise<number> {
    const mine = join(this.#folder, `${name}.${process.pid}.taking`);
    if (!renamed(join(this.#folder, name), mine)) return 0;
    const lines = wholeLines(readFileSync(mine, 'utf8'));
    try {
      if (lines.length > 0) await take(lines);
    } catch (error) {
      renameSync(mine, join(this.#folder, name));
      throw error;
    }
    rmSync(mine);
    return lines.length;
  }

  #waiting(): string[] {
    for (const name of filesIn(this.#folder)) {
      const [, base = '', writer] = unfinished.exec(name) ?? [];
      // A number that another process has by now only makes its file wait.
      const [, whole = `${base}.jsonl`, taker = writer] = taking.exec(name) ?? [];
      if (taker === undefined || isAnotherAlive(Number(taker))) continue;
      renamed(join(this.#folder, name), join(this.#folder, whole));
    }
    const names = filesIn(this.#folder).filter((name) => name.endsWith('.jsonl'));
    return names.sort();
  }
}

/** That a file is there outlasts a loss of power, too. */
function keepNames(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Whether the file was still there to be renamed. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** What a full disk or a kill has cut off is no event. */
function wholeLines(text: string): string[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(isJson);
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
