import { randomUUID } from 'node:crypto';
import type { GatekeeperEvent } from '../../core/events/event.ts';
import { isAdverse } from '../../core/events/fields.ts';
import { jsonLine, printable } from '../../core/json-line.ts';
import type { Destination } from './destination.ts';
import { post, type Answer, type Parcel } from './post.ts';

/** What is told of a webhook to who counts and logs. */
export interface Observer {
  readonly onRequest: (answer: Answer['kind']) => void;
  readonly onEvents: (result: 'sent' | 'dropped' | 'refused', count: number) => void;
  /** In words, on one line. */
  readonly onFault: (problem: string) => void;
}

/** Times in milliseconds. */
export interface Pace {
  /** Events of so long go together. */
  readonly gather: number;
  /** Before the first repetition; each further one waits twice as long. */
  readonly again: number;
  readonly longest: number;
  /** Of what the server asks for so much is heeded. */
  readonly longestAsked: number;
  /** Older events are given up. */
  readonly giveUp: number;
}

const usualPace: Pace = {
  ...{ gather: 1000, again: 1000, longest: 60_000 },
  ...{ longestAsked: 300_000, giveUp: 3_600_000 },
};

/** What may wait, in UTF-16 units; more events are dropped, because mail must not wait for its webhook. */
const mostWaiting = 8 * 1024 * 1024;

/** What goes together at most. */
const largest = { events: 500, units: 1024 * 1024 } as const;

interface Batch extends Parcel {
  readonly count: number;
  readonly since: number;
}

/** Sends events to a server, some together, in their order, each batch until it is taken; nobody ever waits for it. */
export class Webhook {
  readonly #observer: Observer;
  readonly #pace: Pace;
  #destination: Destination | undefined;
  #lines: string[] = [];
  #units = 0;
  #batch: Batch | undefined;
  #failures = 0;
  #isBusy = false;

  constructor(observer: Observer, pace: Pace = usualPace) {
    this.#observer = observer;
    this.#pace = pace;
  }

  /** Events that wait, those of a request under way included. */
  get waiting(): number {
    return this.#lines.length + (this.#batch?.count ?? 0);
  }

  /** Sends to another server from now on, also what waits; with none, that is dropped. */
  use(destination: Destination | undefined): void {
    this.#destination = destination;
    if (destination) return;
    if (this.waiting > 0) this.#observer.onEvents('dropped', this.waiting);
    [this.#lines, this.#units, this.#batch] = [[], 0, undefined];
  }

  append(event: GatekeeperEvent): void {
    if (!this.#destination || !isWanted(this.#destination.events, event)) return;
    const line = jsonLine(event);
    if (this.#units + line.length > mostWaiting) {
      this.#observer.onEvents('dropped', 1);
      this.#observer.onFault(`${this.#destination.shown} does not keep up: events are dropped`);
      return;
    }
    this.#lines.push(line);
    this.#units += line.length;
    this.#goOn(this.#pace.gather);
  }

  /** There is one timer or one request, never both, and never two. */
  #goOn(milliseconds: number): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    setTimeout(() => void this.#send(), milliseconds).unref();
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    const batch = (this.#batch ??= this.#nextBatch());
    const destination = this.#destination;
    let pause = 0;
    if (batch && destination) {
      const answer = await post(destination, batch, new Date());
      pause = this.#conclude(batch, destination, answer);
    }
    this.#isBusy = false;
    if (this.waiting > 0) this.#goOn(pause);
  }

  #nextBatch(): Batch | undefined {
    let [count, units] = [0, 0];
    for (const { length } of this.#lines) {
      if (count === largest.events || (count > 0 && units + length > largest.units)) break;
      [count, units] = [count + 1, units + length];
    }
    if (count === 0) return undefined;
    const lines = this.#lines.splice(0, count);
    this.#units -= units;
    const body = `{"v":1,"events":[${lines.join(',')}]}`;
    return { id: randomUUID(), body, count, since: performance.now() };
  }

  /** Gives the time until the next request. */
  #conclude(batch: Batch, { shown }: Destination, answer: Answer): number {
    const { kind } = answer;
    this.#observer.onRequest(kind);
    this.#failures = kind === 'failed' ? this.#failures + 1 : 0;
    const isOver = kind !== 'failed' || performance.now() - batch.since > this.#pace.giveUp;
    if (isOver && this.#batch === batch) {
      this.#observer.onEvents(results[kind], batch.count);
      this.#batch = undefined;
    }
    if (kind === 'taken') return this.#lines.length >= largest.events ? 0 : this.#pace.gather;
    const effect = isOver ? `${batch.count} events are given up` : `${this.waiting} events wait`;
    this.#observer.onFault(`${shown}: ${printable(answer.why.slice(0, 300))}; ${effect}`);
    return kind === 'failed' ? this.#pauseAfter(answer.afterMs) : this.#pace.gather;
  }

  /** By chance up to half shorter, so that many gateways do not come back at once. */
  #pauseAfter(asked = 0): number {
    const { again, longest, longestAsked } = this.#pace;
    const pause = Math.min(again * 2 ** (this.#failures - 1), longest) * (1 - Math.random() / 2);
    return Math.max(pause, Math.min(asked, longestAsked));
  }
}

const results = { taken: 'sent', refused: 'refused', failed: 'dropped' } as const;

function isWanted(events: Destination['events'], event: GatekeeperEvent): boolean {
  if (events === 'adverse') return isAdverse(event);
  return events === 'all' || events.includes(event.kind);
}
