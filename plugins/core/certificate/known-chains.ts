import { randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { writeWhole } from '../durable.ts';
import { giveLike, makeLike } from '../own-files.ts';
import { pemBlocks, type CertificateFault, type ClientChain } from './chain.ts';

const mostKept = 200;

/** Far more than there are servers with certificates of authorities that are trusted here. */
const mostFiles = 2000;

type Authorities = ClientChain['intermediates'];

/** Stands behind the fault of a chain that was forgotten. */
export const earlierSession = ': the TLS session is an earlier one';

/** What was found; `isForgotten`: nobody knows any more who has signed it, and its client has no chance to say so. */
export type Judged<Found> = Found & { readonly isForgotten: boolean };

/**
 * What clients have sent along with certificates that were found good. A TLS session that is resumed brings the certificate
 * alone, perhaps to another process: hence the files, one for each certificate.
 */
export class KnownChains {
  readonly #data: string;
  readonly #folder: string;
  readonly #kept = new LRUCache<string, Authorities>({ max: mostKept });

  constructor(dataDirectory: string) {
    this.#data = dataDirectory;
    this.#folder = join(dataDirectory, 'chains');
  }

  /** With what came along when the session began; as it is where nobody knows. */
  completed(chain: ClientChain): ClientChain {
    if (!chain.isResumed) return chain;
    const name = nameOf(chain);
    const intermediates = this.#kept.get(name) ?? this.#read(name);
    if (!intermediates) return chain;
    this.#kept.set(name, intermediates);
    return { ...chain, intermediates };
  }

  /** What is found of a chain with all that is known of it. What is good is kept: others must not have us keep anything. */
  judge<Found extends { readonly fault?: CertificateFault | undefined }>(
    shown: ClientChain,
    judge: (chain: ClientChain) => Found,
  ): Judged<Found> {
    const chain = this.completed(shown);
    const found = judge(chain);
    if (!found.fault) void this.#keep(chain);
    return { ...found, isForgotten: shown.isResumed && chain === shown };
  }

  /** What cannot be written, this process alone knows. */
  async #keep(chain: ClientChain): Promise<void> {
    const { intermediates, isResumed } = chain;
    const name = nameOf(chain);
    if (isResumed || intermediates.length === 0 || this.#kept.has(name)) return;
    this.#kept.set(name, intermediates);
    await this.#write(name, intermediates.map(String).join('')).catch(() => undefined);
  }

  async #write(name: string, text: string): Promise<void> {
    await makeLike(this.#data, this.#folder);
    const files = await readdir(this.#folder);
    // They come again.
    if (files.length >= mostFiles) await Promise.all(files.map((file) => rm(join(this.#folder, file))));
    const place = { folder: this.#folder, file: `${name}.pem`, temporary: `${name}.${randomUUID()}` };
    await giveLike(this.#data, await writeWhole(place, (stream) => stream.end(text)));
  }

  /** Nothing where there is nothing that can be read: the certificate is judged alone. */
  #read(name: string): Authorities | undefined {
    try {
      const text = readFileSync(join(this.#folder, `${name}.pem`), 'utf8');
      return pemBlocks(text).map((block) => new X509Certificate(block));
    } catch {
      return undefined;
    }
  }
}

function nameOf({ leaf }: ClientChain): string {
  return leaf.fingerprint256.replaceAll(':', '').toLowerCase();
}
