import { isMode, modeInForce } from '../../settings/mode.ts';
import type { Mode } from '../../words.ts';
import type { Policy } from '../../settings/settings.ts';
import type { Identity } from '../../identity.ts';
import { defer, isVerdict, ownFault, skip, type AnyVerdict } from '../../verdict.ts';
import type { Plugin } from '../types.ts';
import type { AnyCheck } from './check.ts';

/** What a check has said, or will. */
export interface Decided<F> {
  readonly mode: Mode;
  readonly facts?: F;
  readonly answer: AnyVerdict | Promise<AnyVerdict>;
}

/** Under which settings, for whom, and how what it judges is gathered. */
export interface Case<F> {
  readonly policy: Policy;
  readonly identity: Identity | undefined;
  readonly gather: () => F;
}

/** Runs `decide` so that whatever it does comes out as a verdict. A mode that cannot be read is `enforce`. */
export function decideNow<F>(check: AnyCheck, { policy, identity, gather }: Case<F>): Decided<F> {
  let mode: Mode = 'enforce';
  let facts: F | undefined;
  try {
    mode = modeOf(check, policy, identity);
    if (mode === 'off') return { mode, answer: skip('mode is off') };
    facts = gather();
    const decide = check.decide as (facts: F, policy: Policy) => unknown;
    const answer = decide(facts, policy);
    return { mode, facts, answer: isThenable(answer) ? settled(check, answer) : asVerdict(check, answer) };
  } catch (error) {
    return { mode, answer: ownFault(error), ...(facts !== undefined && { facts }) };
  }
}

function modeOf({ mode }: AnyCheck, policy: Policy, identity: Identity | undefined): Mode {
  if (!mode) return 'enforce';
  const wanted: unknown = mode(policy, identity);
  if (!isMode(wanted)) throw new Error(`the check has no mode ${String(wanted)}`);
  return modeInForce(wanted, policy);
}

/** In a promise of our own realm, whatever kind of promise it was. */
function settled(check: AnyCheck, answer: PromiseLike<unknown>): Promise<AnyVerdict> {
  return Promise.resolve(answer).then((value) => asVerdict(check, value), ownFault);
}

/** Not `instanceof Promise`: plain Haraka plugins run in a realm of their own. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}

function asVerdict({ replies }: AnyCheck, value: unknown): AnyVerdict {
  return isVerdict(value, replies) ? value : ownFault('the check returned no verdict');
}

/** Calls `settle` exactly once: at once for a verdict that is there, at the deadline for one that does not come. */
export function withDeadline(
  answer: AnyVerdict | Promise<AnyVerdict>,
  seconds: number,
  settle: (verdict: AnyVerdict) => void,
): Promise<void> | undefined {
  if (!(answer instanceof Promise)) {
    settle(answer);
    return undefined;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<AnyVerdict>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000, defer('own-fault', `no verdict within ${seconds} s`));
  });
  return Promise.race([answer, late]).then((verdict) => {
    clearTimeout(timer);
    settle(verdict);
  });
}

/** Below Haraka's own timeout, which would answer without telling us. */
export function deadlineSeconds({ deadline_seconds: wanted }: Policy, { timeout }: Plugin): number {
  return timeout > 0 ? Math.min(wanted, Math.max(timeout - 1, timeout / 2)) : wanted;
}
