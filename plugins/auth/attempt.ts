import type { ClientChain } from '../core/certificate/chain.ts';
import type { Refusal } from '../core/haraka/answer.ts';
import type { Secret } from '../core/secret.ts';
import type { Verdict } from '../core/verdict.ts';
import type { Exchange } from './mechanisms/step.ts';

/** What a connection has tried. */
export interface Attempt {
  exchange?: Exchange;
  /** What the next line of the client is answered, whatever it is. */
  farewell?: Refusal;
  /** Of the AUTH command that came last. */
  mechanism?: string | undefined;
  /** When a login by SCRAM was looked up last. */
  lookedUp?: number;
  failures: number;
  refusals: number;
  /** Logins that were not tried. */
  throttled: number;
}

/** By what a login was tried. */
export interface Manner {
  readonly chain?: ClientChain;
  readonly password?: Secret | undefined;
  /** The challenge that is to be heard before a refusal. */
  readonly failure?: string;
}

/** How a login came to be right. */
export interface Right {
  readonly login: string | undefined;
  /** When the directory was asked, and when the login began, by `performance.now()`. */
  readonly since: number;
  readonly started: number;
  readonly chain: ClientChain | undefined;
}

/** What was wrong with one that was not, for the event. */
export interface Wrong {
  readonly credential?: string | undefined;
  readonly wrongPassword?: string | undefined;
}

export function newAttempt(): Attempt {
  return { failures: 0, refusals: 0, throttled: 0 };
}

/** Refused AUTH commands of any kind that a connection gets: each is an event and a line in the log. */
const mostRefusals = 20;

/** Whether a refusal is one too many: of wrong passwords few, of everything else that AUTH is refused for more. */
export function countRefusal(attempt: Attempt, verdict: Verdict, mostFailures: number): boolean {
  // Who was told to wait, and does not, is sent away.
  if (verdict.kind === 'defer' && verdict.reason === 'login-throttled') return (attempt.throttled += 1) > 1;
  if (verdict.kind !== 'refuse') return false;
  const isOften = isRefusedTooOften(attempt);
  if (verdict.reason === 'bad-credentials') attempt.failures += 1;
  return attempt.failures >= mostFailures || isOften;
}

/** Counts a refusal of AUTH, whatever it was for. */
export function isRefusedTooOften(attempt: Attempt): boolean {
  attempt.refusals += 1;
  return attempt.refusals >= mostRefusals;
}
