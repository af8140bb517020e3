import { deepFreeze } from '../deep-freeze.ts';
import { messageOf } from '../message-of.ts';
import type { Policy, Settings } from '../settings/settings.ts';
import type { Cluster, Plugin, Worker } from './types.ts';

/** From the primary to a worker. Haraka itself looks at `cmd` and at events of its own names. */
interface Order {
  readonly event: 'gatekeeper.offer' | 'gatekeeper.commit';
  readonly offer: number;
  readonly settings: Settings;
}

/** From a worker to its primary. */
interface Answer {
  readonly event: 'gatekeeper.answer';
  readonly offer: number;
  readonly problem?: string;
}

/** What a process can do with settings. */
export interface Follower {
  /** Throws what speaks against settings, one problem a line; the function that it returns puts them in force. */
  readonly makeReady: (settings: Settings) => () => void;
  /** Files besides those of the settings that are read with them. */
  readonly filesOf: (policy: Policy) => readonly string[];
}

const answerWithinMs = 10_000;

/** A worker said neither yes nor no in time: it may be busy, and able to follow later. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** The workers of this primary, of which there may be none. */
export class Workers {
  readonly #cluster: Cluster | undefined;
  #offer = 0;

  constructor(cluster: Cluster | undefined) {
    this.#cluster = cluster;
  }

  get count(): number {
    return this.#connected.length;
  }

  get #connected(): Worker[] {
    const all = Object.values(this.#cluster?.workers ?? {});
    return all.filter((worker): worker is Worker => worker?.isConnected() === true);
  }

  /** Resolves when every worker is ready for settings; rejects with what speaks against them in one of them. */
  async agree(settings: Settings): Promise<void> {
    this.#offer += 1;
    const offer = this.#offer;
    await Promise.all(
      this.#connected.map((worker) => agreed(worker, { event: 'gatekeeper.offer', offer, settings })),
    );
  }

  /** Lets the settings that were agreed to apply in all workers, those included that were forked meanwhile. */
  commit(settings: Settings): void {
    for (const worker of this.#connected) {
      send(worker, { event: 'gatekeeper.commit', offer: this.#offer, settings });
    }
  }
}

function agreed(worker: Worker, order: Order): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      settle();
    };
    const onMessage = (message: unknown) => {
      if (!isAnswer(message) || message.offer !== order.offer) return;
      const { problem } = message;
      end(problem === undefined ? resolve : () => reject(new Error(`worker ${worker.id}: ${problem}`)));
    };
    // A worker that is gone decides nothing any more; its successor begins with what is in force then.
    const onExit = () => end(resolve);
    const timer = setTimeout(() => {
      end(() => reject(new NoAnswer(`worker ${worker.id} did not answer within ${answerWithinMs / 1000} s`)));
    }, answerWithinMs);
    worker.on('message', onMessage);
    worker.on('exit', onExit);
    send(worker, order);
  });
}

/** What cannot be sent is for a worker that has died a moment ago, as its exit will say; unheard, it would end the primary. */
function send(worker: Worker, order: Order): void {
  worker.send(order, () => undefined);
}

/** Makes a worker answer what its primary offers. */
export function answerPrimary(plugin: Plugin, { makeReady }: Follower): void {
  let ready: { readonly offer: number; readonly commit: () => void } | undefined;
  const take = (offer: number, settings: Settings): string | undefined => {
    try {
      ready = { offer, commit: makeReady(deepFreeze(settings)) };
      return undefined;
    } catch (error) {
      ready = undefined;
      return messageOf(error);
    }
  };
  process.on('message', (message: unknown) => {
    if (!isOrder(message)) return;
    const { event, offer, settings } = message;
    if (event === 'gatekeeper.offer') {
      const problem = take(offer, settings);
      const answer: Answer = { event: 'gatekeeper.answer', offer, ...(problem !== undefined && { problem }) };
      process.send?.(answer);
      return;
    }
    // A worker that was forked between the two was not asked.
    const problem = ready?.offer === offer ? undefined : take(offer, settings);
    if (problem !== undefined) plugin.logcrit(`settings: cannot follow the primary: ${problem}`);
    try {
      ready?.commit();
    } catch (error) {
      plugin.logcrit(`settings: not all of them are in force: ${String(error)}`);
    }
    ready = undefined;
  });
}

function isOrder(message: unknown): message is Order {
  const event = eventOf(message);
  return event === 'gatekeeper.offer' || event === 'gatekeeper.commit';
}

function isAnswer(message: unknown): message is Answer {
  return eventOf(message) === 'gatekeeper.answer';
}

function eventOf(message: unknown): unknown {
  return (message as { event?: unknown } | null | undefined)?.event;
}
