import type { Tally } from '../store/store.ts';

/** How much may be counted at once, and the time in which as much drains. */
export interface Allowance {
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * What is left of a level: it drains steadily, so that within one window of time at most twice the limit can pass. What
 * comes from far in the future was counted by a clock that was wrong, and locks nobody out.
 */
export function levelOf({ level, last }: Tally, { limit, windowMs }: Allowance, now: number): number {
  const elapsed = now - last;
  if (elapsed < -windowMs) return 0;
  return Math.max(0, level - (Math.max(0, elapsed) * limit) / windowMs);
}

/** How long until one more may be counted; 0 for now. */
export function waitFor(tally: Tally, allowance: Allowance, now: number): number {
  const above = levelOf(tally, allowance, now) + 1 - allowance.limit;
  return above <= 0 ? 0 : Math.ceil((above * allowance.windowMs) / allowance.limit);
}

/** A tally with something added to its level, or taken back. */
export function counted(tally: Tally, by: number, allowance: Allowance, now: number): Tally {
  const level = Math.max(0, levelOf(tally, allowance, now) + by);
  const isOfWrongClock = now - tally.last < -allowance.windowMs;
  const others = isOfWrongClock
    ? 0
    : tally.others * Math.exp(-Math.max(0, now - tally.last) / allowance.windowMs);
  const expires = Math.max(tally.expires, now + allowance.windowMs);
  return { level, others, last: now, marked: tally.marked, expires };
}

/** A clock that is wrong by less is put right, one that is wrong by more was never right. */
const rightableMs = 86_400_000;

/** Whether an account logged in from a network lately, by the tally of both. */
export function isKnown({ marked }: Tally, knownMs: number, now: number): boolean {
  return marked > 0 && now - marked < knownMs && now - marked >= -rightableMs;
}
