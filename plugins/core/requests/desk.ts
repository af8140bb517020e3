import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../message-of.ts';
import { makeLike, filesIn, writeNew } from '../own-files.ts';
import { requestSchema, resultSchema, type Request, type Result } from './request.ts';

/** A request that waits, under the name of its file. */
export interface Pending {
  readonly name: string;
  readonly request: Request;
}

/** A file in the folder that is no request: it is set aside, and nothing is done. */
export interface Strange {
  readonly name: string;
  readonly problem: string;
}

/** In octets. */
const longestFile = 16 * 1024;

/** A request that nobody carried out for so long is none any more: who asked has given up. */
const longestWaitMs = 10 * 60_000;

/** More answers are not kept; the oldest go. The trail has them all. */
const mostKept = 200;

const pendingForm = /^\d{15}-[0-9a-f]{16}\.pending\.json$/;
const answeredForm = /^\d{15}-[0-9a-f]{16}\.(?:done|failed)\.json$/;

/**
 * What is asked of the gateway by a process beside it: one file for each request in the folder `requests` of the data
 * directory. It is written whole or not at all, and whoever carries it out takes it away first, by one rename, so that nothing
 * is done twice: what was taken by a process that died is not done at all, and says so.
 */
export class RequestDesk {
  readonly #data: string;
  readonly #folder: string;

  constructor(dataDirectory: string) {
    this.#data = dataDirectory;
    this.#folder = join(dataDirectory, 'requests');
  }

  /** Writes a request, and gives its name. */
  async ask(request: Request): Promise<string> {
    const stamp = String(Date.parse(request.time)).padStart(15, '0');
    const name = `${stamp}-${randomBytes(8).toString('hex')}`;
    await makeLike(this.#data, this.#folder);
    await this.#write(`${name}.pending.json`, requestSchema.parse(request));
    return name;
  }

  /** Those that wait, the oldest first; what is no request is set aside. */
  async pending(
    now: Date,
  ): Promise<{ readonly requests: readonly Pending[]; readonly strange: readonly Strange[] }> {
    const files = (await filesIn(this.#folder)).filter((file) => pendingForm.test(file));
    const requests: Pending[] = [];
    const strange: Strange[] = [];
    for (const file of files) {
      const name = file.replace('.pending.json', '');
      const read = await this.#read(file, (value) => inTime(requestSchema.parse(value), now)).catch(
        messageOf,
      );
      if (typeof read !== 'string') requests.push({ name, request: read });
      else if (await this.#move(file, `${name}.refused`)) strange.push({ name, problem: read });
    }
    return { requests, strange };
  }

  /** Takes a request, so that nobody else does; false where somebody has. */
  take(name: string): Promise<boolean> {
    return this.#move(`${name}.pending.json`, `${name}.taken`);
  }

  /** Says what came of a request that was taken. */
  async answer(name: string, result: Result): Promise<void> {
    await this.#write(`${name}.${result.outcome}.json`, resultSchema.parse(result));
    await rm(join(this.#folder, `${name}.taken`), { force: true });
    const answered = (await filesIn(this.#folder)).filter((file) => answeredForm.test(file));
    for (const file of answered.slice(0, -mostKept)) await rm(join(this.#folder, file), { force: true });
  }

  /** What came of the last ones, the newest first. */
  async answers(most: number): Promise<readonly Result[]> {
    const files = (await filesIn(this.#folder)).filter((file) => answeredForm.test(file)).slice(-most);
    const read = files.map((file) =>
      this.#read(file, (value) => resultSchema.parse(value)).catch(() => undefined),
    );
    return (await Promise.all(read)).filter((result) => result !== undefined).reverse();
  }

  /** Only what is a file of our own that nobody else may write: the folder belongs to whom the data directory does. */
  async #read<T>(file: string, parse: (value: unknown) => T): Promise<T> {
    const path = join(this.#folder, file);
    const { uid: owner } = await lstat(this.#folder);
    const opened = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await opened.stat();
      if (!found.isFile()) throw new Error('is no file');
      if (found.uid !== owner && found.uid !== 0) throw new Error('belongs to somebody else');
      if ((found.mode & 0o022) !== 0) throw new Error('others may write to it');
      if (found.size > longestFile) throw new Error('is too long');
      return parse(JSON.parse(await opened.readFile('utf8')));
    } finally {
      await opened.close();
    }
  }

  #write(file: string, value: object): Promise<void> {
    return writeNew(this.#data, this.#folder, file, `${JSON.stringify(value)}\n`);
  }

  async #move(file: string, to: string): Promise<boolean> {
    try {
      await rename(join(this.#folder, file), join(this.#folder, to));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }
}

function inTime(request: Request, now: Date): Request {
  const age = now.getTime() - Date.parse(request.time);
  if (age > longestWaitMs) throw new Error('is too old: nobody carried it out in time');
  if (age < -longestWaitMs) throw new Error('is of the future');
  return request;
}
