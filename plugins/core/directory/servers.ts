import type { Endpoint } from './endpoint.ts';

/** A clock in milliseconds that only moves forward, and a source of numbers from 0 to 1. */
export interface Chance {
  readonly now: () => number;
  readonly random: () => number;
}

/** The first failure keeps a server from being chosen for so long, in milliseconds; each further one doubles it. */
const shortestPause = 200;
const longestPause = 30_000;

export interface Server extends Endpoint {
  failures: number;
  pausedUntil: number;
  /** Until then it is not asked whether it takes the service account, which it refused. */
  refusedUntil: number;
  /** Counts up with each choice: the smallest was chosen longest ago. */
  chosen: number;
}

export type ServerOrder = 'in-order' | 'round-robin';

/** The servers, in order of preference or each in turn. One that failed pauses; when all do, they are tried in turn, so that an outage ends as soon as any of them is back. */
export class Servers {
  readonly #servers: readonly Server[];
  readonly #chance: Chance;
  readonly #order: ServerOrder;
  #turn = 0;
  #choices = 0;
  #answeredAt = -Infinity;

  constructor(endpoints: readonly Endpoint[], chance: Chance, order: ServerOrder = 'in-order') {
    this.#order = order;
    this.#servers = endpoints.map((endpoint) => ({
      ...endpoint,
      failures: 0,
      pausedUntil: -Infinity,
      refusedUntil: -Infinity,
      chosen: 0,
    }));
    this.#chance = chance;
  }

  get count(): number {
    return this.#servers.length;
  }

  /** The server for the next attempt, another one than those that were `tried` where there is another. */
  choose(...tried: readonly Server[]): Server {
    const servers = this.#inOrder();
    const others = servers.filter((server) => !tried.includes(server));
    const chosen = this.#among(others.length > 0 ? others : servers);
    chosen.chosen = this.#choices += 1;
    return chosen;
  }

  #among(candidates: readonly Server[]): Server {
    const ready = candidates.find((server) => !this.#isPaused(server));
    if (ready === undefined) return candidates.reduce((a, b) => (b.chosen < a.chosen ? b : a));
    // One login finds out whether the server is back; the others keep away until it has.
    if (ready.failures > 0) this.#pause(ready);
    return ready;
  }

  /** Whether no server has answered for so long. */
  silentFor(milliseconds: number): boolean {
    return this.#chance.now() - this.#answeredAt >= milliseconds;
  }

  /** A login asks twice: without a step more in each round one of two servers would do all the searches. */
  #inOrder(): readonly Server[] {
    if (this.#order === 'in-order') return this.#servers;
    const count = this.#servers.length;
    const first = (this.#turn + Math.floor(this.#turn / count)) % count;
    this.#turn += 1;
    return [...this.#servers.slice(first), ...this.#servers.slice(0, first)];
  }

  /** Returns whether this is news. */
  failed(server: Server): boolean {
    if (this.#isPaused(server)) return false;
    this.#pause(server);
    return true;
  }

  /** Returns whether this is news. */
  succeeded(server: Server): boolean {
    const news = server.failures > 0;
    this.#answeredAt = this.#chance.now();
    server.failures = 0;
    server.pausedUntil = -Infinity;
    return news;
  }

  #isPaused(server: Server): boolean {
    return this.#chance.now() < Math.max(server.pausedUntil, server.refusedUntil);
  }

  /** With jitter from half to all of the pause, so that many gateways do not return together. */
  #pause(server: Server): void {
    server.failures += 1;
    const pause = Math.min(shortestPause * 2 ** server.failures, longestPause);
    server.pausedUntil = this.#chance.now() + pause * (0.5 + this.#chance.random() / 2);
  }
}
