import { configuredDns } from './configured.ts';
import type { Dns } from './dns.ts';
import type { Policy } from '../settings/settings.ts';

/** Longer than any check may take: what is asked when the settings change is answered all the same. */
const lastAnswersMs = 60_000;

type Client = Dns & { close(): void };

/** The DNS client of this process, which keeps what it knows while its settings stay the same. */
export class Resolver {
  #client: Client | undefined;
  #settings = '';

  /** Makes a client ready for other settings; what is returned puts it to work. `validates`: what its servers say of authenticity is believed. */
  prepare({ dns }: Pick<Policy, 'dns'>, validates = false): () => void {
    const settings = JSON.stringify([dns, validates]);
    if (this.#client && settings === this.#settings) return () => undefined;
    const client = configuredDns(dns, validates);
    return () => {
      const before = this.#client;
      if (before) setTimeout(() => before.close(), lastAnswersMs).unref();
      this.#client = client;
      this.#settings = settings;
    };
  }

  /** Throws before settings are in force. */
  get dns(): Dns {
    if (!this.#client) throw new Error('no DNS client is open yet');
    return this.#client;
  }
}
