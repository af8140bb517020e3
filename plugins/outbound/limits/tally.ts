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
import type { Change, Circle, Tally } from '../../core/store/store.ts';
import { meet, part, type Meeting } from '../../core/suspension/acquaintances.ts';
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

/** What was counted of a message, to be given back if it is not queued. */
export interface Taken {
  /** In the order of the times, with the beginning of each; 0 where nothing was counted. */
  readonly of: readonly { readonly span: Span; readonly amount: Amount; readonly since: number }[];
  /** Until when each of its recipients is known by it alone; 0 for the others. */
  readonly met: readonly number[];
}

/** What counting a message has come to. */
export interface Tallied {
  /** Of the limits. */
  readonly verdict: Verdict;
  readonly signs: readonly Sign[];
  readonly crossings: readonly Crossing[];
  /** Absent where it is not accepted. */
  readonly taken?: Taken;
}

/** All times in which a message is counted. */
export function spansOf({ windows, watch }: Terms): readonly Span[] {
  return watch ? [...windows, ...watch.counts.map(({ span }) => span)] : windows;
}

/** What the store knows when a message is counted. */
interface Known {
  /** In the order of the times. */
  readonly found: readonly Tally[];
  readonly circle?: Circle | undefined;
}

/**
 * Counts a message in all of its times, or in none: what is not accepted counts for nothing, and makes nobody known. But one
 * that shows an account to be taken over stays seen, so that no smaller one passes after it where the suspension cannot be
 * written down.
 */
export function countIn(
  { found, circle }: Known,
  amount: Amount,
  terms: Terms,
  now: number,
): Change<Tallied> {
  const { limits, windows, isEnforced, watch } = terms;
  const uses = windows.map((window, at) => useOf(window, found[at], now));
  const verdict = decideAmount(uses, amount, limits, now);
  if (verdict.kind !== 'pass' && isEnforced) return { result: { verdict, signs: [], crossings: [] } };
  const { met, strangers, change } = watch?.learning ? meet(circle, watch.learning, now) : unmet;
  const seen = (watch?.counts ?? []).map((each, at) => {
    const own = each.cause === 'new-recipients' ? { messages: 0, recipients: strangers } : amount;
    return { each, own, use: useOf(each.span, found[windows.length + at], now) };
  });
  const signs = seen.flatMap(({ each, own, use }) => burstOf(each, use, own, now) ?? []);
  const counted = seen.map(({ own, use }) => (own.recipients > 0 ? taken(use, own, now) : undefined));
  if (signs.length > 0 && watch?.isEnforced) {
    const write = [...windows.map(() => undefined), ...counted];
    return { write, result: { verdict, signs, crossings: [] } };
  }
  const write = [...uses.map((use) => taken(use, amount, now)), ...counted];
  const amounts = [...windows.map(() => amount), ...seen.map(({ own }) => own)];
  const of = spansOf(terms).map((span, at) => {
    return { span, amount: amounts[at] ?? amount, since: write[at]?.marked ?? 0 };
  });
  const crossings = crossingsOf(uses, amount, limits, now);
  return { write, circle: change, result: { verdict, signs, crossings, taken: { of, met } } };
}

const unmet: Meeting = { strangers: 0, met: [] };

/** Takes back what was counted of a message in the times that began then, and whom it made known. */
export function takeBack({ found, circle }: Known, { of, met }: Taken, now: number): Change<undefined> {
  const write = of.map(({ span, amount, since }, at) =>
    givenBack(useOf(span, found[at], now), amount, since, now),
  );
  const change = part(circle, met);
  return { ...(write.some(Boolean) && { write }), circle: change, result: undefined };
}
