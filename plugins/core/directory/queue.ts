import type { Deadline } from '../deadline.ts';
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

  /** Resolves with one's turn, which `leave` must end; rejects when `deadline` passes first. */
  async enter(deadline: Deadline): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    if (this.#waiting.size >= this.#length) {
      throw new Unavailable(
        `directory: ${this.#length} logins are waiting already, one more was turned away`,
      );
    }
    await this.#turn(deadline);
  }

  leave(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#free += 1;
    else first();
  }

  #turn(deadline: Deadline): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        this.#waiting.delete(enter);
        deadline.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.delete(enter);
        reject(deadline.reason);
      };
      this.#waiting.add(enter);
      deadline.addEventListener('abort', giveUp);
    });
  }
}
