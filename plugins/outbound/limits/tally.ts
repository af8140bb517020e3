import type { Limits } from '../../core/limits/limits.ts';
import {
  crossingsOf,
  givenBack,
  taken,
  useOf,
  type Amount,
  type Crossing,
  type Span,
  type Window,
} from '../../core/limits/windows.ts';
import type { Change, Tally } from '../../core/store/store.ts';
import { burstOf, type Sign, type Watch } from '../../core/suspension/signs.ts';
import type { Verdict } from '../../core/verdict.ts';
import { decideAmount } from './decide.ts';

/** For whom a message is counted: for limits, and for whoever looks whether its sender was taken over. */
export interface Terms {
  readonly limits: Limits;
  /** Those of the limits; none where they are off. */
  readonly windows: readonly Window[];
  /** What limits do not let through is not accepted. */
  readonly isEnforced: boolean;
  readonly watch: Watch | undefined;
}

/** What counting a message has come to. */
export interface Tallied {
  /** Of the limits. */
  readonly verdict: Verdict;
  readonly sign?: Sign | undefined;
  readonly crossings: readonly Crossing[];
  /** Beginnings of the times in which it was counted, in their order; absent where it is not accepted. */
  readonly since?: readonly number[];
}

/** All times in which a message is counted. */
export function spansOf({ windows, watch }: Terms): readonly Span[] {
  return watch ? [...windows, watch.span] : windows;
}

/**
 * Counts a message in all of its times, or in none: what is not accepted counts for nothing. But one that shows an account to be
 * taken over stays seen, so that no smaller one passes after it where the suspension cannot be written down.
 */
export function countIn(
  found: readonly Tally[],
  amount: Amount,
  { limits, windows, isEnforced, watch }: Terms,
  now: number,
): Change<Tallied> {
  const uses = windows.map((window, at) => useOf(window, found[at], now));
  const verdict = decideAmount(uses, amount, limits, now);
  if (verdict.kind !== 'pass' && isEnforced) return { result: { verdict, crossings: [] } };
  const watched = watch && useOf(watch.span, found[windows.length], now);
  const sign = watched && burstOf(watch, watched, amount, now);
  if (sign && watch.isEnforced) {
    const write = [...windows.map(() => undefined), taken(watched, amount, now)];
    return { write, result: { verdict, sign, crossings: [] } };
  }
  const write = [...uses, ...(watched ? [watched] : [])].map((use) => taken(use, amount, now));
  const since = write.map(({ marked }) => marked);
  const crossings = crossingsOf(uses, amount, limits, now);
  return { write, result: { verdict, sign, crossings, since } };
}

/** Takes back what was counted in the times that began then. */
export function takeBack(
  found: readonly Tally[],
  amount: Amount,
  spans: readonly Span[],
  since: readonly number[],
  now: number,
): Change<undefined> {
  const write = spans.map((span, at) => givenBack(useOf(span, found[at], now), amount, since[at] ?? 0, now));
  return write.some(Boolean) ? { write, result: undefined } : { result: undefined };
}
