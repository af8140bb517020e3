import { homeOf } from '../events/event.ts';
import { ask, type AskTallies, type Counted, type Period } from './ask.ts';
import { thresholds } from './thresholds.ts';
import { hoursIn, reach, sum } from './words.ts';

export type AdverseTally = Counted<'adverse'>;

/** What was refused of one kind, as far as it matters for what has to be mended. */
export interface Refusal {
  readonly check: string;
  readonly reason: string;
  /** Account, or what a login called itself; empty where nobody logged in. */
  readonly who: string;
  /** Of one of them, and its network. */
  readonly client: string;
  readonly network: string;
  /** Whose mail it would be: of the envelope, the header or HELO, whichever was judged; empty for none. */
  readonly domain: string;
  /** Of the last one. */
  readonly reference: string;
  readonly detail: string;
}

/** Refusals of a period, each day by itself. */
export function askRefusals(tallies: AskTallies, period: Period): Promise<readonly AdverseTally[]> {
  return ask(tallies, 'adverse', period, {
    ...{ isOverTime: true, most: thresholds.mostTallies },
    amounts: ['count', 'first', 'last', 'hours', 'sample'],
  });
}

/** What a tally of refusals is about. */
export function refusalOf(tally: AdverseTally): Refusal {
  const { check, reason, who, client, domain, sample } = tally;
  const detail = detailOf(tally);
  const [reference = ''] = sample.split(': ', 1);
  const judged = judgedDomain(reason, detail) ?? domain;
  return { check, reason, who, client, network: networkOf(client), domain: judged, reference, detail };
}

/** What was refused exactly, or why; empty where nothing is known of it. */
export function detailOf({ sample }: AdverseTally): string {
  const at = sample.indexOf(': ');
  return at === -1 ? '' : sample.slice(at + 2);
}

/** The network by which a client is known, or itself. */
export function networkOf(client: string): string {
  return homeOf(client) ?? client;
}

/** The domain that was judged is not always that of the envelope: it stands in the detail then. */
function judgedDomain(reason: string, detail: string): string | undefined {
  if (reason.startsWith('spf-')) return /^.*: SPF \S+ of (\S+)/s.exec(detail)?.[1]?.toLowerCase();
  if (reason !== 'header-not-owned') return undefined;
  const address = detail.slice(0, Math.max(0, detail.lastIndexOf(': ')));
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase() || undefined;
}

/** How often, how long, and whether it is a habit. */
export function totalOf(rows: readonly AdverseTally[]) {
  const days = new Set(rows.map(({ at }) => at));
  const bits = new Map<number, number>();
  for (const { at, hours } of rows) bits.set(at, (bits.get(at) ?? 0) | hours);
  return {
    count: sum(rows, ({ count }) => count),
    ...reach(rows),
    days: days.size,
    hours: sum([...bits.values()], hoursIn),
  };
}

/** The tally whose event came last. */
export function latest<T extends { readonly last: number }>(
  rows: readonly [T, ...T[]] | readonly T[],
): T | undefined {
  return rows.reduce<T | undefined>((one, other) => (one && one.last > other.last ? one : other), undefined);
}
