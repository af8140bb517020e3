import type { Identity } from '../../identity.ts';
import type { NoReplies, PermanentReason, ReasonsOf, Replies, TemporaryReason } from '../../replies.ts';
import type { Mode } from '../../words.ts';
import type { Policy } from '../../settings/settings.ts';
import type { AnyVerdict, VerdictFor } from '../../verdict.ts';
import type { Facts } from '../facts.ts';
import type { Judgeable } from '../transaction.ts';
import { declarationProblems } from './declaration.ts';
import type { Ordered } from './order.ts';
import type { Stage } from './stages.ts';

/**
 * Who is known, of these who may forward mail of others, who is not known, of these what a trusted relay brings, and who may
 * yet turn out to be a tenant.
 */
export type Judged = 'authenticated' | 'forwarding' | 'unauthenticated' | 'relayed' | 'provisional';

/** A policy: what it is called, when it runs, and the function that decides. */
export interface Check<S extends Stage = Stage> extends Ordered {
  /** PLUGIN/CHECK; stands in events, logs, replies and clearances. */
  readonly name: string;
  readonly stage: S;
  /** Checks of the same stage that decide before this one, and after it, whatever the order of the lines in config/plugins. */
  readonly after?: readonly string[];
  readonly before?: readonly string[];
  /** What the client hears for reasons of its own. */
  readonly replies?: Replies;
  /**
   * A refusal at MAIL is said at RCPT, so that whoever is refused can still reach postmaster and abuse (RFC 5321 §4.5.1,
   * RFC 2142 §4): only for what a client may be innocent of.
   */
  readonly refusesAt?: 'rcpt';
  /** Whose mail it judges, that of others being cleared without a word: all where absent. */
  readonly judges?: Judged;
  /** What it lets go on is no event: it looks ahead of another check, or for what is rarely there. */
  readonly isQuiet?: boolean;
  /** Another check of ours has the say, later and exactly: the gate does not ask for this one. */
  readonly looksAhead?: boolean;
  /** What its clearance is for, where that is not what others of its stage look at; `client`: nothing of the message. */
  readonly looksAt?: Judgeable | 'client';
  /** Absent for what is never optional. */
  readonly mode?: (policy: Policy, identity: Identity | undefined) => Mode;
  /** Pure where it can be; throwing, rejecting, hanging and anything that is no verdict become 451. */
  readonly decide: (facts: Facts[S], policy: Policy) => AnyVerdict | Promise<AnyVerdict>;
}

/** What a check may say that has these replies beside ours. */
export type VerdictWith<Table extends Replies> = VerdictFor<
  PermanentReason | ReasonsOf<Table, '5'>,
  TemporaryReason | ReasonsOf<Table, '4'>
>;

/** A check whose verdicts are for reasons that it has replies for. */
export interface Declared<S extends Stage, Table extends Replies> extends Omit<
  Check<S>,
  'replies' | 'decide'
> {
  readonly replies?: Table;
  readonly decide: (facts: Facts[S], policy: Policy) => VerdictWith<Table> | Promise<VerdictWith<Table>>;
}

export type AnyCheck = { [S in Stage]: Check<S> }[Stage];

/** Declares a policy, which `install` puts to work. Throws a TypeError that says what cannot be meant. */
export function defineCheck<S extends Stage, const Table extends Replies = NoReplies>(
  check: Declared<S, Table>,
): Check<S> {
  const [problem] = declarationProblems(check);
  if (problem !== undefined) throw new TypeError(problem);
  return Object.freeze({ ...check });
}
