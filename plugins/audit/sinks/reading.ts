import type { Worker } from 'node:worker_threads';
import type { StorePlace } from '../../core/events/places.ts';
import { EventsUnavailable } from '../../core/events/store.ts';
import { beginThread } from '../../core/thread.ts';
import type { Mark, Read } from './read.ts';

/** To the thread: what follows behind a mark, or behind which place everything stands that fell since a time. */
export type Question = { readonly behind: Mark } | { readonly since: number };

export type Answer = { readonly read: Read } | { readonly place: number } | { readonly fault: string };

export interface ReadingData {
  readonly place: StorePlace;
  /** By which names this gateway is known, where several share a store. */
  readonly nodes: readonly string[];
}

/** Has a thread of its own read a store, so that nobody else waits for a disk or a server. Rejects with `EventsUnavailable`. */
export class Reading {
  readonly #data: ReadingData;
  #thread: Worker | undefined;
  #settle: ((answer: Answer) => void) | undefined;

  constructor(data: ReadingData) {
    this.#data = data;
  }

  async behind(mark: Mark): Promise<Read> {
    const answer = await this.#ask({ behind: mark });
    if ('read' in answer) return answer.read;
    throw wrong(answer);
  }

  async placeBefore(since: Date): Promise<number> {
    const answer = await this.#ask({ since: since.getTime() });
    if ('place' in answer) return answer.place;
    throw wrong(answer);
  }

  /** By itself, between two steps: what is cut off in the middle of one may take the process with it. */
  end(): void {
    this.#thread?.postMessage('end');
    this.#thread = undefined;
  }

  /** One question at a time. */
  #ask(question: Question): Promise<Answer> {
    const thread = (this.#thread ??= this.#begin());
    return new Promise((resolve) => {
      this.#settle = resolve;
      thread.postMessage(question);
    });
  }

  #begin(): Worker {
    const thread = beginThread(import.meta.url, './reading-thread', { workerData: this.#data });
    const fail = (fault: string) => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      this.#settle?.({ fault });
    };
    thread.on('message', (answer: Answer) => this.#settle?.(answer));
    thread.on('error', (error) => fail(`the thread that reads events failed: ${String(error)}`));
    thread.on('exit', () => fail('the thread that reads events has ended'));
    // Last: to listen for messages has it keep the process alive.
    thread.unref();
    return thread;
  }
}

function wrong(answer: Answer): EventsUnavailable {
  return new EventsUnavailable(
    'fault' in answer ? answer.fault : 'the thread that reads events made no sense',
  );
}
