import type { Counted } from './ask.ts';
import { beginningOf, dayMs } from '../events/tallies.ts';
import { thresholds } from './thresholds.ts';

type Sent = Counted<'sent'>;

/** A day on which an account sent more than it does, beside what it did before. */
export interface UnusualDay {
  readonly at: number;
  readonly networks: readonly string[];
  readonly messages: number;
  readonly recipients: number;
  /** Of its busiest day before. */
  readonly busiest: { readonly messages: number; readonly recipients: number };
  readonly pastDays: number;
  /** Hours of the day in which it sent, and never had before, as bits. */
  readonly newHours: number;
  readonly first: number;
  readonly last: number;
}

interface Day {
  readonly messages: number;
  readonly recipients: number;
  readonly hours: number;
}

/** How long a network stays new, so that a second day of much mail does not make the first one usual. */
const newForMs = 3 * dayMs;

/**
 * Days from a time on with mail from networks that are new to an account, beside what it ever sent on one day. Networks from which it
 * logs in are known to it, and so is an account that never sent before.
 */
export function daysFromNewNetworks(
  sent: readonly Sent[],
  places: ReadonlyMap<string, number>,
  since: number,
): UnusualDay[] {
  const arrived = new Map([...places].map(([network, first]) => [network, beginningOf('sent', first)]));
  for (const { network, at } of sent) arrived.set(network, Math.min(at, arrived.get(network) ?? at));
  const earliest = Math.min(...arrived.values());
  const isNew = ({ network, at }: Sent) => {
    const first = arrived.get(network) ?? 0;
    return first > earliest && at - first < newForMs;
  };
  return daysIn(sent, since)
    .map((at) => {
      const ofDay = sent.filter((each) => each.at === at && isNew(each));
      return compared(at, ofDay, () => sent.filter((each) => each.at < at && !isNewAt(each, at, arrived)));
    })
    .filter((day) => day !== undefined);
}

/** What came from a network lately is no habit yet. */
function isNewAt({ network }: Sent, at: number, arrived: ReadonlyMap<string, number>): boolean {
  return at - (arrived.get(network) ?? 0) < newForMs;
}

/** Days from a time on with very much more mail than ever before, from where it always came. */
export function daysFromHome(sent: readonly Sent[], since: number): UnusualDay[] {
  const { timesFromHome, recipientsFromHome, recipientsWithoutHabit, pastDays } = thresholds.takeover;
  const least = (day: UnusualDay) => (day.pastDays >= pastDays ? recipientsFromHome : recipientsWithoutHabit);
  const totals = new Map<number, number>();
  for (const { at, recipients } of sent) totals.set(at, (totals.get(at) ?? 0) + recipients);
  return daysIn(sent, since)
    .filter((at) => (totals.get(at) ?? 0) >= Math.min(recipientsFromHome, recipientsWithoutHabit))
    .map((at) =>
      compared(
        at,
        sent.filter((each) => each.at === at),
        () => sent.filter((each) => each.at < at),
      ),
    )
    .filter((day) => day !== undefined)
    .filter((day) => day.recipients >= Math.max(least(day), timesFromHome * day.busiest.recipients));
}

function daysIn(sent: readonly Sent[], since: number): number[] {
  return [...new Set(sent.map(({ at }) => at))]
    .filter((at) => at + dayMs > since)
    .sort((one, other) => one - other);
}

/** What came before is looked for only where there is something to compare with it. */
function compared(at: number, ofDay: readonly Sent[], before: () => readonly Sent[]): UnusualDay | undefined {
  if (ofDay.length === 0) return undefined;
  const past = new Map<number, Day>();
  for (const each of before()) past.set(each.at, joined(past.get(each.at), each));
  const days = [...past.values()];
  const today = ofDay.reduce<Day | undefined>(joined, undefined);
  const known = days.reduce((bits, { hours }) => bits | hours, 0);
  return {
    at,
    networks: ofDay.map(({ network }) => network),
    messages: today?.messages ?? 0,
    recipients: today?.recipients ?? 0,
    busiest: {
      messages: Math.max(0, ...days.map(({ messages }) => messages)),
      recipients: Math.max(0, ...days.map(({ recipients }) => recipients)),
    },
    pastDays: days.length,
    newHours: (today?.hours ?? 0) & ~known,
    first: Math.min(...ofDay.map(({ first }) => first)),
    last: Math.max(...ofDay.map(({ last }) => last)),
  };
}

function joined(day: Day | undefined, { count, recipients, hours }: Sent): Day {
  return {
    messages: count + (day?.messages ?? 0),
    recipients: recipients + (day?.recipients ?? 0),
    hours: hours | (day?.hours ?? 0),
  };
}

/** Whether it is more messages than an account with a past ever sent on one day. */
export function isMost({ messages, busiest, pastDays }: UnusualDay): boolean {
  return pastDays >= thresholds.takeover.pastDays && messages > busiest.messages;
}

/** Whether it is much more than ever before. */
export function isMuch({ messages, recipients, busiest, pastDays }: UnusualDay): boolean {
  const { times, ...least } = thresholds.takeover;
  const hasHabits = pastDays >= least.pastDays;
  const [leastMessages, leastRecipients] = hasHabits
    ? [least.messages, least.recipients]
    : [least.messagesWithoutHabit, least.recipientsWithoutHabit];
  return (
    messages >= Math.max(leastMessages, times * busiest.messages) ||
    recipients >= Math.max(leastRecipients, times * busiest.recipients)
  );
}
