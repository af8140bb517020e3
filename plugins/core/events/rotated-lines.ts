import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { beginningOf } from './line-search.ts';

const chunkBytes = 64 * 1024;

/** In octets; a longer line is no event, and is not kept in memory. */
const longestLine = 1024 * 1024;

/** Which lines are not needed. */
interface Wanted {
  readonly since?: Date | undefined;
  readonly isBefore?: ((line: string) => boolean) | undefined;
}

/**
 * The lines of a file that is rotated by renaming it to `FILE.1`, that to `FILE.2` and so on: from the oldest to the newest,
 * each once, however many files are rotated meanwhile. Nothing is read twice and no file is read into memory.
 */
export class RotatedLines {
  readonly #path: string;
  readonly #chunk = Buffer.alloc(chunkBytes);
  #current: OpenFile | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * All lines that are there, without those of files that were last written before `since`, and without most of those that are
   * `isBefore`, which are the first ones.
   */
  async *present({ since = new Date(0), isBefore }: Wanted = {}): AsyncGenerator<readonly string[]> {
    const files = await this.#newerFiles();
    try {
      for (let file = files.shift(); file; file = files.shift()) {
        yield* this.#since(file, since, isBefore);
      }
    } finally {
      // Who has seen enough leaves those behind.
      await Promise.all(files.map(({ handle }) => handle.close()));
    }
  }

  async *#since(
    file: OpenFile,
    since: Date,
    isBefore: Wanted['isBefore'],
  ): AsyncGenerator<readonly string[]> {
    await this.#goTo(file);
    const { mtime, size } = await file.handle.stat();
    if (mtime < since) file.position = size;
    else if (isBefore) file.position = await beginningOf(file.handle, size, isBefore);
    yield* this.#rest(file);
  }

  async close(): Promise<void> {
    await this.#current?.handle.close();
    this.#current = undefined;
  }

  async #goTo(file: OpenFile): Promise<void> {
    await this.close();
    this.#current = file;
  }

  /** What was not read yet of a file; all of it when it was cut short meanwhile. */
  async *#rest(file: OpenFile): AsyncGenerator<readonly string[]> {
    if ((await file.handle.stat()).size < file.position) {
      file.position = 0;
      file.lines.forget();
    }
    for (;;) {
      const { bytesRead } = await file.handle.read(this.#chunk, 0, chunkBytes, file.position);
      if (bytesRead === 0) return;
      file.position += bytesRead;
      yield file.lines.push(this.#chunk.subarray(0, bytesRead));
    }
  }

  /** The files after the current one, the oldest first. */
  async #newerFiles(): Promise<OpenFile[]> {
    for (;;) {
      const newest = await idAt(this.#path);
      if (this.#current && newest === this.#current.id) return [];
      const found = await this.#openNewer();
      if ((await idAt(this.#path)) === newest) return found;
      // They were rotated meanwhile: later ones may have been met in the places of earlier ones.
      await Promise.all(found.map(({ handle }) => handle.close()));
    }
  }

  async #openNewer(): Promise<OpenFile[]> {
    // Should the current file have been taken away, those that were read before it are still there.
    const written = this.#current ? await lastWritten(this.#current.handle) : 0n;
    const found: OpenFile[] = [];
    for await (const file of this.#files()) {
      const isNewer = file.path === this.#path || (await lastWritten(file.handle)) >= written;
      const isKnown = [this.#current, ...found].some((other) => other?.id === file.id);
      if (isNewer && !isKnown) found.unshift(file);
      else await file.handle.close();
      if (file.id === this.#current?.id) break;
    }
    return found;
  }

  /** All files, the newest first; those included that rotation moves beyond the oldest while it is waited for them. */
  async *#files(): AsyncGenerator<OpenFile> {
    const numbers = await this.#rotatedNumbers();
    for (const path of [this.#path, ...numbers.map((number) => `${this.#path}.${number}`)]) {
      const file = await openIfThere(path);
      if (file) yield file;
    }
    for (let number = (numbers.at(-1) ?? 0) + 1; ; number += 1) {
      const file = await openIfThere(`${this.#path}.${number}`);
      if (!file) return;
      yield file;
    }
  }

  async #rotatedNumbers(): Promise<number[]> {
    return rotatedNumbers(this.#path, await readdir(dirname(this.#path)).catch(() => []));
  }
}

/** Which numbers rotation has given, of the names of files beside one. */
export function rotatedNumbers(path: string, names: readonly string[]): number[] {
  const start = `${basename(path)}.`;
  return names
    .filter((name) => name.startsWith(start))
    .map((name) => name.slice(start.length))
    .filter((end) => /^[1-9]\d*$/.test(end))
    .map(Number)
    .sort((a, b) => a - b);
}

interface OpenFile {
  /** Where it was when it was opened. */
  readonly path: string;
  readonly handle: FileHandle;
  /** The same for the same file, whatever it is called. */
  readonly id: string;
  readonly lines: LineSplitter;
  position: number;
}

async function openIfThere(path: string): Promise<OpenFile | undefined> {
  try {
    const handle = await open(path, 'r');
    const { dev, ino } = await handle.stat({ bigint: true });
    return { path, handle, id: `${dev}:${ino}`, lines: new LineSplitter(), position: 0 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function lastWritten(handle: FileHandle): Promise<bigint> {
  return (await handle.stat({ bigint: true })).mtimeNs;
}

async function idAt(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Cuts octets into lines; what follows the last line end waits for the next octets. */
class LineSplitter {
  #kept: Buffer[] = [];
  #keptBytes = 0;

  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      lines.push(Buffer.concat([...this.#kept, chunk.subarray(start, end)]).toString('utf8'));
      this.forget();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  forget(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }

  #keep(bytes: Buffer): void {
    if (this.#keptBytes > longestLine) return;
    // A copy: the chunk is filled again.
    this.#kept.push(Buffer.from(bytes));
    this.#keptBytes += bytes.length;
  }
}
