import { emptyTally, type Tally, type TallyKey } from '../store/store.ts';
import { mostOf, type Limits } from './limits.ts';
import { limitAccount } from './windows.ts';

/** So long a seat stays taken whose process does not say that it lives. */
const leaseMs = 45_000;

/** Between two such words. */
export const renewEveryMs = 15_000;

/**
 * How many seats an identity has; one beyond the soft limit, where no other is set, shows that it is crossed. `undefined`
 * where nobody counts.
 */
export function seatsOf(limits: Limits): number | undefined {
  const [hard, soft] = [mostOf(limits, 'sessions'), mostOf(limits, 'soft_sessions')];
  const seats = Math.min(hard, soft + 1);
  if (seats === Infinity) return undefined;
  return hard === Infinity ? seats : hard;
}

export function seatKey(identityId: string, number: number): TallyKey {
  return { account: limitAccount(identityId), network: `limit/session/${number}` };
}

/** A seat that a session takes or keeps: `others` says whose it is. */
export function seated(ticket: number, now: number): Tally {
  return { level: 1, others: ticket, last: now, marked: 0, expires: now + leaseMs };
}

/** A seat that is left. */
export function left(now: number): Tally {
  return { ...emptyTally, last: now, expires: now };
}

/** Whether a session may take a seat: nobody has it, or who had it died. What a wrong clock took is free. */
export function isFree({ level, last }: Tally, now: number): boolean {
  return level === 0 || Math.abs(now - last) >= leaseMs;
}

/** Whether a session still has its seat: who was silent for too long may have lost it. */
export function isOf({ level, others }: Tally, ticket: number): boolean {
  return level > 0 && others === ticket;
}
