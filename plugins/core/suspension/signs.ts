import { derived } from '../derived.ts';
import { accountKey, type Identity } from '../identity.ts';
import { isWithin, limitAccount, type Amount, type Span, type Use } from '../limits/windows.ts';
import { modeInForce } from '../settings/mode.ts';
import type { Policy } from '../settings/settings.ts';
import { emptyTally, type Change, type Store, type Tally, type TallyKey } from '../store/store.ts';
import { learningOf, type Learning } from './acquaintances.ts';
import type { Suspension } from './registry.ts';

/** What an account is seen to do. Counted in the store by account, so that all processes see it. */

type Settings = Policy['suspension'];

/** Why an account looks taken over: what was seen is beyond what the settings allow. Others may see the same, now or later. */
export interface Sign {
  readonly cause: Exclude<Suspension['cause'], 'by-hand'>;
  /** In words. */
  readonly detail: string;
  /** When the time began in which this is no news once it was told, in milliseconds since 1970. */
  readonly since: number;
}

/** Whether an account is watched at all. */
export function isWatched(
  { id, name, proof, server }: Pick<Identity, 'id' | 'name' | 'proof' | 'server'>,
  { mode, exempt }: Settings,
): boolean {
  if (mode === 'off' || proof !== 'account' || server !== undefined) return false;
  if (exempt.length === 0) return true;
  const own = [accountKey(id), accountKey(name)];
  return !exempt.some((each) => own.includes(accountKey(each)));
}

const dayMs = 86_400_000;

/** All that is counted here of an account. */
const prefix = 'sign/';

function keyOf(id: string, name: string): TallyKey {
  return { account: limitAccount(id), network: `${prefix}${name}` };
}

/** A time that began with the first that was counted in it: `marked` is its beginning. */
function within(tally: Tally, milliseconds: number, now: number): Tally {
  if (isWithin(tally.marked, milliseconds, now)) return tally;
  return { ...emptyTally, marked: now, expires: now + milliseconds };
}

/** Recipients of an account that are counted: all of them, or those that are new to it. */
export interface Watched {
  readonly cause: 'recipients-burst' | 'new-recipients';
  readonly span: Span;
  readonly most: number;
}

/** How the recipients of an account are watched. */
export interface Watch {
  readonly counts: readonly Watched[];
  /** Which are new; `undefined` where nobody asks. */
  readonly learning: Learning | undefined;
  /** What goes beyond is not accepted. */
  readonly isEnforced: boolean;
}

/** `undefined` where any number of recipients is as good as another. */
export const watchOf = derived((policy: Policy): Watch | undefined => {
  const { mode, recipients, new_recipients: strangers, minutes } = policy.suspension;
  if (mode === 'off' || (recipients === 'none' && strangers === 'none')) return undefined;
  const count = (cause: Watched['cause'], key: string, most: number | 'none'): readonly Watched[] =>
    most === 'none' ? [] : [{ cause, span: { key: prefix + key, milliseconds: minutes * 60_000 }, most }];
  return {
    counts: [
      ...count('recipients-burst', 'recipients', recipients),
      ...count('new-recipients', 'new-recipients', strangers),
    ],
    learning: strangers === 'none' ? undefined : learningOf(policy.suspension),
    isEnforced: modeInForce(mode, policy) === 'enforce',
  };
});

/** What the recipients of one more message come to. */
export function burstOf(
  { cause, span, most }: Watched,
  use: Use<Span>,
  amount: Amount,
  now: number,
): Sign | undefined {
  const level = use.recipients + amount.recipients;
  if (level <= most) return undefined;
  const what = cause === 'new-recipients' ? 'recipients that it never wrote to before' : 'recipients';
  const detail = `${level} ${what} within ${span.milliseconds / 60_000} min, more than ${most}`;
  return { cause, detail, since: use.since ?? now };
}

export function outcomesKey(id: string): TallyKey {
  return keyOf(id, 'outcomes');
}

/** Counts what became of recipients: `others` are those that bounced. */
export function countOutcomes(
  { all, bounced }: { readonly all: number; readonly bounced: number },
  { bounced_percent: share, bounced_of: fewest }: Settings,
  now: number,
): (found: readonly Tally[]) => Change<Sign | undefined> {
  return ([found = emptyTally]) => {
    const before = within(found, dayMs, now);
    const [level, others] = [before.level + all, before.others + bounced];
    const isTooMuch = share !== 'none' && level >= fewest && others * 100 >= share * level;
    const detail = `${others} of ${level} recipients bounced within a day, ${share} percent or more`;
    const sign = { cause: 'bounces', detail, since: before.marked } as const;
    return { write: [{ ...before, level, others, last: now }], result: isTooMuch ? sign : undefined };
  };
}

const networkPrefix = `${prefix}from/`;

/** Counts a login from a network: a sign where that is one more than is allowed. */
export async function countNetwork(
  store: Store,
  { id, network }: { readonly id: string; readonly network: string },
  { networks: most, minutes }: Settings,
  now: number,
): Promise<Sign | undefined> {
  const milliseconds = minutes * 60_000;
  const key = { account: limitAccount(id), network: `${networkPrefix}${network}` };
  if (most === 'none' || !(await store.update([key], noteNetwork(milliseconds, now)))) return undefined;
  const count = [...(await store.ofAccount(key.account))].filter(
    ([name, { marked }]) => name.startsWith(networkPrefix) && isWithin(marked, milliseconds, now),
  ).length;
  if (count <= most) return undefined;
  const detail = `logins from ${count} networks within ${minutes} min, more than ${most}`;
  return { cause: 'many-networks', detail, since: now - milliseconds };
}

/** True where an account had not logged in from the network for as long as is looked at. */
function noteNetwork(milliseconds: number, now: number): (found: readonly Tally[]) => Change<boolean> {
  return ([found = emptyTally]) => {
    // Within a part of the time nobody needs to know when exactly.
    if (isWithin(found.marked, milliseconds / 8, now)) return { result: false };
    const write = [{ ...emptyTally, level: 1, last: now, marked: now, expires: now + milliseconds }];
    return { write, result: !isWithin(found.marked, milliseconds, now) };
  };
}

/** Whether a sign is news: of all who see it within its time, in any process, one hears that it is. */
export function tellOnce(
  store: Store,
  id: string,
  { cause, since }: Pick<Sign, 'cause' | 'since'>,
  now: number,
): Promise<boolean> {
  return store.update([keyOf(id, `told/${cause}`)], ([found = emptyTally]) => {
    // No time is longer than a day: what is further ahead was noted by a clock that was wrong.
    if (found.marked >= since && isWithin(found.marked, dayMs, now)) return { result: false };
    const told = { ...emptyTally, level: 1, last: now, marked: now, expires: now + dayMs };
    return { write: [told], result: true };
  });
}

/** Whoever was let go begins anew. */
export async function forgetSigns(store: Store, id: string, now: number): Promise<void> {
  const account = limitAccount(id);
  const networks = [...(await store.ofAccount(account)).keys()].filter((name) => name.startsWith(prefix));
  const none = { ...emptyTally, last: now, expires: now };
  await store.update(
    networks.map((network) => ({ account, network })),
    () => ({ write: networks.map(() => none), result: undefined }),
  );
}
