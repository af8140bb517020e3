import { LRUCache } from 'lru-cache';
import { messageOf } from '../message-of.ts';
import { oncePerMinute } from '../once-per-minute.ts';
import { MemoryStore, mostTallies, nameOf } from './memory.ts';
import {
  emptyTally,
  type Change,
  type Circle,
  type CircleKey,
  type Forgotten,
  type Meant,
  type Store,
  type Subject,
  type Tally,
  type TallyKey,
} from './store.ts';

/** How long a store that failed is left alone: each try may hold this process for as long as it waits for a lock. */
const pauseMs = 5000;

interface Asked<T> {
  readonly keys: readonly TallyKey[];
  readonly change: (found: readonly Tally[], circle?: Circle) => Change<T>;
  readonly mostly: 'reads' | 'writes' | undefined;
  readonly circle: CircleKey | undefined;
}

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
 * what it saw last: nobody may guess without end, and whoever is known stays known. What it counted is carried over when a
 * tally is asked for again: a store that fails now and then, or can be read and not written, forgets nothing.
 */
export class InsuredStore implements Store {
  readonly #insurance: Insurance;
  readonly #memory = new MemoryStore();
  /** What was counted in memory alone, by name. */
  readonly #unsaved = new LRUCache<string, Tally>({ max: mostTallies });
  readonly #complain: (action: () => void) => void;
  #store: Store | undefined;
  #retryAt = -Infinity;
  #isFailing = false;

  constructor(insurance: Insurance) {
    this.#insurance = insurance;
    this.#complain = oncePerMinute(insurance.now);
  }

  update<T>(
    keys: readonly TallyKey[],
    change: (found: readonly Tally[], circle?: Circle) => Change<T>,
    mostly?: 'reads' | 'writes',
    circle?: CircleKey,
  ): Promise<T> {
    return this.#either(
      (store) => this.#inStore(store, { keys, change, mostly, circle }),
      () => this.#inMemory(keys, change),
    );
  }

  async #inStore<T>(store: Store, { keys, change, mostly, circle: asked }: Asked<T>): Promise<T> {
    const merged = (stored: readonly Tally[], known?: Circle) => {
      const found = this.#unsaved.size === 0 ? stored : keys.map((key, at) => this.#newest(key, stored[at]));
      const { write = [], circle, result } = change(found, known);
      const tallies = found.map((tally, at) => write[at] ?? tally);
      const isWritten = tallies.some((tally, at) => tally !== stored[at]);
      const answer = { result, tallies, isWritten };
      if (!isWritten) return { circle, result: answer };
      return {
        write: tallies.map((tally, at) => (tally === stored[at] ? undefined : tally)),
        circle,
        result: answer,
      };
    };
    const { result, tallies, isWritten } = await store.update(keys, merged, mostly, asked);
    this.#memory.copy(keys, tallies);
    if (this.#unsaved.size > 0) for (const key of keys) this.#unsaved.delete(nameOf(key));
    // One whose disk is full can be read.
    if (isWritten) this.#praise();
    return result;
  }

  #inMemory<T>(keys: readonly TallyKey[], change: (found: readonly Tally[]) => Change<T>): Promise<T> {
    return this.#memory.update(keys, (found) => {
      const changes = change(found);
      keys.forEach((key, at) => {
        const tally = changes.write?.[at];
        if (tally) this.#unsaved.set(nameOf(key), tally);
      });
      return changes;
    });
  }

  /** What was counted last, here or by others. */
  #newest(key: TallyKey, stored: Tally = emptyTally): Tally {
    const own = this.#unsaved.get(nameOf(key));
    if (!own || own.last < stored.last) return stored;
    const { marked, expires } = stored;
    return { ...own, marked: Math.max(own.marked, marked), expires: Math.max(own.expires, expires) };
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

  /** Rejects when the store cannot be used: it stays remembered then. */
  async forgetCircle(account: string): Promise<boolean> {
    return this.#either((store) => store.forgetCircle(account));
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
      return await ask(this.#open());
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

  #praise(): void {
    if (this.#isFailing) this.#insurance.log('the shared store can be used again');
    this.#isFailing = false;
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
