import { beginningOf, dayMs } from '../events/tallies.ts';
import { ask, type AskTallies, type Counted, type Period } from './ask.ts';
import { daysFromHome, daysFromNewNetworks, isMost, isMuch, type UnusualDay } from './habits.ts';
import { successes, type Campaign } from './patterns/campaign.ts';
import type { Finding, Section, Table } from './report.ts';
import { thresholds } from './thresholds.ts';
import type { Logins } from './tries.ts';
import {
  count,
  few,
  firstAndLast,
  groupsBy,
  mostFirst,
  reach,
  shellWord,
  so,
  span,
  sum,
  tableOf,
  text,
  when,
} from './words.ts';

/** What is asked of mail that left: how much each account sent, and all with its past of those of which something may be said. */
export async function askTakeover(tallies: AskTallies, period: Period): Promise<Mail> {
  const most = thresholds.mostTallies;
  const [daily, bounced] = await Promise.all([
    ask(tallies, 'sent', period, {
      ...{ by: ['identity'], isOverTime: true, most },
      amounts: ['count', 'recipients'],
    }),
    ask(tallies, 'left', period, {
      where: { outcome: 'bounced' },
      by: ['identity'],
      amounts: ['recipients'],
    }),
  ]);
  const spellings = groupsBy(daily, ({ identity }) => identity.toLowerCase());
  const accounts = notable(spellings, bounced).flatMap((account) => [
    ...new Set(spellings.get(account)?.map(({ identity }) => identity)),
  ]);
  const since = beginningOf('sent', period.since) - thresholds.pastDays * dayMs;
  const [sent, left]: [Counted<'sent'>[], Counted<'left'>[]] = [[], []];
  for (let at = 0; at < accounts.length; at += accountsAtOnce) {
    const how = { where: { identity: accounts.slice(at, at + accountsAtOnce) }, isOverTime: true, most };
    const [someSent, someLeft] = await Promise.all([
      ask(tallies, 'sent', { ...period, since }, { ...how, amounts: amountsOfSent }),
      ask(tallies, 'left', period, { ...how, amounts: ['recipients'] }),
    ]);
    for (const each of someSent) sent.push(each);
    for (const each of someLeft) left.push(each);
  }
  return { sent, left, senders: spellings.size };
}

const amountsOfSent = ['count', 'recipients', 'first', 'last', 'hours'] as const;

/** Below what a database takes as the values of one question. */
const accountsAtOnce = 500;

/** Those that stand in the table, and those that sent, or got back, as much as can be unusual at all. */
function notable(daily: ReadonlyMap<string, Mail['sent']>, bounced: Mail['left']): string[] {
  const lost = groupsBy(bounced, ({ identity }) => identity.toLowerCase());
  return [...daily]
    .map(([account, each]) => ({ account, each, recipients: recipientsIn(each) }))
    .sort((one, other) => other.recipients - one.recipients)
    .filter(
      ({ account, each }, place) =>
        place < thresholds.mostRows ||
        recipientsIn(lost.get(account) ?? []) >= thresholds.takeover.bounced ||
        hasBusyDay(each),
    )
    .map(({ account }) => account);
}

function hasBusyDay(daily: Mail['sent']): boolean {
  const { messages, recipients } = thresholds.takeover;
  return [...groupsBy(daily, ({ at }) => String(at)).values()].some(
    (ofDay) => sum(ofDay, ({ count }) => count) >= messages || recipientsIn(ofDay) >= recipients,
  );
}

function recipientsIn(mail: readonly { readonly recipients: number }[]): number {
  return sum(mail, ({ recipients }) => recipients);
}

interface Mail {
  readonly sent: readonly Counted<'sent'>[];
  readonly left: readonly Counted<'left'>[];
  /** How many accounts sent something. */
  readonly senders: number;
}

/** Accounts that behave as they never did, and those that an attack has let in: a hint, never a verdict. */
export function readTakeover(
  { sent, left, senders }: Mail,
  logins: Logins,
  attacks: readonly Campaign[],
  { since }: Period,
): Section {
  const ofIdentity = groupsBy(sent, ({ identity }) => identity.toLowerCase());
  const leftOf = groupsBy(left, ({ identity }) => identity.toLowerCase());
  const unusual = [...ofIdentity].flatMap(([account, theirs]) => {
    const days = unusualDays(theirs, leftOf.get(account) ?? [], logins.placesOf(account), since);
    return days.length === 0 ? [] : [findingOf(account, days, leftOf.get(account) ?? [])];
  });
  const found = new Set(unusual.map(({ subject }) => subject));
  return {
    name: 'takeover',
    title: 'Taken over?',
    about:
      'Accounts that differ from their own past. A hint, never a verdict: people travel and send invitations.',
    series: [],
    findings: mostFirst([...unusual, ...letIn(attacks, logins).filter(({ subject }) => !found.has(subject))]),
    noFindings: 'No account differs much from its own past.',
    tables: [busiestTable(ofIdentity, senders, since)],
  };
}

function unusualDays(
  sent: Mail['sent'],
  left: Mail['left'],
  places: ReadonlyMap<string, number>,
  since: number,
): UnusualDay[] {
  const comesBack = ({ at }: UnusualDay, least = 0) => {
    const ofDay = left.filter((each) => each.at === at || each.at === at + dayMs);
    return recipientsOf(ofDay, 'bounced') >= least && bouncedShare(ofDay) >= thresholds.takeover.bouncedShare;
  };
  const fromNew = daysFromNewNetworks(sent, places, since).filter(
    (day) => isMuch(day) || (isMost(day) && comesBack(day, thresholds.takeover.bounced)),
  );
  return fromNew.length > 0 ? fromNew : daysFromHome(sent, since).filter((day) => comesBack(day));
}

function bouncedShare(left: Mail['left']): number {
  const bounced = recipientsOf(left, 'bounced');
  return bounced === 0 ? 0 : bounced / (bounced + recipientsOf(left, 'delivered'));
}

function recipientsOf(left: Mail['left'], outcome: string): number {
  return recipientsIn(left.filter((each) => each.outcome === outcome));
}

function findingOf(account: string, days: readonly UnusualDay[], left: Mail['left']): Finding {
  const networks = [...new Set(days.flatMap((day) => day.networks))];
  const most = days.reduce((one, other) => (one.recipients > other.recipients ? one : other));
  const bounced = bouncedShare(left.filter(({ at }) => days.some((day) => day.at === at)));
  const newHours = days.reduce((bits, day) => bits | day.newHours, 0);
  return {
    reading: 'taken over?',
    subject: account,
    says: `${account} sent ${days.some(isMuch) ? 'far more' : 'more'} than ever before, ${so(most.messages, 'message')} to ${so(most.recipients, 'recipient')} on ${when(most.at).slice(0, 10)}.`,
    evidence: [
      `its busiest day before: ${so(most.busiest.messages, 'message')} to ${so(most.busiest.recipients, 'recipient')}, of ${so(most.pastDays, 'day')} with mail`,
      `from: ${few(networks)}`,
      ...(newHours > 0 ? [`in hours in which it never sent: ${hoursText(newHours)} UTC`] : []),
      ...(bounced > 0 ? [`${Math.round(bounced * 100)} % of the recipients bounced`] : []),
      span(...edges(days)),
    ],
    remedy: remedyFor(account),
    networks: networks.slice(0, thresholds.mostNetworks),
    count: sum(days, ({ messages }) => messages),
    ...reach(days),
  };
}

function edges(days: readonly UnusualDay[]): [number, number] {
  const { first, last } = reach(days);
  return [first, last];
}

function hoursText(bits: number): string {
  const hours = Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => (bits & (1 << hour)) !== 0);
  return hours.map((hour) => `${hour}:00`).join(', ');
}

function remedyFor(account: string): string {
  const word = shellWord(account);
  return `Ask the owner of ${account}, not by mail. If it was not them: gatekeeper suspend ${word} at once, look at gatekeeper trace ${word}, set a new password, then gatekeeper release ${word} --drop.`;
}

/** Accounts that logged in from where an attack came from, and never had before. */
function letIn(attacks: readonly Campaign[], logins: Logins): Finding[] {
  const hits = attacks.flatMap((attack) => successes(attack, logins).map((account) => ({ account, attack })));
  return [...groupsBy(hits, ({ account }) => account)].map(([account, ofAccount]) => {
    const networks = [...new Set(ofAccount.flatMap(({ attack }) => attack.networks))].filter((network) =>
      logins.arrivedIn(network).has(account),
    );
    const times = networks.map((network) => logins.arrivedIn(network).get(account) ?? 0);
    return {
      reading: 'taken over?',
      subject: account,
      says: `${account} logged in from ${few(networks, 1)}, from where passwords were being tried.`,
      evidence: [
        `it had never logged in from there: ${few(networks)}`,
        `first at ${when(Math.min(...times))}`,
        `${so(
          sum(ofAccount, ({ attack }) => attack.count),
          'failed login',
        )} of the same attack`,
      ],
      remedy: remedyFor(account),
      networks,
      count: networks.length,
      first: Math.min(...times),
      last: Math.max(...times),
    };
  });
}

function busiestTable(ofIdentity: ReadonlyMap<string, Mail['sent']>, senders: number, since: number): Table {
  const rows = [...ofIdentity].flatMap(([identity, sent]) => {
    const now = sent.filter(({ at }) => at + dayMs > since);
    if (now.length === 0) return [];
    const before = new Set(sent.filter(({ at }) => at + dayMs <= since).map(({ network }) => network));
    const networks = new Set(now.map(({ network }) => network));
    return [
      {
        identity,
        messages: sum(now, (each) => each.count),
        recipients: recipientsIn(now),
        networks: networks.size,
        new: [...networks].filter((network) => !before.has(network)).length,
        ...reach(now),
      },
    ];
  });
  const table = tableOf(
    {
      name: 'senders',
      title: 'By account',
      about: 'What each account sent, and from how many networks; new: from which it had not sent before.',
      empty: 'Accounts stand here as soon as one has sent something.',
    },
    [
      text('identity', 'account'),
      ...['messages', 'recipients', 'networks'].map((name) => count(name, name)),
      count('new', 'new networks'),
      ...firstAndLast,
    ],
    rows.sort((one, other) => other.recipients - one.recipients),
  );
  return { ...table, omitted: senders - table.rows.length };
}
