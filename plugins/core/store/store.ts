/** What is counted: an account, a network, an account in a network, or with both empty the whole gateway. */
export interface TallyKey {
  readonly account: string;
  readonly network: string;
}

/** Times are milliseconds since 1970, so that they mean the same to every process and after a restart. */
export interface Tally {
  /** What was counted and had not drained at `last`. */
  readonly level: number;
  /** The same for something else: accounts that a network has met, failures that an account was forgiven in one. */
  readonly others: number;
  readonly last: number;
  /** When something was noted that outlives the level: a login, an event; 0 for never. */
  readonly marked: number;
  /** From when on nobody misses it. */
  readonly expires: number;
}

export const emptyTally: Tally = { level: 0, others: 0, last: 0, marked: 0, expires: 0 };

/** An account, and those it writes to now, each once. What is kept of them is a keyed hash. */
export interface CircleKey {
  readonly account: string;
  readonly members: readonly string[];
}

/** What is remembered of those an account writes to. */
export interface Circle {
  /** When the account was first seen to write; 0 where nothing is remembered. */
  readonly since: number;
  /** From when on nobody misses any of it. */
  readonly expires: number;
  /** The same of each of the key; 0 where it is unknown. */
  readonly members: readonly number[];
}

/** What becomes of it: `undefined` for who stays as he is, and 0 for who is forgotten. */
export interface CircleChange extends Pick<Circle, 'since' | 'expires'> {
  readonly members: readonly (number | undefined)[];
}

/** What becomes of tallies: in the order of their keys, `undefined` for those that stay; absent when all of them do. */
export interface Change<T> {
  readonly write?: readonly (Tally | undefined)[];
  readonly circle?: CircleChange | undefined;
  readonly result: T;
}

/** Whom everything is forgotten about that was held against them, as somebody typed it. */
export type Subject =
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'network'; readonly network: string };

/** What a process remembers it does not use for longer than this after somebody was forgotten. */
export const forgottenWithinMs = 100;

/**
 * Which tallies are meant: those of an account, or of the networks for which the function is true. What is marked goes only
 * with `marks`, and only where the account was in a network: it is then known from none.
 */
export type Meant = { readonly account: string; readonly marks?: boolean } | ((network: string) => boolean);

/** Who was forgotten since a look, and what to ask with next time. */
export interface Forgotten {
  readonly sequence: number;
  readonly subjects: readonly Subject[];
}

/** The store cannot be used: broken, locked, full, of another user. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** Small numbers that the processes of a machine share, and that outlive them. Rejects with `StoreUnavailable`. */
export interface Store {
  /**
   * Reads and changes tallies in one step: nobody changes them in between. `change` must be pure, for it may run twice. Of
   * a key that is unknown it sees the empty tally. `mostly` says what it will do as a rule, which spares a step; it may do
   * otherwise. Of the circle that is asked for, it sees `undefined` where only a file could tell, and there is none.
   */
  update<T>(
    keys: readonly TallyKey[],
    change: (found: readonly Tally[], circle?: Circle) => Change<T>,
    mostly?: 'reads' | 'writes',
    circle?: CircleKey,
  ): Promise<T>;
  /** Every tally of an account, by network. */
  ofAccount(account: string): Promise<ReadonlyMap<string, Tally>>;
  /** Drops what is counted against somebody, and lets all processes know by `forgottenSince`. */
  forget(subject: Subject, meant: Meant, now: number): Promise<void>;
  /** Drops all that is remembered of those an account writes to; whether there was any. */
  forgetCircle(account: string): Promise<boolean>;
  /** Who was forgotten after `sequence`; without one, nobody, and the number to begin with. */
  forgottenSince(sequence?: number): Promise<Forgotten>;
  close(): void;
}
