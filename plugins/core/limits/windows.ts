import { derived } from '../derived.ts';
import { emptyTally, type Tally, type TallyKey } from '../store/store.ts';
import { mostOf, type LimitKey, type LimitName, type Limits } from './limits.ts';

/** A time in which messages and recipients are counted; it begins with the first message that is. */
export interface Span {
  /** What its tally is called. */
  readonly key: string;
  readonly milliseconds: number;
}

/** One in which they are limited. */
export interface Window extends Span {
  readonly name: 'hour' | 'day';
  readonly limits: { readonly messages: LimitName; readonly recipients: LimitName };
}

const windows: readonly Window[] = [
  {
    name: 'hour',
    key: 'limit/hour',
    milliseconds: 3_600_000,
    limits: { messages: 'messages_per_hour', recipients: 'recipients_per_hour' },
  },
  {
    name: 'day',
    key: 'limit/day',
    milliseconds: 86_400_000,
    limits: { messages: 'messages_per_day', recipients: 'recipients_per_day' },
  },
];

const things = ['messages', 'recipients'] as const;

/** What a message takes of each window. */
export type Amount = Readonly<Record<(typeof things)[number], number>>;

/** What was taken of a window. */
export interface Use<S extends Span = Window> extends Amount {
  readonly window: S;
  /** When it began, in milliseconds since 1970; `undefined` while nothing is counted. */
  readonly since: number | undefined;
}

/** Those in which something is limited: in no other anything is counted. */
export const windowsOf = derived((limits: Limits): readonly Window[] =>
  windows.filter((window) =>
    things.some((thing) => {
      const name = window.limits[thing];
      return limits[name] !== 'none' || limits[`soft_${name}`] !== 'none';
    }),
  ),
);

/** By what an identity is counted. No login can be spelled like it: none has a space. */
export function limitAccount(identityId: string): string {
  return `identity ${identityId}`;
}

export function windowKey(identityId: string, { key }: Span): TallyKey {
  return { account: limitAccount(identityId), network: key };
}

/** Whether a time that was marked, in milliseconds since 1970, is no longer ago; 0 is none, and a clock may have been wrong. */
export function isWithin(marked: number, milliseconds: number, now: number): boolean {
  return marked > 0 && Math.abs(now - marked) < milliseconds;
}

/**
 * What a tally says of a window: `level` counts messages, `others` recipients, `marked` is its beginning. One that begins in
 * the far future was begun by a clock that was wrong, and holds nobody up.
 */
export function useOf<S extends Span>(
  window: S,
  { level, others, marked }: Tally = emptyTally,
  now: number,
): Use<S> {
  if (!isWithin(marked, window.milliseconds, now))
    return { window, messages: 0, recipients: 0, since: undefined };
  return { window, messages: level, recipients: others, since: marked };
}

/** A tally after something was taken; its window begins now if none is open. */
export function taken(use: Use<Span>, amount: Amount, now: number): Tally {
  const since = use.since ?? now;
  return {
    level: use.messages + amount.messages,
    others: use.recipients + amount.recipients,
    last: now,
    marked: since,
    expires: since + use.window.milliseconds,
  };
}

/** A tally after something was given back that was taken from the window of `since`; `undefined` when that one is over. */
export function givenBack(use: Use<Span>, amount: Amount, since: number, now: number): Tally | undefined {
  if (use.since !== since) return undefined;
  const { messages, recipients } = use;
  const less = {
    messages: -Math.min(messages, amount.messages),
    recipients: -Math.min(recipients, amount.recipients),
  };
  return taken(use, less, now);
}

/** A limit that does not let something through. */
export interface Excess {
  readonly key: LimitKey;
  readonly most: number;
  /** What is used of it already. */
  readonly used: number;
  readonly window: Window;
  /** Until the window ends. */
  readonly waitMs: number;
}

/** The hard limit that an amount would go beyond; of several the one that lasts longest. */
export function excessOf(
  uses: readonly Use[],
  amount: Amount,
  limits: Limits,
  now: number,
): Excess | undefined {
  const found = uses.flatMap((use) =>
    things.flatMap((thing): Excess[] => {
      const key = use.window.limits[thing];
      const [used, most] = [use[thing], mostOf(limits, key)];
      if (used + amount[thing] <= most) return [];
      const { window, since = now } = use;
      return [{ key, most, used, window, waitMs: since + window.milliseconds - now }];
    }),
  );
  return found.reduce<Excess | undefined>(
    (longest, each) => (longest && longest.waitMs >= each.waitMs ? longest : each),
    undefined,
  );
}

/** A soft limit that was crossed. */
export interface Crossing {
  readonly key: LimitKey;
  readonly most: number;
  readonly reached: number;
  /** Of the window in which it was crossed; `undefined` for what has none. */
  readonly since?: number;
}

/** The soft limits that an amount crosses: what is above one already crosses nothing. */
export function crossingsOf(
  uses: readonly Use[],
  amount: Amount,
  limits: Limits,
  now: number,
): readonly Crossing[] {
  return uses.flatMap((use) =>
    things.flatMap((thing): Crossing[] => {
      const key = `soft_${use.window.limits[thing]}` as const;
      const [before, reached, most] = [use[thing], use[thing] + amount[thing], mostOf(limits, key)];
      return before <= most && reached > most ? [{ key, most, reached, since: use.since ?? now }] : [];
    }),
  );
}
