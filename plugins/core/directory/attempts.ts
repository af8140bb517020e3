import type { Deadline } from '../deadline.ts';
import { oncePerMinute } from '../once-per-minute.ts';
import { Unavailable } from './directory.ts';
import { isFaultOfServer } from './pool.ts';
import type { Server, Servers } from './servers.ts';

export interface AttemptsOptions {
  readonly servers: Servers;
  readonly log: (message: string) => void;
  /** A clock in milliseconds that only moves forward. */
  readonly now: () => number;
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

  /** Tries one server, then once another one, or the same again where there is no other. */
  async make<T>(deadline: Deadline, operation: (server: Server) => Promise<T>): Promise<T> {
    const { servers } = this.#options;
    const first = servers.choose();
    try {
      return await this.#on(first, deadline, operation);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return this.#on(servers.choose(first), deadline, operation);
    }
  }

  async #on<T>(server: Server, deadline: Deadline, operation: (server: Server) => Promise<T>): Promise<T> {
    const { servers, log } = this.#options;
    deadline.throwIfAborted();
    try {
      const answer = await operation(server);
      if (servers.succeeded(server)) log(`${server.url}: the server answers again`);
      return answer;
    } catch (error) {
      if (error !== deadline.reason && !this.#closed && isFaultOfServer(error)) this.#pause(server, error);
      throw error;
    }
  }

  #pause(server: Server, error: Error): void {
    const { servers, log, drop } = this.#options;
    if (servers.failed(server)) this.#complain(() => log(error.message));
    drop(server);
  }
}
