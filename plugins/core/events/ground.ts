import type { GatekeeperEvent } from './event.ts';
import type { StoredEvent } from './store.ts';
import type { Tally, Topic } from './tallies.ts';

/** An event as it was read, and as it is to be from now on: not at all, where there is no `after`. */
export interface Change {
  readonly place: number;
  readonly before: GatekeeperEvent;
  readonly after?: GatekeeperEvent;
}

/** A span of time, in milliseconds since 1970: `before` is not in it. */
export interface Span {
  readonly from: number;
  readonly before: number;
}

/** What a database does for who tidies it up. Each call is one step; between two of them others write. */
export interface Ground {
  readonly key: string;
  /** Up to when nothing names anybody any more; from now on it is noticed what comes and is older than `before`. */
  begin(before: number): Promise<number>;
  /** Whether nothing came that is older: then nothing names anybody up to there. */
  finish(before: number): Promise<boolean>;
  /** The first so many by their time. */
  oldest(span: Span, behind: StoredEvent | undefined, count: number): Promise<readonly StoredEvent[]>;
  /** Events that are not as they were read stay; how many were changed. */
  edit(changes: readonly Change[]): Promise<number>;
  /** The first so many by time and keys. */
  counted(topic: Topic, span: Span, behind: Tally | undefined, count: number): Promise<readonly Tally[]>;
  /** Puts some in the place of others, if these are still as they were read; whether they were. */
  recount(instead: readonly Tally[], of: readonly Tally[]): Promise<boolean>;
  /** About how many octets of the disk events and tallies need; what was removed does not count, unlike in `size`. */
  needed(): Promise<number>;
}
