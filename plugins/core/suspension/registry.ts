import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { sync } from '../durable.ts';
import { giveLike, makeLike, filesIn, writeNew } from '../own-files.ts';

const suspension = z.strictObject({
  v: z.literal(1),
  /** Of the identity. */
  id: z.string().min(1),
  name: z.string(),
  since: z.iso.datetime(),
  cause: z.enum(['recipients-burst', 'new-recipients', 'bounces', 'many-networks', 'by-hand']),
  /** In words: what was seen, or who did it. */
  detail: z.string(),
});

/** An identity that may not send until somebody says so. */
export type Suspension = z.infer<typeof suspension>;

const dropping = z.strictObject({ v: z.literal(1), id: z.string(), before: z.iso.datetime() });

const mostFiles = 10_000;

/**
 * Who is suspended, as one small file for each in a folder that all processes look into: no database that is broken lets an
 * attacker go on, and a look costs microseconds. What cannot be told throws.
 */
export class Suspensions {
  readonly #data: string;
  readonly #folder: string;
  /** Of ids that were met lately: each message asks several times. */
  readonly #files = new LRUCache<string, string>({ max: mostFiles });

  constructor(dataDirectory: string) {
    this.#data = dataDirectory;
    this.#folder = join(dataDirectory, 'suspended');
  }

  isSuspended(id: string): boolean {
    return statSync(this.#file(id), { throwIfNoEntry: false }) !== undefined;
  }

  /** Whether mail that was accepted then is to be dropped: whoever let the identity go has said so. */
  isDropped(id: string, accepted: string): boolean {
    const file = this.#file(id, 'drop');
    if (!statSync(file, { throwIfNoEntry: false })) return false;
    const { before } = dropping.parse(JSON.parse(readFileSync(file, 'utf8')));
    return Date.parse(accepted) < Date.parse(before);
  }

  /** False where it is suspended already: the first cause stays. */
  async suspend(who: Suspension): Promise<boolean> {
    if (this.isSuspended(who.id)) return false;
    await makeLike(this.#data, this.#folder);
    try {
      // Several messages of an account may come to this at once.
      const text = `${JSON.stringify(suspension.parse(who))}\n`;
      await writeNew(this.#data, this.#folder, hashOf(who.id), text);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** Lets an identity send again; with `dropBefore` what it sent until then, and has not left, is dropped when its turn comes. */
  async lift(id: string, dropBefore?: Date): Promise<void> {
    if (dropBefore) {
      const file = this.#file(id, 'drop');
      const mark = { v: 1, id, before: dropBefore.toISOString() };
      await writeFile(file, `${JSON.stringify(mark)}\n`, { mode: 0o600, flush: true });
      await giveLike(this.#data, file);
      // Whoever is let go without what was sent must not have it sent by a loss of power.
      await sync(this.#folder);
    }
    await rm(this.#file(id), { force: true });
  }

  /** All of them, the latest last; rejects when one cannot be read. */
  async all(): Promise<readonly Suspension[]> {
    const names = (await filesIn(this.#folder)).filter((name) => /^[0-9a-f]{32}$/.test(name));
    const texts = await Promise.all(names.map((name) => readFile(join(this.#folder, name), 'utf8')));
    const found = texts.map((text) => suspension.parse(JSON.parse(text)));
    return found.sort((one, other) => (one.since < other.since ? -1 : 1));
  }

  /** Ids have characters that no name of a file may have. */
  #file(id: string, kind?: 'drop'): string {
    const file = this.#files.get(id) ?? join(this.#folder, hashOf(id));
    this.#files.set(id, file);
    return kind === undefined ? file : `${file}.${kind}`;
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 32);
}
