import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { beginThread } from '../thread.ts';
import type { GatekeeperEvent } from './event.ts';
import type { StorePlace } from './places.ts';
import { Progress } from './progress.ts';
import { Spool } from './spool.ts';
import { EventsUnavailable, type Limits } from './store.ts';

/** Characters that wait for the disk at most: beyond it events are lost, and no mail is accepted. */
const mostPending = 64 * 1024 * 1024;

/** Events that are written in one step: others wait as long as that takes, and are not to wait long. */
const mostAtOnce = 5000;

/** So long after an event was lost no mail is accepted: that may have been the one of a message which is on its way. */
const lossMs = 60_000;

/**
 * So long the end of the process waits for what is under way: longer than a thread takes to begin and a store waits for others,
 * which must not be cut off.
 */
const longestEndMs = 15_000;

/** So long another store that takes the place of this one waits for it. */
const longestCloseMs = 10_000;

/** What failed is tried again after so long; a thread that has ended, which it never should, is begun anew. */
const againMs = 1000;

/** Events as lines. */
interface Batch {
  readonly batch: number;
  readonly lines: readonly string[];
}

/** From the process to its thread: what to keep, or what to forget. */
export type Order =
  | { readonly batch: number; readonly text: string }
  | { readonly limits: Limits }
  | { readonly isEnd: true };

/** From the thread: what became of a batch, or what an operator has to know. */
export type Answer =
  | { readonly batch: number; readonly fault?: { readonly message: string; readonly isFull: boolean } }
  | { readonly alarm: string };

/** Where events go. */
export interface Destination {
  readonly place: StorePlace;
  /** Where they wait until the store can be used. */
  readonly spoolFolder: string;
  /** Whether they do so while mail goes on; if not, only what is left at the end of the process does. */
  readonly isSpooling: boolean;
}

export interface ThreadData extends Destination {
  readonly formerFolders: readonly string[];
  /** What `Progress` shares. */
  readonly shared: SharedArrayBuffer;
}

/** Where events go, and who hears of trouble. */
export interface WriterOptions extends Destination {
  readonly alarm: (message: string) => void;
  /** An event was lost, since more came than could be written. */
  readonly onLost: () => void;
  /** Whose place it takes: it begins when that one has ended, with what that one could not write. */
  readonly former?: EventWriter | undefined;
}

interface Waiting {
  /** How many events have to be on disk for it. */
  readonly count: number;
  readonly settle: (fault?: EventsUnavailable) => void;
}

/**
 * Has a thread write events, so that the event loop never waits for a disk: all that come while one batch is written make the
 * next.
 */
export class EventWriter {
  readonly #options: Omit<WriterOptions, 'former'>;
  /** Where those before it have spooled, its own first. */
  readonly #folders: readonly string[];
  readonly #progress = new Progress();
  /** Begun with the first event: most processes of a command or a primary have none. */
  #thread: Worker | undefined;
  #pending: string[] = [];
  #pendingLength = 0;
  #underWay: Batch | undefined;
  #batch = 0;
  /** Of the events so far, those that are on disk: they get there in their order. */
  #written = 0;
  #waiting: Waiting[] = [];
  #isScheduled = false;
  #isHeld = false;
  /** Why the last batch could not be written: until it can be, nobody waits for it. */
  #trouble: EventsUnavailable | undefined;
  #lostAt = -Infinity;

  constructor({ former, ...options }: WriterOptions) {
    this.#options = options;
    this.#folders = [...new Set([options.spoolFolder, ...(former ? former.#folders : [])])];
    if (former) void this.#succeed(former);
  }

  /** Takes an event; it is on its way to the disk within the same turn of the event loop. */
  take(event: GatekeeperEvent): void {
    const line = JSON.stringify(event);
    if (this.#pendingLength + line.length > mostPending) {
      this.#lostAt = performance.now();
      this.#options.onLost();
      return;
    }
    this.#pending.push(line);
    this.#pendingLength += line.length;
    if (this.#isScheduled || this.#underWay || this.#trouble) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  /** Resolves when all that was taken so far is on disk; rejects with `EventsUnavailable`, also where something was lost. */
  onDisk(): Promise<void> {
    if (this.#trouble) return Promise.reject(this.#trouble);
    if (this.#pendingLength > mostPending / 2 || performance.now() < this.#lostAt + lossMs) {
      return Promise.reject(new EventsUnavailable('events come faster than they can be written'));
    }
    return this.#next();
  }

  /** Why the last events could not be kept; nothing when they could. */
  get trouble(): string | undefined {
    return this.#trouble?.message;
  }

  /** Has the store forget what is old; one process of a gateway does. */
  maintain(limits: Limits): void {
    if (this.#isHeld) return;
    this.#thread ??= this.#begin();
    this.#thread.postMessage({ limits } satisfies Order);
  }

  /** Resolves when all is written, or cannot be, with the lines that are not; the thread has ended then. */
  async close(): Promise<readonly string[]> {
    const isLost = this.#trouble && !this.#underWay;
    const written = isLost ? undefined : this.#next().catch(() => undefined);
    await Promise.race([written, delay(longestCloseMs, undefined, { ref: false })]);
    this.#isHeld = true;
    await this.#endThread();
    const closed = new EventsUnavailable('events go to another store now');
    for (const { settle } of this.#waiting.splice(0)) settle(closed);
    return this.#left();
  }

  /** At the end of the process, which waits for nothing any more: writes what is left, or spools it. */
  finish(): void {
    this.#progress.tellEnd();
    const sent = this.#underWay;
    const isWritten = sent === undefined || this.#progress.waitFor(sent.batch, longestEndMs);
    if (isWritten && !this.#trouble && this.#thread && this.#pending.length > 0) {
      const rest = this.#take(Infinity);
      this.#post(this.#thread, rest);
      if (this.#progress.waitFor(rest.batch, longestEndMs)) return;
      this.#pending = [...rest.lines];
    }
    if (isWritten) this.#underWay = undefined;
    const left = this.#left();
    if (left.length > 0) this.#spool(left);
  }

  /** By itself, between two steps: what is cut off in the middle of one may take the process with it. */
  async #endThread(): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    thread.removeAllListeners();
    thread.postMessage({ isEnd: true } satisfies Order);
    await Promise.race([once(thread, 'exit'), delay(longestCloseMs, undefined, { ref: false })]);
  }

  /** All that is not known to be written, in its order; nothing of it is tried any more. */
  #left(): string[] {
    const left = [...(this.#underWay?.lines ?? []), ...this.#pending];
    this.#underWay = undefined;
    this.#pending = [];
    this.#pendingLength = 0;
    return left;
  }

  async #succeed(former: EventWriter): Promise<void> {
    this.#isHeld = true;
    const lines = await former.close();
    this.#isHeld = false;
    this.#putBack(lines);
    for (const [at, { count, settle }] of this.#waiting.entries()) {
      this.#waiting[at] = { count: count + lines.length, settle };
    }
    this.#thread ??= this.#begin();
    this.#send();
  }

  /** Settles with the last event that was taken so far. */
  #next(): Promise<void> {
    const count = this.#written + (this.#underWay?.lines.length ?? 0) + this.#pending.length;
    if (count === this.#written) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (fault?: EventsUnavailable) => {
        if (fault) reject(fault);
        else resolve();
      };
      this.#waiting.push({ count, settle });
    });
  }

  #begin(): Worker {
    const { place, spoolFolder, isSpooling } = this.#options;
    const formerFolders = this.#folders.slice(1);
    const workerData: ThreadData = {
      place,
      spoolFolder,
      isSpooling,
      formerFolders,
      shared: this.#progress.shared,
    };
    const thread = beginThread(import.meta.url, './writer-thread', { workerData });
    thread.on('message', (answer: Answer) => this.#hear(answer));
    // After who hears it: that keeps the process alive.
    thread.unref();
    thread.on('error', (error) =>
      this.#options.alarm(`the thread that writes events failed: ${String(error)}`),
    );
    thread.on('exit', () => {
      this.#thread = undefined;
      setTimeout(() => this.#beginAgain(), againMs).unref();
    });
    return thread;
  }

  #beginAgain(): void {
    const sent = this.#underWay;
    if (this.#thread || !sent) return;
    if (this.#progress.written >= sent.batch) this.#hear({ batch: sent.batch });
    else this.#post((this.#thread = this.#begin()), sent);
  }

  #send(): void {
    if (this.#isHeld || this.#underWay || this.#pending.length === 0) return;
    this.#underWay = this.#take(mostAtOnce);
    this.#thread ??= this.#begin();
    this.#post(this.#thread, this.#underWay);
  }

  #post(thread: Worker, { batch, lines }: Batch): void {
    thread.postMessage({ batch, text: lines.join('\n') } satisfies Order);
  }

  #take(most: number): Batch {
    this.#batch += 1;
    const lines = this.#pending.slice(0, most);
    this.#pending = this.#pending.slice(most);
    this.#pendingLength -= lengthOf(lines);
    return { batch: this.#batch, lines };
  }

  #putBack(lines: readonly string[]): void {
    this.#pending = [...lines, ...this.#pending];
    this.#pendingLength += lengthOf(lines);
  }

  #hear(answer: Answer): void {
    if ('alarm' in answer) {
      this.#options.alarm(answer.alarm);
      return;
    }
    const { fault } = answer;
    const { lines } = this.#underWay ?? { lines: [] };
    this.#underWay = undefined;
    const trouble = fault && new EventsUnavailable(fault.message, { isFull: fault.isFull });
    this.#trouble = trouble;
    const tried = this.#written + lines.length;
    if (trouble) this.#tryAgain(lines);
    else this.#written = tried;
    const settled = this.#waiting.filter(({ count }) => count <= tried);
    this.#waiting = this.#waiting.filter(({ count }) => count > tried);
    for (const { settle } of settled) settle(trouble);
    if (!trouble) this.#send();
  }

  /** What could not be written is tried again, before all others. */
  #tryAgain(lines: readonly string[]): void {
    this.#putBack(lines);
    setTimeout(() => this.#send(), againMs).unref();
  }

  #spool(lines: readonly string[]): void {
    const { spoolFolder, alarm } = this.#options;
    try {
      new Spool(spoolFolder, () => new Date()).write(lines);
    } catch (error) {
      alarm(`${lines.length} events are lost: ${String(error)}`);
    }
  }
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, { length }) => sum + length, 0);
}
