import { limitAccount } from '../limits/windows.ts';
import { mailboxKey } from '../mailbox.ts';
import type { Policy } from '../settings/settings.ts';
import type { Circle, CircleChange, CircleKey } from '../store/store.ts';

/** To whom an account has written before. */

const dayMs = 86_400_000;

/** In milliseconds. */
export interface Learning {
  /** For so long after its first message an account has no recipients that are new. */
  readonly from: number;
  /** For so long after a message its recipients are known. */
  readonly known: number;
}

export function learningOf({
  learning_days: from,
  recipients_known_days: known,
}: Pick<Policy['suspension'], 'learning_days' | 'recipients_known_days'>): Learning {
  return { from: from * dayMs, known: known * dayMs };
}

/** What is asked of the store for a message: the same mailbox counts once, however it is spelled. */
export function circleKey(identityId: string, recipients: readonly string[]): CircleKey {
  return { account: limitAccount(identityId), members: [...new Set(recipients.map(mailboxKey))] };
}

/** What a message shows of an account and those it writes to. */
export interface Meeting {
  /** How many of them are new to an account that was seen for long enough. */
  readonly strangers: number;
  /** Remembers all of them; absent where that is done already. */
  readonly change?: CircleChange;
  /** Until when each of them is known whom it makes known; 0 for the others. */
  readonly met: readonly number[];
}

/** Of what no store can tell nobody is suspected. */
const nobody: Meeting = { strangers: 0, met: [] };

/** The account of a circle writes to all of its members. */
export function meet(circle: Circle | undefined, { from, known }: Learning, now: number): Meeting {
  if (!circle) return nobody;
  // One that begins in the future was begun by a clock that was wrong.
  const isBegun = circle.since > 0 && circle.since <= now && circle.expires > now;
  const since = isBegun ? circle.since : now;
  const latest = now + known;
  // Within a day nobody needs to know when exactly.
  const isFresh = (until: number) => until > now && until > latest - dayMs;
  const members = circle.members.map((until) => (isFresh(until) ? undefined : latest));
  const met = circle.members.map((until) => (until > now ? 0 : latest));
  const strangers = now - since < from ? 0 : met.filter(Boolean).length;
  if (isBegun && isFresh(circle.expires) && !members.some(Boolean)) return { strangers, met };
  const expires = isFresh(circle.expires) ? circle.expires : latest;
  return { strangers, met, change: { since, expires, members } };
}

/** Takes back whom a message made known that was not queued, but for those whom another one has made known since. */
export function part(circle: Circle | undefined, met: readonly number[]): CircleChange | undefined {
  if (!circle) return undefined;
  const { since, expires } = circle;
  const members = circle.members.map((until, at) => (until > 0 && until === met[at] ? 0 : undefined));
  return members.includes(0) ? { since, expires, members } : undefined;
}
