import type { Deadline } from '../deadline.ts';
import { oncePerMinute } from '../once-per-minute.ts';
import { NoAnswer } from './connection.ts';
import { Unavailable } from './directory.ts';
import { OperationTime } from './operation.ts';
import { isFaultOfServer } from './pool.ts';
import { ServiceRefused } from './service-account.ts';
import type { Server, Servers } from './servers.ts';

/** Something that is asked of a server, in its time. */
export type Operation<T> = (server: Server, time: OperationTime) => Promise<T>;

export interface AttemptsOptions {
  readonly servers: Servers;
  /** What one operation has with one server. */
  readonly milliseconds: number;
  readonly log: (message: string) => void;
  /** A clock in milliseconds that only moves forward. */
  readonly now: () => number;
  /** The time of day, for people. */
  readonly clock: () => Date;
  /** Told of a server that failed. */
  readonly drop: (server: Server) => void;
}

/** Asks servers, and keeps in mind which of them answer. */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #complain: (action: () => void) => void;
  #closed = false;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#complain = oncePerMinute(options.now);
  }

  /** From now on nothing that fails is the fault of a server. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Tries one server, then once another one, or the same again in what is left of its time where there is no other. Those that
   * refuse the service account do not count, and are not tried again.
   */
  async make<T>(login: Deadline, operation: Operation<T>, refusing: readonly Server[] = []): Promise<T> {
    const { servers } = this.#options;
    const first = servers.choose(...refusing);
    const time = this.timeIn(login);
    try {
      return await this.#on(first, time, operation);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const tried = [...refusing, first];
      const isRefused = error instanceof ServiceRefused;
      if (isRefused && tried.length >= servers.count) throw error;
      if (isRefused) return this.make(login, operation, tried);
      const second = servers.choose(...tried);
      if (second === first && time.isSpent) throw error;
      return this.#on(second, second === first ? time : this.timeIn(login), operation);
    }
  }

  /** The time of one operation that begins now. */
  timeIn(login: Deadline): OperationTime {
    return new OperationTime(this.#options.milliseconds, login);
  }

  /** Whether an operation failed because nobody has said a word to anybody for as long as it may take. */
  isSilence(error: unknown): error is NoAnswer {
    const { servers, milliseconds } = this.#options;
    // Timers are not exact.
    return error instanceof NoAnswer && servers.silentFor(0.9 * milliseconds);
  }

  async #on<T>(server: Server, time: OperationTime, operation: Operation<T>): Promise<T> {
    const { servers, log } = this.#options;
    const { login } = time;
    login.throwIfAborted();
    try {
      const answer = await operation(server, time);
      if (servers.succeeded(server)) log(`${server.url}: the server answers again`);
      return answer;
    } catch (error) {
      if (error instanceof ServiceRefused) this.#tellRefused(error);
      else if (error !== login.reason && !this.#closed && isFaultOfServer(error)) this.#pause(server, error);
      throw error;
    }
  }

  #tellRefused({ message, until }: ServiceRefused): void {
    const { log, now, clock } = this.#options;
    this.#complain(() => {
      const at = new Date(clock().getTime() + until - now()).toISOString().replace(/\.\d+/, '');
      const when = `it is tried again at ${at}, or when its password or the settings are read anew`;
      log(`${message}; the account may be locked by now: ${when}`);
    });
  }

  #pause(server: Server, error: Error): void {
    const { servers, log, drop } = this.#options;
    if (servers.failed(server)) this.#complain(() => log(error.message));
    drop(server);
  }
}
