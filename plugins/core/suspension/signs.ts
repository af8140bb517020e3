import { accountKey, type Identity } from '../identity.ts';
import { isWithin, limitAccount } from '../limits/windows.ts';
import type { Policy } from '../settings/settings.ts';
import { emptyTally, type Change, type Store, type Tally, type TallyKey } from '../store/store.ts';
import type { Suspension } from './registry.ts';

/** What an account is seen to do. Counted in the store by account, so that all processes see it. */

type Settings = Policy['suspension'];

/** Why an account looks taken over: what was seen crosses what the settings allow now, and did not before. */
export interface Sign {
  readonly cause: Exclude<Suspension['cause'], 'by-hand'>;
  /** In words. */
  readonly detail: string;
}

/** Whether an account is watched at all. */
export function isWatched(
  { id, name, proof, domains }: Pick<Identity, 'id' | 'name' | 'proof' | 'domains'>,
  { mode, exempt }: Settings,
): boolean {
  if (mode === 'off' || proof === 'network' || domains.length > 0) return false;
  const own = [accountKey(id), accountKey(name)];
  return !exempt.some((each) => own.includes(accountKey(each)));
}

const dayMs = 86_400_000;

/** A time that began with the first that was counted in it: `marked` is its beginning. */
function within(tally: Tally, milliseconds: number, now: number): Tally {
  if (isWithin(tally.marked, milliseconds, now)) return tally;
  return { ...emptyTally, marked: now, expires: now + milliseconds };
}

export function recipientsKey(id: string): TallyKey {
  return { account: limitAccount(id), network: 'sign/recipients' };
}

/** What the recipients of a message come to. */
export interface Burst {
  /** Of one of those that are too many: others may be counted before the account is suspended. */
  readonly sign?: Sign;
  /** Whether it is the first of those. */
  readonly isCrossed: boolean;
}

/** Counts the recipients of a message. */
export function countRecipients(
  count: number,
  { recipients: most, minutes }: Settings,
  now: number,
): (found: readonly Tally[]) => Change<Burst> {
  return ([found = emptyTally]) => {
    const before = within(found, minutes * 60_000, now);
    const level = before.level + count;
    const isBeyond = most !== 'none' && level > most;
    const isCrossed = isBeyond && before.level <= most;
    const detail = `${level} recipients within ${minutes} min, more than ${most}`;
    return {
      write: [{ ...before, level, last: now }],
      result: { isCrossed, ...(isBeyond && { sign: { cause: 'recipients-burst', detail } }) },
    };
  };
}

export function outcomesKey(id: string): TallyKey {
  return { account: limitAccount(id), network: 'sign/outcomes' };
}

/** Counts what became of recipients: `others` are those that bounced. */
export function countOutcomes(
  { all, bounced }: { readonly all: number; readonly bounced: number },
  { bounced_percent: share, bounced_of: fewest }: Settings,
  now: number,
): (found: readonly Tally[]) => Change<Sign | undefined> {
  const isTooMuch = ({ level, others }: Tally) =>
    share !== 'none' && level >= fewest && others * 100 >= share * level;
  return ([found = emptyTally]) => {
    const before = within(found, dayMs, now);
    const after = { ...before, level: before.level + all, others: before.others + bounced, last: now };
    const detail = `${after.others} of ${after.level} recipients bounced within a day, ${share} percent or more`;
    const isCrossed = isTooMuch(after) && !isTooMuch(before);
    return { write: [after], result: isCrossed ? { cause: 'bounces', detail } : undefined };
  };
}

/** Whoever was let go begins anew. */
export async function forgetSigns(store: Store, id: string, now: number): Promise<void> {
  const none = { ...emptyTally, last: now, expires: now };
  await store.update([recipientsKey(id), outcomesKey(id)], () => ({
    write: [none, none],
    result: undefined,
  }));
}

const networkPrefix = 'sign/from/';

export function networkKey(id: string, network: string): TallyKey {
  return { account: limitAccount(id), network: `${networkPrefix}${network}` };
}

/** Notes that an account has logged in from a network; true where it had not for as long as is looked at. */
export function noteNetwork(
  { minutes }: Settings,
  now: number,
): (found: readonly Tally[]) => Change<boolean> {
  const milliseconds = minutes * 60_000;
  return ([found = emptyTally]) => {
    // Within a part of the time nobody needs to know when exactly.
    if (isWithin(found.marked, milliseconds / 8, now)) return { result: false };
    const write = [{ ...emptyTally, level: 1, last: now, marked: now, expires: now + milliseconds }];
    return { write, result: !isWithin(found.marked, milliseconds, now) };
  };
}

/** What all that is counted of an account says of its networks, after one that is new. */
export function networksSign(
  tallies: ReadonlyMap<string, Tally>,
  { networks: most, minutes }: Settings,
  now: number,
): Sign | undefined {
  const count = [...tallies].filter(
    ([name, { marked }]) => name.startsWith(networkPrefix) && isWithin(marked, minutes * 60_000, now),
  ).length;
  // The next one says nothing new.
  if (most === 'none' || count !== most + 1) return undefined;
  return {
    cause: 'many-networks',
    detail: `logins from ${count} networks within ${minutes} min, more than ${most}`,
  };
}
