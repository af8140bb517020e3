import type { Mailbox } from '../mailbox.ts';
import type { Secret } from '../secret.ts';

/** A person or machine that may log in, as the directory knows it and never as it was typed. */
export interface Account {
  /** Stable name in the directory: the distinguished name, for LDAP. */
  readonly id: string;
  /** The name for people and logs: the account's first address, or its id when it has none. */
  readonly name: string;
  /** Every mailbox that the account may send as. */
  readonly addresses: readonly Mailbox[];
  /** The groups of the settings that it is in, as they are written there; absent where the settings have none. */
  readonly groups?: readonly string[];
}

/**
 * Why a login is refused. The client hears one text and 535 for all of them; the event has the cause. For a lockout too,
 * although it ends by itself: a 454 would tell who guesses that the account exists, and a client that keeps trying with 454
 * would keep it locked.
 */
export const refusals = [
  'no-such-account',
  'wrong-password',
  'account-disabled',
  'account-locked',
  'account-expired',
  'logon-restricted',
  'not-in-required-group',
  'in-forbidden-group',
  'password-expired',
  'password-must-change',
  'empty-password',
  'malformed-login',
  'foreign-authzid',
] as const;

export type Refusal = (typeof refusals)[number];

export type Verification =
  | { readonly kind: 'account'; readonly account: Account }
  | { readonly kind: 'refused'; readonly cause: Refusal };

/** The world failed: no server answered in time, or the answer cannot be trusted. Never counts against the user. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** Who may log in, and which addresses they own. */
export interface Directory {
  /** Checks one password. Rejects with `Unavailable` when no trustworthy answer comes in time; never resolves late. */
  verify(login: string, password: Secret): Promise<Verification>;
  /**
   * The account that a login means, by the rules of `verify` without the password. Rejects likewise. For whoever runs the
   * gateway: no client may hear of an account that it cannot prove.
   */
  find(login: string): Promise<Verification>;
  /** Resolves when a server would answer a login now; rejects with `Unavailable`. */
  probe(): Promise<void>;
  /** Ends all connections; later calls reject with `Unavailable`. */
  close(): void;
}
