import { createHash, randomUUID } from 'node:crypto';
import { readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { syncShared, writeWhole } from '../durable.ts';
import { messageOf } from '../message-of.ts';
import { filesIn, giveLike, makeLike } from '../own-files.ts';
import { parsePolicy, type StsPolicy } from './policy.ts';

/** A policy as it was fetched. */
export interface KeptPolicy {
  /** Lower-case A-labels. */
  readonly domain: string;
  /** Of the TXT record at that time. */
  readonly id: string;
  readonly fetched: Date;
  readonly policy: StsPolicy;
  /** When it was asked for last, to a day. */
  readonly used: Date;
}

const record = z.strictObject({
  v: z.literal(1),
  domain: z.string(),
  id: z.string(),
  fetched: z.iso.datetime(),
  policy: z.array(z.string()),
});

/** As many take 320 MiB at most: a domain may publish 64 KiB. */
const mostFiles = 5000;

const dayMs = 86_400_000;

/**
 * Policies in a folder that all processes of the machine look into, as one small file for each domain. What cannot be read is not
 * there; what cannot be written is told of, and stays in use where it came from.
 */
export class StsCache {
  readonly #data: string;
  readonly #folder: string;
  readonly #log: (message: string) => void;
  readonly #most: number;

  constructor(dataDirectory: string, log: (message: string) => void, most = mostFiles) {
    this.#data = dataDirectory;
    this.#folder = join(dataDirectory, 'mta-sts');
    this.#log = log;
    this.#most = most;
  }

  /** The policy of a domain, in force or not. Never rejects. */
  async read(domain: string): Promise<KeptPolicy | undefined> {
    try {
      const found = await this.#load(nameOf(domain));
      return found?.domain === domain ? found : undefined;
    } catch (error) {
      this.#tell('read', error);
      return undefined;
    }
  }

  /** Keeps a policy in place of the one before; those that were not asked for the longest go where there is no room. Never rejects. */
  async write({ domain, id, fetched, policy, used }: KeptPolicy): Promise<void> {
    const kept = { v: 1, domain, id, fetched: fetched.toISOString(), policy: policy.text };
    const file = nameOf(domain);
    try {
      await makeLike(this.#data, this.#folder);
      await this.#makeRoom();
      const place = { folder: this.#folder, file, temporary: `${file}.${randomUUID()}` };
      const path = await writeWhole(place, (stream) => stream.end(JSON.stringify(kept)));
      await giveLike(this.#data, path);
      await utimes(path, used, used);
      await syncShared(this.#folder);
    } catch (error) {
      this.#tell('written', error);
    }
  }

  /** Remembers that it was asked for. Never rejects. */
  async use({ domain, used }: KeptPolicy, now: Date): Promise<void> {
    if (Math.abs(now.getTime() - used.getTime()) < dayMs) return;
    await utimes(join(this.#folder, nameOf(domain)), now, now).catch(() => undefined);
  }

  async remove(domain: string): Promise<void> {
    await rm(join(this.#folder, nameOf(domain)), { force: true });
  }

  /** All that can be read, one after the other: together they may be large. */
  async *all(): AsyncGenerator<KeptPolicy> {
    const names = (await filesIn(this.#folder)).filter((name) => /^[0-9a-f]{32}\.json$/.test(name));
    for (const name of names) {
      const found = await this.#load(name).catch(() => undefined);
      if (found && nameOf(found.domain) === name) yield found;
    }
  }

  /** Nothing where there is no file; rejects when there is one that cannot be read, or holds something else. */
  async #load(name: string): Promise<KeptPolicy | undefined> {
    const path = join(this.#folder, name);
    try {
      const [text, { mtime: used }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
      return { ...keptIn(text), used };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** With what a process left that died while it wrote, and what is broken. A tenth at a time: to look at all of them takes long. */
  async #makeRoom(): Promise<void> {
    const names = await filesIn(this.#folder);
    if (names.length < this.#most) return;
    const paths = names.map((name) => join(this.#folder, name));
    const files = await Promise.all(paths.map(async (path) => ({ path, used: await usedAt(path) })));
    files.sort((one, other) => one.used - other.used);
    const surplus = files.slice(0, names.length - this.#most + Math.ceil(this.#most / 10));
    await Promise.all(surplus.map(({ path }) => rm(path, { force: true })));
  }

  #tell(what: 'read' | 'written', error: unknown): void {
    this.#log(`an MTA-STS policy in ${this.#folder} cannot be ${what}: ${messageOf(error)}`);
  }
}

function keptIn(text: string): Omit<KeptPolicy, 'used'> {
  try {
    const { domain, id, fetched, policy } = record.parse(JSON.parse(text));
    return { domain, id, fetched: new Date(fetched), policy: parsePolicy(policy.join('\n')) };
  } catch (error) {
    throw new Error('a file holds something else', { cause: error });
  }
}

/** Another process may have removed it by now. */
async function usedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** Domains may be longer than names of files. */
function nameOf(domain: string): string {
  return `${createHash('sha256').update(domain).digest('hex').slice(0, 32)}.json`;
}
