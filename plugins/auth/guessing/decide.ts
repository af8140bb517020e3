import { counted, isKnown, levelOf, waitFor, type Allowance } from '../../core/guessing/level.ts';
import type { Limits } from '../../core/guessing/limits.ts';
import { emptyTally, type Tally } from '../../core/store/store.ts';

/** What is known of an account and its client before a login is tried. */
export interface Standing {
  readonly account: Tally;
  /** The account in the network of the client. */
  readonly pair: Tally;
  /** What the directory heard of, from networks that are unknown to the account. */
  readonly directory: Tally;
  /** Own network first; none for a client of whom only accounts are counted. */
  readonly networks: readonly Tally[];
  /** Failures that were the first ones of account and network alike. */
  readonly everywhere: Tally;
}

/** Which failures are repeats of a password that was wrong before. */
export interface Repeat {
  readonly ofAccount: boolean;
  /** From the same network. */
  readonly ofPair: boolean;
}

export type Decision =
  | { readonly kind: 'go'; readonly delayMs: number; readonly isHome: boolean }
  | { readonly kind: 'wait'; readonly waitMs: number; readonly because: string };

/** Something that is counted, with its limit and its name for the log. */
interface Counter {
  readonly name: string;
  readonly tally: Tally;
  readonly allowance: Allowance;
}

/**
 * Whether a login is tried, and after which delay. Where an account has logged in from lately, only its own failures from
 * there count: strangers cannot lock it out, nor can who shares the network.
 */
export function decide(standing: Standing, limits: Limits, now: number): Decision {
  const isHome = isAtHome(standing.pair, limits, now);
  const counters = isHome ? knownCounters(standing, limits) : strangerCounters(standing, limits);
  const waits = counters.map(({ tally, allowance, name }) => ({ name, ms: waitFor(tally, allowance, now) }));
  const longest = waits.reduce((one, other) => (other.ms > one.ms ? other : one));
  if (longest.ms > 0) return { kind: 'wait', waitMs: longest.ms, because: longest.name };
  const delays = counters.map(({ tally, allowance }) => delayOf(tally, allowance, limits, now));
  return { kind: 'go', delayMs: Math.max(...delays), isHome };
}

/** Whether an account has logged in lately from the network that it comes from now, by the tally of both. */
export function isAtHome(pair: Tally, { knownMs }: Limits, now: number): boolean {
  return isKnown(pair, knownMs, now);
}

/** Whether one more login may be under way where an account is known, should all of them fail. */
export function hasRoom(pair: Tally, others: number, { account }: Limits, now: number): boolean {
  return waitFor(counted(pair, others, account, now), account, now) === 0;
}

function knownCounters({ pair }: Standing, { account }: Limits): readonly Counter[] {
  return [{ name: 'failures of the account in this network', tally: pair, allowance: account }];
}

function strangerCounters(standing: Standing, limits: Limits): readonly Counter[] {
  const { account, directory, networks } = standing;
  return [
    { name: 'failures of the account from unknown networks', tally: account, allowance: limits.account },
    ...(limits.directory
      ? [{ name: 'logins that the directory heard of', tally: directory, allowance: limits.directory }]
      : []),
    ...networks.map((tally, index) => ({
      name: index === 0 ? 'failures of the client' : 'failures of the network around the client',
      tally,
      allowance: allowanceOf(index, limits),
    })),
  ];
}

/** Of the networks, own one first. */
function allowanceOf(index: number, { own, around }: Limits): Allowance {
  return index === 0 ? own : (around[index - 1] ?? own);
}

/** Nothing until half of the limit, then 1, 2, 4 … seconds. */
function delayOf(tally: Tally, allowance: Allowance, { longestDelayMs }: Limits, now: number): number {
  const beyond = levelOf(tally, allowance, now) - allowance.limit / 2;
  return beyond < 0 ? 0 : Math.min(longestDelayMs, 1000 * 2 ** Math.floor(beyond));
}

/** A standing with a login of a stranger counted as if it had failed, so that many at once cannot pass; -1 takes it back. */
export function charged(
  standing: Standing,
  by: 1 | -1,
  repeat: Repeat,
  limits: Limits,
  now: number,
): Standing {
  const { account, directory, networks } = standing;
  return {
    ...standing,
    account: counted(account, repeat.ofAccount ? 0 : by, limits.account, now),
    directory: limits.directory ? counted(directory, by, limits.directory, now) : directory,
    networks: networks.map((tally, index) =>
      counted(tally, repeat.ofPair ? 0 : by, allowanceOf(index, limits), now),
    ),
  };
}

/** Something that looks like an attack on more than one account; each is told once within a window. */
export type Pattern = 'spraying' | 'stuffing';

interface Failed {
  readonly standing: Standing;
  readonly patterns: readonly Pattern[];
}

/** So many first failures within a window are no coincidence. */
const stuffingLimit = 50;

/**
 * A standing after a login has failed. Of a stranger it is charged already. Of an account that is known here only the first
 * failure counts against the network: one bad device is not an attack, many accounts are.
 */
export function failed(
  standing: Standing,
  { isHome, repeat }: { readonly isHome: boolean; readonly repeat: Repeat },
  limits: Limits,
  now: number,
): Failed {
  const isFirst = levelOf(standing.pair, limits.account, now) === 0;
  const pair = counted(standing.pair, repeat.ofPair ? 0 : 1, limits.account, now);
  const networks =
    isHome && isFirst && !repeat.ofPair
      ? charged(standing, 1, repeat, limits, now).networks
      : standing.networks;
  const met = { ...standing, pair, networks };
  return isFirst && !repeat.ofPair ? withPatterns(met, isHome, limits, now) : { standing: met, patterns: [] };
}

function withPatterns(standing: Standing, isHome: boolean, limits: Limits, now: number): Failed {
  const home = spraying(standing.networks[1], limits, now);
  const networks = standing.networks.map((tally, index) => (index === 1 ? home.tally : tally));
  // This failure is counted already: who has failed only once has no more than one.
  const isOnce = (tally: Tally | undefined, allowance: Allowance) =>
    tally !== undefined && levelOf(tally, allowance, now) <= 1;
  const isOnly =
    !isHome && isOnce(standing.account, limits.account) && isOnce(standing.networks[0], limits.own);
  const all = isOnly
    ? stuffing(standing.everywhere, limits, now)
    : { tally: standing.everywhere, isTold: false };
  const patterns: Pattern[] = [];
  if (home.isTold) patterns.push('spraying');
  if (all.isTold) patterns.push('stuffing');
  return { standing: { ...standing, networks, everywhere: all.tally }, patterns };
}

/** One more account in a network: half of what its client is allowed altogether makes it spraying. */
function spraying(tally: Tally = emptyTally, limits: Limits, now: number) {
  const { around, own } = limits;
  const before = counted(tally, 0, around[0] ?? own, now);
  return told({ ...before, others: before.others + 1 }, before.others + 1 >= own.limit / 2, limits, now);
}

function stuffing(tally: Tally, { own, ...limits }: Limits, now: number) {
  const { windowMs } = own;
  const after = counted(tally, 1, { limit: stuffingLimit, windowMs }, now);
  return told(after, after.level > stuffingLimit - 1, { own, ...limits }, now);
}

function told(tally: Tally, isPattern: boolean, { own: { windowMs } }: Limits, now: number) {
  const elapsed = now - tally.marked;
  const isTold = isPattern && (elapsed >= windowMs || elapsed < 0);
  return { tally: isTold ? { ...tally, marked: now } : tally, isTold };
}

const dayMs = 86_400_000;

/** Whether a login that succeeds changes nothing: a day more or less is not worth writing it down again. */
export function isNoted(pair: Tally, limits: Limits, now: number): boolean {
  const elapsed = now - pair.marked;
  return levelOf(pair, limits.account, now) === 0 && pair.marked > 0 && elapsed >= 0 && elapsed < dayMs;
}

/** Of the failures that are allowed in a window, how many times over a success may forgive in it. */
const forgiving = 10;

/**
 * A standing after a login has succeeded, which forgives what failed before: who mistyped begins anew. Not without end, or
 * an account that logs in each second could be guessed at as often by others in its network.
 */
export function succeeded(standing: Standing, limits: Limits, now: number): Standing {
  if (isNoted(standing.pair, limits, now)) return standing;
  const { level, others: forgiven } = counted(standing.pair, 0, limits.account, now);
  const isForgiven = forgiven + level <= forgiving * limits.account.limit;
  const [left, others] = isForgiven ? [0, forgiven + level] : [level, forgiven];
  return {
    ...standing,
    pair: { level: left, others, last: now, marked: now, expires: now + limits.knownMs },
  };
}
