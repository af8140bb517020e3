import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import type { GatekeeperEvent } from '../../core/events/event.ts';
import type { StorePlace } from '../../core/events/places.ts';
import type { EventSink } from '../../core/events/sink.ts';
import { longestDelayMs } from '../../core/events/store.ts';
import { printable } from '../../core/json-line.ts';
import { messageOf } from '../../core/message-of.ts';
import type { Mark } from './read.ts';
import { Reading } from './reading.ts';
import { noteStanding, standingOf, type Standing } from './state.ts';
import { eventsOf, handOver } from './taking.ts';

/** What settings say of where events are, and where it is noted how far a sink has come. */
export interface Where {
  /** Throws where it cannot be known yet. */
  readonly place: () => StorePlace;
  readonly data: string;
}

/** What is told of a sink to who counts and logs. */
export interface Observer {
  readonly onEvents: (result: 'taken' | 'failed' | 'missed', count: number) => void;
  /** In words, on one line: what somebody has to mend, and what only is to be known. */
  readonly onFault: (problem: string) => void;
  readonly onNews: (what: string) => void;
}

/** Times in milliseconds. */
export interface Pace {
  /** So often it is looked whether there are events. */
  readonly look: number;
  /** Before the first repetition; each further one waits twice as long. */
  readonly again: number;
  readonly longest: number;
  /** So long a sink may take for what it is handed. */
  readonly take: number;
  /** So long others still write to a store that another one takes the place of. */
  readonly drain: number;
}

const usualPace: Pace = { look: 500, again: 1000, longest: 60_000, take: 30_000, drain: 15_000 };

export interface RunOptions {
  readonly sink: EventSink;
  /** What this gateway calls itself in events. */
  readonly node: string;
  /** A sink that was not there before begins with what fell from then on. */
  readonly begun: Date;
  readonly observer: Observer;
  readonly pace?: Pace;
}

interface Batch {
  readonly events: readonly GatekeeperEvent[];
  readonly until: Mark;
  readonly isMore: boolean;
}

interface Source {
  readonly name: string;
  readonly reading: Reading;
}

/** Names that this gateway had before, which stay known. */
const mostNodes = 20;

/**
 * Hands the events of a store to a sink, some at once, in their order, each batch until it is taken; nobody ever waits for it. How far
 * it has come is on disk before the next ones are handed over.
 */
export class SinkRun {
  readonly #options: RunOptions;
  readonly #pace: Pace;
  #where: Where;
  #next: { readonly where: Where; readonly from: number } | undefined;
  #source: Source | undefined;
  #standing: Standing | undefined;
  #batch: Batch | undefined;
  #failures = 0;

  constructor(options: RunOptions, where: Where) {
    this.#options = options;
    this.#pace = options.pace ?? usualPace;
    this.#where = where;
  }

  /** How long ago the first event fell that the sink has been handed and not taken, in seconds. */
  get lag(): number {
    const [first] = this.#batch?.events ?? [];
    return first ? Math.max(0, Date.now() - Date.parse(first.time)) / 1000 : 0;
  }

  /** Goes on with what other settings say, once it has all of where events were kept before. */
  use(where: Where): void {
    this.#next = { where, from: performance.now() + this.#pace.drain };
  }

  /** For as long as the process lives, which it does not keep from ending. */
  async run(): Promise<never> {
    // Whoever writes opens the store first, and makes it.
    for (let pause = this.#pace.look; ; pause = await this.#step()) {
      await (pause === 0 ? setImmediate() : delay(pause, undefined, { ref: false }));
    }
  }

  /** Gives the time until the next one. Never rejects. */
  async #step(): Promise<number> {
    try {
      this.#batch ??= await this.#read();
    } catch (error) {
      this.#switchIfDue();
      return this.#fail(`the events cannot be read: ${messageOf(error)}`);
    }
    const batch = this.#batch;
    if (!batch) {
      this.#succeed();
      return this.#switchIfDue() ? 0 : this.#pace.look;
    }
    const { sink, observer } = this.#options;
    const count = batch.events.length;
    try {
      if (count > 0) await handOver(sink, batch.events, this.#pace.take);
    } catch (error) {
      observer.onEvents('failed', count);
      return this.#fail(`${messageOf(error)}; ${count} events and all behind them come again`);
    }
    if (count > 0) observer.onEvents('taken', count);
    this.#batch = undefined;
    this.#succeed();
    await this.#note(batch.until);
    return batch.isMore ? 0 : this.#pace.look;
  }

  #fail(problem: string): number {
    this.#failures += 1;
    this.#options.observer.onFault(printable(problem.slice(0, 500)));
    return Math.min(this.#pace.again * 2 ** (this.#failures - 1), this.#pace.longest);
  }

  #succeed(): void {
    if (this.#failures > 0) this.#options.observer.onNews('goes on');
    this.#failures = 0;
  }

  /** What comes next; nothing where there is nothing yet. */
  async #read(): Promise<Batch | undefined> {
    const source = (this.#source ??= this.#open());
    const { standing, mark } = await this.#findMark(source);
    const read = await source.reading.behind(mark);
    if (read === 'another store') {
      this.#standing = elsewhere(standing, source.name);
      this.#options.observer.onNews(
        `its store is another one: it goes on with what fell since ${this.#standing.time}`,
      );
      return undefined;
    }
    const { events, count, until, missed, isMore } = read;
    if (missed !== 0) this.#tellMissed(missed, standing.time, until);
    if (count > 0 || isMore) return { events: eventsOf(events), until, isMore };
    if (until.time !== undefined) this.#standing = standingAt(standing, until);
    return undefined;
  }

  #tellMissed(missed: number | 'unknown', after: string, { time = after }: Mark): void {
    const { observer } = this.#options;
    if (missed !== 'unknown') observer.onEvents('missed', missed);
    const many = missed === 'unknown' ? 'some events may' : `${missed} events`;
    observer.onFault(
      `${many} have left the store before the sink took them, of those between ${after} and ${time}`,
    );
  }

  #open(): Source {
    const place = this.#where.place();
    const { name, node } = { name: storeName(place), node: this.#options.node };
    const { data } = this.#where;
    const known = this.#standing ?? standingOf(data, this.#options.sink.name);
    const { nodes = [] } = known ?? {};
    const all = [...nodes.filter((each) => each !== node), node].slice(-mostNodes);
    this.#standing = { ...standingIn(name, known, this.#options.begun), nodes: all };
    return { name, reading: new Reading({ place, nodes: all }) };
  }

  /** Where to go on; found by its time where no place is known. */
  async #findMark({ reading }: Source): Promise<{ standing: Standing; mark: Mark }> {
    const { sink } = this.#options;
    const standing = this.#standing;
    if (!standing) throw new Error('nobody knows where the sink goes on');
    const { place, isRead, time } = standing;
    if (place !== undefined) return { standing, mark: { place, ...(isRead && { time }) } };
    // First of all: events that fall while the store cannot be read are to come, too.
    await noteStanding(this.#where.data, sink.name, standing);
    const found = { ...standing, place: await reading.placeBefore(new Date(time)) };
    this.#standing = found;
    return { standing: found, mark: { place: found.place } };
  }

  /** A place that cannot be noted is no reason to wait: then more comes twice after a restart. */
  async #note(until: Mark): Promise<void> {
    if (!this.#standing) return;
    this.#standing = standingAt(this.#standing, until);
    try {
      await noteStanding(this.#where.data, this.#options.sink.name, this.#standing);
    } catch (error) {
      this.#options.observer.onFault(`it cannot be noted how far it has come: ${messageOf(error)}`);
    }
  }

  /** Others write to the former store until they have heard of the new one. */
  #switchIfDue(): boolean {
    if (!this.#next || performance.now() < this.#next.from) return false;
    this.#source?.reading.end();
    this.#source = undefined;
    this.#where = this.#next.where;
    this.#next = undefined;
    return true;
  }
}

/** A standing in a store of that name: where it is another one, or none yet, by time. */
function standingIn(store: string, known: Standing | undefined, begun: Date): Standing {
  if (!known) return { store, isRead: false, time: begun.toISOString(), nodes: [] };
  return known.store === store ? known : elsewhere(known, store);
}

/** What was written behind an event fell at most so much earlier. */
function elsewhere({ time, isRead, nodes }: Standing, store: string): Standing {
  const since = new Date(Date.parse(time) - (isRead ? longestDelayMs : 0));
  return { store, isRead: false, time: since.toISOString(), nodes };
}

function standingAt(standing: Standing, { place, time }: Mark): Standing {
  return { ...standing, place, ...(time !== undefined && { time, isRead: true }) };
}

function storeName(place: StorePlace): string {
  switch (place.kind) {
    case 'sqlite':
    case 'file':
      return `${place.kind} ${place.file}`;
    case 'postgresql':
      return `postgresql ${place.host}:${place.port}/${place.database}`;
    case 'none':
      throw new Error(place.because);
  }
}
