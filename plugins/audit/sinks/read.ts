import type { GatekeeperEvent } from '../../core/events/event.ts';
import type { EventQuery, EventStore, StoredEvent } from '../../core/events/store.ts';

/** Up to where events were read. */
export interface Mark {
  readonly place: number;
  /** When the event at this place fell, by which it is known again; absent where none is known to be there. */
  readonly time?: string | undefined;
}

/** What follows in a store behind a mark. */
export interface Found {
  /** Events in the order of the store, in JSON. */
  readonly events: string;
  readonly count: number;
  readonly until: Mark;
  /** Events that were there and have left the store; `unknown` where nobody can say how many. */
  readonly missed: number | 'unknown';
  /** Whether there may be more at once. */
  readonly isMore: boolean;
}

/** `another store`: it is not the one that the mark was set in. */
export type Read = Found | 'another store';

/** What is read at once at most. */
const most = { events: 200, units: 256 * 1024, looked: 5000 } as const;

/** What is read of a store, and how its places are counted. */
export interface Reader {
  readonly store: EventStore;
  readonly isMeant: (event: GatekeeperEvent) => boolean;
  /** Whether each event has the place behind that of the one before it, so that one which is missing shows. */
  readonly isCounted: boolean;
}

/** Reads what was taken behind a mark: so much as may be handed over at once. */
export async function readBehind({ store, ...how }: Reader, mark: Mark): Promise<Read> {
  const batch = new Batch(mark, how);
  const isKnown = mark.time !== undefined;
  // With the event at the mark: whether it is still the same tells whether it is still the same store.
  for await (const each of oneByOne(store, { after: isKnown ? mark.place - 1 : mark.place })) {
    if (batch.isOther(each)) return 'another store';
    if (batch.isFullWith(each)) return batch.found(true);
  }
  if (isKnown && batch.isNothing && (await isBefore(store, mark.place))) return 'another store';
  return batch.found(false);
}

async function* oneByOne(store: EventStore, query: EventQuery): AsyncGenerator<StoredEvent> {
  for await (const batch of store.events(query)) yield* batch;
}

class Batch {
  readonly #start: Mark;
  readonly #how: Omit<Reader, 'store'>;
  readonly #lines: string[] = [];
  #units = 0;
  #looked = 0;
  #missed: Found['missed'] = 0;
  #until: Mark;
  isNothing = true;

  constructor(start: Mark, how: Omit<Reader, 'store'>) {
    this.#start = start;
    this.#until = start;
    this.#how = how;
  }

  isOther({ place, event }: StoredEvent): boolean {
    return place === this.#start.place && event.time !== this.#start.time;
  }

  /** Adds an event, unless there is no room for it. */
  isFullWith({ place, event }: StoredEvent): boolean {
    const isFirst = this.isNothing;
    this.isNothing = false;
    if (place === this.#start.place) return false;
    const line = this.#how.isMeant(event) ? JSON.stringify(event) : '';
    const isTooMuch = this.#lines.length > 0 && this.#units + line.length > most.units;
    if (isTooMuch || this.#lines.length === most.events || this.#looked === most.looked) return true;
    if (this.#how.isCounted) this.#missed = Number(this.#missed) + place - this.#until.place - 1;
    else if (isFirst && this.#start.time !== undefined) this.#missed = 'unknown';
    this.#looked += 1;
    this.#until = { place, time: event.time };
    this.#units += line.length;
    if (line !== '') this.#lines.push(line);
    return false;
  }

  found(isMore: boolean): Found {
    const count = this.#lines.length;
    return { events: `[${this.#lines.join(',')}]`, count, until: this.#until, missed: this.#missed, isMore };
  }
}

/** Whether all that a store has was taken before this place. */
async function isBefore(store: EventStore, place: number): Promise<boolean> {
  const last = await lastPlace(store);
  return last !== 0 && last < place;
}

async function lastPlace(store: EventStore): Promise<number> {
  for await (const { place } of oneByOne(store, { order: 'newest-first' })) return place;
  return 0;
}

/** What waited in a spool is written long after it fell: so many older events in a row are not the end of the newer ones. */
const mostSpooled = 20_000;

/** Behind which place everything stands that fell at a time or later; some of it may have fallen before. */
export async function placeBefore(store: EventStore, time: number): Promise<number> {
  let before = await lastPlace(store);
  let older = 0;
  for await (const { place, event } of oneByOne(store, { order: 'newest-first' })) {
    const isOlder = Date.parse(event.time) < time;
    older = isOlder ? older + 1 : 0;
    if (!isOlder) before = Math.min(before, place - 1);
    if (older > mostSpooled) break;
  }
  return before;
}
