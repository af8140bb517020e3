import { messageOf } from '../message-of.ts';
import { oncePerMinute } from '../once-per-minute.ts';
import type { GatekeeperEvent } from './event.ts';
import type { Spool } from './spool.ts';
import { asUnavailable, EventsUnavailable, type EventStore, type Limits } from './store.ts';

/** How long a store that failed is left alone: to try it may take as long as it waits for others. */
const pauseMs = 5000;

/** Where events are kept, and what is done while they cannot be. */
export interface Keeping {
  readonly open: () => EventStore;
  /** Puts a store that is broken out of the way; gives its new name, or nothing where another process has done so. */
  readonly setAside: (error: EventsUnavailable) => string | undefined;
  /** Takes what the store does not; absent where nobody is to be let go on then. */
  readonly spool: Spool | undefined;
  /** What was spooled is taken from here, whether or not anything is spooled now. */
  readonly spooled: readonly Spool[];
  readonly alarm: (message: string) => void;
  /** A clock in milliseconds that only moves forward. */
  readonly now: () => number;
}

/** Keeps events in a store, and in a spool while that cannot be used. */
export class Keeper {
  readonly #keeping: Keeping;
  readonly #complain: (action: () => void) => void;
  /** Of what is spooled: must not silence what says whether mail goes on. */
  readonly #complainOfSpooled: (action: () => void) => void;
  #store: EventStore | undefined;
  #retryAt = -Infinity;
  /** Why it failed the last time. */
  #trouble = '';
  #isFailing = false;
  #taking: Promise<void> | undefined;

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
    this.#complain = oncePerMinute(keeping.now);
    this.#complainOfSpooled = oncePerMinute(keeping.now);
  }

  /** They are on disk when it resolves; rejects with `EventsUnavailable`. */
  async keep(lines: readonly string[]): Promise<void> {
    try {
      await this.#append(lines);
    } catch (error) {
      const trouble = asUnavailable(error);
      this.#fail(trouble);
      this.#spoolOrSay(lines, trouble);
      return;
    }
    if (this.#isFailing) void this.#recover();
  }

  /** Takes what is spooled into the store, where it can be used. Never rejects: what failed is done when it recovers. */
  takeSpooled(): Promise<void> {
    return (this.#taking ??= this.#takeAll().finally(() => {
      this.#taking = undefined;
    }));
  }

  /** What is spooled does not wait for the next event. */
  async tryAgain(): Promise<void> {
    if (this.#isFailing) await this.takeSpooled();
  }

  async #takeAll(): Promise<void> {
    const { spooled, alarm } = this.#keeping;
    let count = 0;
    try {
      for (const spool of spooled) count += await spool.empty((lines) => this.#append(lines));
    } catch (error) {
      this.#cannotTake(error);
      return;
    }
    if (count === 0) return;
    alarm(`${count} events that were spooled are in their store now`);
    if (this.#isFailing) this.#beWell();
  }

  #cannotTake(error: unknown): void {
    const { alarm } = this.#keeping;
    if (!(error instanceof EventsUnavailable)) {
      this.#complainOfSpooled(() => alarm(`spooled events cannot be read: ${messageOf(error)}`));
      return;
    }
    this.#fail(error);
    this.#complain(() => alarm(`the store of events cannot be used, events are spooled: ${error.message}`));
  }

  /** Forgets what is old, a part in each step. Never rejects: what failed is done the next time. */
  async maintain(limits: Limits): Promise<void> {
    try {
      await this.#open().maintain(limits);
    } catch (error) {
      this.#keeping.alarm(`old events cannot be forgotten now: ${messageOf(error)}`);
    }
  }

  async #append(lines: readonly string[]): Promise<void> {
    const events = lines.map((line) => JSON.parse(line) as GatekeeperEvent);
    try {
      await this.#open().append(events);
    } catch (error) {
      if (!(error instanceof EventsUnavailable) || !error.isBroken) throw error;
      await this.#replace(error);
      await this.#open().append(events);
    }
  }

  #open(): EventStore {
    if (this.#store) return this.#store;
    const { open, now } = this.#keeping;
    if (now() < this.#retryAt) throw new EventsUnavailable(this.#trouble);
    return (this.#store = open());
  }

  async #replace(error: EventsUnavailable): Promise<void> {
    const { setAside, alarm } = this.#keeping;
    await this.close();
    const aside = setAside(error);
    if (aside === undefined) return;
    alarm(`the store of events is broken (${error.message}): it is ${aside} now, and a new one is begun`);
  }

  #fail(error: EventsUnavailable): void {
    const { now } = this.#keeping;
    if (now() >= this.#retryAt) this.#retryAt = now() + pauseMs;
    this.#isFailing = true;
    this.#trouble = error.message;
    void this.close();
  }

  async #recover(): Promise<void> {
    this.#beWell();
    // One that is under way may have failed already.
    await this.#taking;
    await this.takeSpooled();
  }

  #beWell(): void {
    this.#isFailing = false;
    this.#keeping.alarm('the store of events can be used again');
  }

  /** What is said of the store is said of the spool, too: one alone would not tell whether mail goes on. */
  #spoolOrSay(lines: readonly string[], trouble: EventsUnavailable): void {
    const { spool, alarm } = this.#keeping;
    const say = (instead: string) =>
      this.#complain(() => alarm(`the store of events cannot be used, ${instead}: ${trouble.message}`));
    if (!spool) {
      say('mail is deferred');
      throw trouble;
    }
    try {
      spool.write(lines);
    } catch (error) {
      const { message, isFull } = asUnavailable(error);
      say(`nor can the spool (${message}), mail is deferred`);
      throw new EventsUnavailable(`${trouble.message}; spool: ${message}`, { isFull, cause: error });
    }
    say('events are spooled');
  }

  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.close().catch(() => undefined);
  }
}
