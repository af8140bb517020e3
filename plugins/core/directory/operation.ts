import type { Deadline } from '../deadline.ts';

/** The time that one operation has with one server, connection included; its login may be over before. */
export class OperationTime {
  readonly login: Deadline;
  readonly #milliseconds: number;
  readonly #until: number;

  constructor(milliseconds: number, login: Deadline) {
    this.login = login;
    this.#milliseconds = milliseconds;
    this.#until = performance.now() + milliseconds;
  }

  /** The whole of it, for people. */
  get text(): string {
    return `${this.#milliseconds / 1000} s`;
  }

  /** In milliseconds, for a timer. */
  get left(): number {
    return Math.max(1, Math.ceil(this.#until - performance.now()));
  }

  /** Whether it is too late to ask the same server again. */
  get isSpent(): boolean {
    return this.#until - performance.now() < this.#milliseconds / 10;
  }
}
