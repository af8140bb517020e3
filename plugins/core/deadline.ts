/** What tells when nobody waits any longer, as an AbortSignal does; `reason` says why, once it is aborted. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: Error;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** setTimeout takes what is longer for 1 ms. */
const longestTimeout = 2 ** 31 - 1;

/**
 * Passes after so many milliseconds, unless it is met. Every login and every evaluation of SPF has one: an AbortSignal
 * would cost several times as much.
 */
export class Deadline implements Signal {
  readonly #why: () => Error;
  readonly #timer: NodeJS.Timeout;
  /** Mostly one, or none: a set would take longer than all the rest. */
  #listeners: (() => void)[] = [];
  #reason: Error | undefined;
  #aborted = false;

  constructor(milliseconds: number, why: () => Error) {
    this.#why = why;
    this.#timer = setTimeout(() => this.#pass(), Math.min(milliseconds, longestTimeout));
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): Error {
    return (this.#reason ??= this.#why());
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  /** Settles as `work` does, but rejects when it passes first. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.addEventListener('abort', () => {
        reject(this.reason);
      });
      work.then(resolve, reject);
    });
  }

  /** What was waited for is there: it passes no more. */
  meet(): void {
    clearTimeout(this.#timer);
  }

  #pass(): void {
    this.#aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}

/** Settles as `work` does, but rejects with `why` when it takes longer than so many milliseconds. */
export async function within<T>(
  milliseconds: number,
  why: () => Error,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const deadline = new Deadline(milliseconds, why);
  try {
    return await deadline.race(work(deadline));
  } finally {
    deadline.meet();
  }
}
