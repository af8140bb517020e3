import type { Deadline } from '../deadline.ts';
import { Unavailable } from './directory.ts';

interface Waiting {
  readonly enter: () => void;
  readonly giveUp: (reason: Error) => void;
}

/** Lets `places` logins in at once; the others wait in order of arrival, and not more than `length` of them. */
export class Queue {
  readonly #length: number;
  readonly #waiting = new Set<Waiting>();
  #free: number;

  constructor(places: number, length: number) {
    this.#free = places;
    this.#length = length;
  }

  /**
   * Does `work` when it is its turn; rejects when `deadline` passes first. Where it fails by something that would happen to all
   * who wait, they are turned away at once.
   */
  async inTurn<T>(
    deadline: Deadline,
    work: () => Promise<T>,
    isForAll: (error: unknown) => error is Error,
  ): Promise<T> {
    await this.#enter(deadline);
    try {
      return await work();
    } catch (error) {
      if (isForAll(error)) this.#dismiss(error);
      throw error;
    } finally {
      this.#leave();
    }
  }

  async #enter(deadline: Deadline): Promise<void> {
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

  #dismiss(reason: Error): void {
    for (const waiting of [...this.#waiting]) waiting.giveUp(reason);
  }

  #leave(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#free += 1;
    else first.enter();
  }

  #turn(deadline: Deadline): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiting);
        deadline.removeEventListener('abort', onDeadline);
      };
      const waiting: Waiting = {
        enter: () => {
          leave();
          resolve();
        },
        giveUp: (reason) => {
          leave();
          reject(reason);
        },
      };
      const onDeadline = (): void => {
        waiting.giveUp(deadline.reason);
      };
      this.#waiting.add(waiting);
      deadline.addEventListener('abort', onDeadline);
    });
  }
}
