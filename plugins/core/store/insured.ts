import { messageOf } from '../message-of.ts';
import { oncePerMinute } from '../once-per-minute.ts';
import { MemoryStore } from './memory.ts';
import type { Change, Forgotten, Meant, Store, Subject, Tally, TallyKey } from './store.ts';

/** How long a store that failed is left alone: each try may hold this process for as long as it waits for a lock. */
const pauseMs = 5000;

export interface Insurance {
  /** Opens the store, or throws `StoreUnavailable`. */
  readonly open: () => Store;
  /** Told at most once a minute while the store cannot be used, and when it can be again. */
  readonly log: (message: string) => void;
  /** A clock in milliseconds that only moves forward. */
  readonly now: () => number;
}

/**
 * A store that opens itself when it is needed. While it cannot be used, this process counts in its memory, and begins with
 * what it saw last: nobody may guess without end, and whoever is known stays known.
 */
export class InsuredStore implements Store {
  readonly #insurance: Insurance;
  readonly #memory = new MemoryStore();
  readonly #complain: (action: () => void) => void;
  #store: Store | undefined;
  #retryAt = -Infinity;
  #isFailing = false;

  constructor(insurance: Insurance) {
    this.#insurance = insurance;
    this.#complain = oncePerMinute(insurance.now);
  }

  update<T>(keys: readonly TallyKey[], change: (found: readonly Tally[]) => Change<T>): Promise<T> {
    const ask = async (store: Store) => {
      const [result, tallies] = await store.update(keys, (found) => {
        const { write = [], result } = change(found);
        const tallies = found.map((tally, index) => write[index] ?? tally);
        return { ...(write.length > 0 && { write }), result: [result, tallies] as const };
      });
      this.#memory.copy(keys, tallies);
      return result;
    };
    return this.#either(ask, () => this.#memory.update(keys, change));
  }

  ofAccount(account: string): Promise<ReadonlyMap<string, Tally>> {
    return this.#either(
      (store) => store.ofAccount(account),
      () => this.#memory.ofAccount(account),
    );
  }

  forget(subject: Subject, meant: Meant, now: number): Promise<void> {
    return this.#either(
      (store) => store.forget(subject, meant, now),
      () => this.#memory.forget(subject, meant),
    );
  }

  /** Rejects when the store cannot be used: nobody knows then who was forgotten. */
  async forgottenSince(sequence?: number): Promise<Forgotten> {
    return this.#either((store) => store.forgottenSince(sequence));
  }

  close(): void {
    this.#store?.close();
    this.#store = undefined;
  }

  async #either<T>(ask: (store: Store) => Promise<T>, otherwise?: () => Promise<T>): Promise<T> {
    try {
      const answer = await ask(this.#open());
      if (this.#isFailing) this.#insurance.log('the shared store can be used again');
      this.#isFailing = false;
      return answer;
    } catch (error) {
      this.#fail(error);
      if (!otherwise) throw error;
      return otherwise();
    }
  }

  #open(): Store {
    if (this.#store) return this.#store;
    const now = this.#insurance.now();
    if (now < this.#retryAt) throw stillFailing;
    return (this.#store = this.#insurance.open());
  }

  #fail(error: unknown): void {
    if (error === stillFailing) return;
    this.#isFailing = true;
    this.#retryAt = this.#insurance.now() + pauseMs;
    this.close();
    this.#complain(() => {
      this.#insurance.log(
        `the shared store cannot be used, this process counts alone in its memory: ${messageOf(error)}`,
      );
    });
  }
}

const stillFailing = new Error('the shared store is left alone for a moment');
