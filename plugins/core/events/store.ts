import { isDiskFull } from '../durable.ts';
import { messageOf } from '../message-of.ts';
import type { GatekeeperEvent } from './event.ts';
import type { Amount, Tally, Topic } from './tallies.ts';

/** An event with its place in the order in which a store has taken them. */
export interface StoredEvent {
  readonly place: number;
  readonly event: GatekeeperEvent;
}

/** Which events are meant: those for which everything holds that is given. */
export interface EventQuery {
  /** At or after. */
  readonly since?: Date | undefined;
  /** Before. */
  readonly until?: Date | undefined;
  /** Later than this one was taken. */
  readonly after?: number | undefined;
  /** That can be found by this (`termsOf`): a Message-ID, a queue or connection id, an address, an account, a client. */
  readonly mentions?: string | undefined;
  readonly order?: 'oldest-first' | 'newest-first' | undefined;
}

/** Which tallies are meant, and how far they are added up. */
export interface TallyQuery {
  readonly topic: Topic;
  /** Whole hours or days, as the topic is counted: that in which this lies is the first. */
  readonly since: Date;
  readonly until: Date;
  /** By key: one value, or any of some, of which there is one at least. */
  readonly where?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** The keys that stay apart, all of them where absent; the others are empty in the answer. */
  readonly by?: readonly string[] | undefined;
  /** Whether hours or days stay apart; where not, `at` is that of the first. */
  readonly isOverTime?: boolean | undefined;
  /** So many, those with the highest count, and of the same count those of the latest hour or day. */
  readonly most?: number | undefined;
  /** What is asked of each, everything where absent; the rest is 0 in the answer, or empty. Each thing less is read faster. */
  readonly amounts?: readonly Amount[] | undefined;
}

/** The store cannot be used: broken, full, locked, not there. */
export class EventsUnavailable extends Error {
  override readonly name: string = 'EventsUnavailable';
  /** Whether more room would help. */
  readonly isFull: boolean;
  /** Whether what is there can never be read again. */
  readonly isBroken: boolean;
  /** Of a file that is broken: others may have put a new one in its place since. */
  readonly inode: number | undefined;

  constructor(message: string, { isFull = false, isBroken = false, inode, cause }: Trouble = {}) {
    super(message, { cause });
    this.isFull = isFull;
    this.isBroken = isBroken;
    this.inode = inode;
  }
}

interface Trouble {
  readonly isFull?: boolean;
  readonly isBroken?: boolean;
  readonly inode?: number | undefined;
  readonly cause?: unknown;
}

/** A fault as it is told to who uses a store. */
export function asUnavailable(error: unknown): EventsUnavailable {
  if (error instanceof EventsUnavailable) return error;
  return new EventsUnavailable(messageOf(error), { cause: error, isFull: isDiskFull(error) });
}

/** Nobody has kept an event there. */
export class NoEventsYet extends EventsUnavailable {
  override readonly name = 'NoEventsYet';
}

/** What is kept, and how. */
export interface Limits {
  /** Older events, and tallies of hours or days that were over by then, name nobody any more. */
  readonly clearBefore: Date;
  /** What is older is removed. */
  readonly keepAfter: Date;
  /** Octets that events may need; beyond it the oldest are removed. */
  readonly maxBytes: number;
  /** Days that were over by then are summed up where that is faster to read. */
  readonly digestBefore: Date;
}

/** Of how many events. */
export interface Maintained {
  readonly pseudonymised: number;
  readonly removed: number;
}

/** How many named a person. */
export interface Erased {
  readonly events: number;
  readonly tallies: number;
}

/**
 * Processes write their events one after the other, and not as they fall: so much earlier at most one has fallen than one that
 * was written before it.
 */
export const longestDelayMs = 600_000;

/** Events, and what was counted of them. Everything rejects with `EventsUnavailable`. */
export interface EventStore {
  /** Takes events in one step, all or none; they are on disk when it resolves. */
  append(events: readonly GatekeeperEvent[]): Promise<void>;
  /** Events in the order in which they were taken, or the other way round. */
  events(query: EventQuery): AsyncIterable<readonly StoredEvent[]>;
  /** What was counted, in the order of time and then of keys; with `most`, of counts. */
  tallies(query: TallyQuery): Promise<readonly Tally[]>;
  /** Octets that it takes on disk. */
  size(): Promise<number>;
  /** Does what time demands, in steps, between which events can be appended. */
  maintain(limits: Limits): Promise<Maintained>;
  /** Has nothing name a person any more, in steps too: by any of their names, which nobody can tell from what is left. */
  erase(names: readonly string[]): Promise<Erased>;
  close(): Promise<void>;
}
