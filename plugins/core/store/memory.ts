import { LRUCache } from 'lru-cache';
import {
  emptyTally,
  type Change,
  type Forgotten,
  type Meant,
  type Store,
  type Subject,
  type Tally,
  type TallyKey,
} from './store.ts';

export const mostTallies = 50_000;

/** A store in the memory of this process, which forgets those that nobody asked for longest. */
export class MemoryStore implements Store {
  readonly #tallies = new LRUCache<string, Tally>({ max: mostTallies });
  readonly #forgotten: Subject[] = [];

  update<T>(keys: readonly TallyKey[], change: (found: readonly Tally[]) => Change<T>): Promise<T> {
    const { write = [], result } = change(keys.map((key) => this.#tallies.get(nameOf(key)) ?? emptyTally));
    this.copy(keys, write);
    return Promise.resolve(result);
  }

  /** Takes over what another store holds. */
  copy(keys: readonly TallyKey[], tallies: readonly (Tally | undefined)[]): void {
    keys.forEach((key, index) => {
      const tally = tallies[index];
      if (tally && tally !== emptyTally) this.#tallies.set(nameOf(key), tally);
    });
  }

  ofAccount(account: string): Promise<ReadonlyMap<string, Tally>> {
    const found = [...this.#tallies].map(([name, tally]) => [keyOf(name), tally] as const);
    const own = found.filter(([key]) => key.account === account);
    return Promise.resolve(new Map(own.map(([{ network }, tally]) => [network, tally])));
  }

  forget(subject: Subject, meant: Meant): Promise<void> {
    const goesMark = typeof meant !== 'function' && meant.marks === true;
    for (const [name, tally] of [...this.#tallies]) {
      const { account, network } = keyOf(name);
      const isMeant =
        typeof meant === 'function' ? network !== '' && meant(network) : account === meant.account;
      const marked = goesMark && network !== '' ? 0 : tally.marked;
      if (isMeant) this.#tallies.set(name, { ...tally, level: 0, others: 0, marked });
    }
    this.#forgotten.push(subject);
    return Promise.resolve();
  }

  /** It remembers nobody: in so small a room every second recipient would look new. */
  forgetCircle(): Promise<boolean> {
    return Promise.resolve(false);
  }

  forgottenSince(sequence = this.#forgotten.length): Promise<Forgotten> {
    return Promise.resolve({
      sequence: this.#forgotten.length,
      subjects: this.#forgotten.slice(sequence),
    });
  }

  close(): void {
    this.#tallies.clear();
  }
}

/** No account holds a NUL: it has none left of the white space and marks of what was typed. */
export function nameOf({ account, network }: TallyKey): string {
  return `${network}\0${account}`;
}

function keyOf(name: string): TallyKey {
  const [network = '', account = ''] = name.split(/\0(.*)/s);
  return { account, network };
}
