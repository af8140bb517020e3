import { ask, type AskTallies, type Period } from './ask.ts';
import { guessedAt, guessingFindings } from './patterns/guessing.ts';
import { sprayFindings, sprays } from './patterns/spraying.ts';
import { staleAccounts, staleDevices, staleFindings } from './patterns/stale.ts';
import { stuffing, stuffingFindings } from './patterns/stuffing.ts';
import { passwordsOf, type Campaign } from './patterns/campaign.ts';
import type { AdverseTally } from './refusals.ts';
import type { Column, Finding, Row, Section, Table } from './report.ts';
import { thresholds } from './thresholds.ts';
import { failures, Logins, type Totals, type Try } from './tries.ts';
import { unjudgedFindings } from './unjudged.ts';
import { count, firstAndLast, groupsBy, mostFirst, reach, sum, tableOfMost, text } from './words.ts';
import { beginningOf, dayMs } from '../events/tallies.ts';

/** What is asked for logins: each of the period, and who logged in before, and from where. */
export async function askLogins(tallies: AskTallies, period: Period): Promise<Logins> {
  const begin = beginningOf('login', period.since);
  const past = { since: begin - thresholds.pastDays * dayMs, until: begin };
  const most = thresholds.mostTallies;
  const successes = {
    ...{ where: { result: 'ok' }, by: ['account', 'network'], most },
    amounts: ['first'] as const,
  };
  const [failed, now, before] = await Promise.all([
    ask(tallies, 'login', period, {
      ...{ where: { result: failures }, isOverTime: true, most },
      amounts: ['count', 'first', 'last', 'hours'],
    }),
    ask(tallies, 'login', period, successes),
    ask(tallies, 'login', past, successes),
  ]);
  const totals = failed.length < most ? undefined : await askTotals(tallies, period);
  return new Logins({ failures: failed, successes: now, past: before, totals });
}

/** How often each account and each network failed: also those of whom no try is among the most frequent. */
async function askTotals(tallies: AskTallies, period: Period): Promise<Totals> {
  const by = (key: 'account' | 'network') =>
    ask(tallies, 'login', period, {
      ...{ where: { result: failures }, by: [key], amounts: ['count', 'first', 'last'] },
    });
  const [account, network] = await Promise.all([by('account'), by('network')]);
  return { account, network };
}

/** What was read from failed logins; campaigns also tell who may be taken over. */
export interface LoginReading {
  readonly findings: readonly Finding[];
  readonly attacks: readonly Campaign[];
}

/** Each reading takes what it explains, and leaves the rest to the next. */
export async function readTries(tallies: AskTallies, period: Period, logins: Logins): Promise<LoginReading> {
  const sprayed = sprays(logins.tries, logins);
  const afterSprays = without(logins.tries, sprayed);
  const stale = staleDevices(afterSprays, logins);
  const afterStale = without(afterSprays, stale);
  const guessed = guessedAt(afterStale, logins);
  const stuffed = stuffing(without(afterStale, guessed), logins);
  const owners = staleAccounts(stale);
  const causeOf = await askCauses(
    tallies,
    period,
    owners.map(([account]) => account),
  );
  const findings = [
    ...sprayFindings(sprayed, logins),
    ...guessingFindings(guessed, logins),
    ...(stuffed ? stuffingFindings(stuffed, logins) : []),
    ...staleFindings(owners, logins, causeOf),
  ];
  return { findings, attacks: [...sprayed, ...guessed, ...(stuffed ? [stuffed] : [])] };
}

/** What is known of the last tries with some accounts: a report has hundreds of thousands of tries, and shows the causes of few. */
async function askCauses(
  tallies: AskTallies,
  period: Period,
  accounts: readonly string[],
): Promise<(last: Try) => string> {
  if (accounts.length === 0) return () => '';
  const rows = await ask(tallies, 'login', period, {
    ...{ where: { result: failures, account: accounts }, isOverTime: true, most: thresholds.mostTallies },
    amounts: ['count', 'last', 'sample'],
  });
  const placeOf = ({ account, network, password, last }: Omit<Try, 'count' | 'first' | 'hours'>) =>
    [account, network, password, last].join('\n');
  const causes = new Map(rows.map((row) => [placeOf(row), row.sample]));
  return (last) => causes.get(placeOf(last)) ?? '';
}

function without(tries: readonly Try[], groups: readonly { readonly tries: readonly Try[] }[]): Try[] {
  const taken = new Set<Try>();
  for (const group of groups) for (const each of group.tries) taken.add(each);
  return tries.filter((each) => !taken.has(each));
}

/** Failed logins: by account, by network, and what they look like; before them those that could not be judged, which concern all. */
export function readLogins(
  logins: Logins,
  { findings }: LoginReading,
  adverse: readonly AdverseTally[],
): Section {
  return {
    name: 'logins',
    title: 'Failed logins',
    about:
      'Who failed to log in, from where, and whether it looks like a mistake, an old device, an attack, or a fault of this side.',
    series: [],
    findings: [...unjudgedFindings(adverse), ...mostFirst(findings)],
    noFindings:
      'No pattern in failed logins: nobody guesses, no device keeps an old password, and each could be judged.',
    tables: [
      failuresTable('accounts', 'By account', 'account', 'networks', logins),
      failuresTable('networks', 'By network', 'network', 'accounts', logins),
    ],
  };
}

function failuresTable(
  name: string,
  title: string,
  key: 'account' | 'network',
  others: 'networks' | 'accounts',
  logins: Logins,
): Table {
  const other = key === 'account' ? 'network' : 'account';
  const groups = groupsBy(logins.tries, (each) => each[key]);
  const totals = logins.totals?.[key] ?? [...groups].map(([value, group]) => totalOf(key, value, group));
  const rowOf = (total: Total): Row => {
    const group = groups.get(total[key] ?? '') ?? [];
    return {
      [key]: total[key] ?? '',
      failures: total.count,
      [others]: new Set(group.map((each) => each[other])).size,
      passwords: passwordsOf(group) || '',
      succeeded: group.some((each) => logins.hasSucceeded(each.account, each.network)) ? 'yes' : 'no',
      ...{ first: total.first, last: total.last },
    };
  };
  const columns: readonly Column[] = [
    text(key, key),
    count('failures', 'failures'),
    count(others, others),
    count('passwords', 'passwords'),
    text('succeeded', 'also logged in'),
    ...firstAndLast,
  ];
  return tableOfMost(
    {
      name,
      title,
      about: `Different passwords are a lower estimate, and unknown for SCRAM; also logged in: one of the accounts, from one of the networks.${cutNote(logins)}`,
      empty: 'Failed logins stand here as soon as there is one.',
    },
    columns,
    {
      items: totals,
      weightOf: ({ count: each }) => each,
      rowOf,
    },
  );
}

/** What one account, or one network, failed with. */
type Total = Partial<Pick<Try, 'account' | 'network'>> & Pick<Try, 'count' | 'first' | 'last'>;

function totalOf(key: 'account' | 'network', value: string, tries: readonly Try[]): Total {
  return { [key]: value, count: sum(tries, ({ count: each }) => each), ...reach(tries) };
}

/** Where there are so many that not all were looked at. */
function cutNote({ totals }: Logins): string {
  if (!totals) return '';
  const most = thresholds.mostTallies.toLocaleString('en');
  return ` So many were tried that patterns, passwords and the other columns are of ${most} of them alone: the most frequent, and of the rest the latest.`;
}
