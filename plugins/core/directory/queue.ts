import { Unavailable } from './directory.ts';

/** Lets `places` logins in at once; the others wait in order of arrival, and not more than `length` of them. */
export class Queue {
  readonly #length: number;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(places: number, length: number) {
    this.#free = places;
    this.#length = length;
  }

  /** Resolves with one's turn, which `leave` must end; rejects with the reason of `signal` when that comes first. */
  async enter(signal: AbortSignal): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    if (this.#waiting.size >= this.#length) {
      throw new Unavailable(
        `directory: ${this.#length} logins are waiting already, one more was turned away`,
      );
    }
    await this.#turn(signal);
  }

  leave(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#free += 1;
    else first();
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        this.#waiting.delete(enter);
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.delete(enter);
        reject(signal.reason as Error);
      };
      this.#waiting.add(enter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}
