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
    else first.enter();
  }

  /** Turns away all who wait. */
  dismiss(reason: Error): void {
    for (const waiting of [...this.#waiting]) waiting.giveUp(reason);
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
