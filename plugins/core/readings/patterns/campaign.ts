import type { Logins, Try } from '../tries.ts';
import type { Finding } from '../report.ts';
import { thresholds } from '../thresholds.ts';
import { few, groupsBy, reach, shellWord, so, span, sum } from '../words.ts';

/** What a group of tries has in common. */
export interface Campaign {
  readonly tries: readonly Try[];
  readonly accounts: readonly string[];
  readonly networks: readonly string[];
  readonly passwords: number;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** Tries as one campaign, its accounts and networks with those of the most tries first. */
export function campaignOf(tries: readonly Try[]): Campaign {
  return {
    tries,
    accounts: busiest(tries, ({ account }) => account),
    networks: busiest(tries, ({ network }) => network),
    passwords: passwordsOf(tries),
    count: sum(tries, ({ count }) => count),
    ...reach(tries),
  };
}

/** How many passwords there were at least: two may share a tag. */
export function passwordsOf(tries: readonly Try[]): number {
  const passwords = new Set<string>();
  for (const { password } of tries) if (password !== '') passwords.add(password);
  return passwords.size;
}

function busiest(tries: readonly Try[], keyOf: (each: Try) => string): string[] {
  const counts = new Map<string, number>();
  for (const each of tries) counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + each.count);
  return [...counts].sort(([, one], [, other]) => other - one).map(([key]) => key);
}

/** The network of a campaign, or how many there are, where none has most of it. */
export function whereFrom({ tries, networks, count }: Campaign): string {
  const [busiestOne = ''] = networks;
  const itsCount = sum(
    tries.filter(({ network }) => network === busiestOne),
    (each) => each.count,
  );
  return itsCount >= count * 0.9 ? busiestOne : so(networks.length, 'network');
}

/** A finding about many accounts. */
export function findingOf(reading: string, campaign: Campaign, logins: Logins, says: string): Finding {
  const { accounts, networks, count, first, last } = campaign;
  const hit = successes(campaign, logins);
  const unknown = accounts.filter((account) => !logins.exists(account)).length;
  return {
    reading,
    subject: whereFrom(campaign),
    says,
    evidence: [
      `${so(count, 'failed login')}, ${span(first, last)}`,
      `accounts: ${few(accounts)}`,
      ...(unknown > 0
        ? [`${so(unknown, 'of them has', 'of them have')} never logged in here, or not under that name`]
        : []),
      `networks: ${few(networks)}`,
      passwordLine(campaign),
      ...letIn(campaign, logins, hit),
    ],
    remedy: remedyFor(campaign, hit, logins),
    networks: blockable(networks, logins),
    ...{ count, first, last },
  };
}

export function passwordLine({ passwords, tries }: Campaign): string {
  if (passwords === 0) return 'which passwords, is not known (SCRAM, or the password was not looked at)';
  const isPartly = tries.some(({ password }) => password === '');
  return `${passwords} or more different passwords${isPartly ? ', of those that are known' : ''}`;
}

/**
 * Accounts that logged in from where the attack came from, after it began, and never had before: one of the tries was right. Of one
 * that is guessed at alone, from where that was done.
 */
export function successes(campaign: Campaign, logins: Logins): string[] {
  const { accountsOfNetwork, networksOfAttack } = thresholds.takeover;
  const sources = [...groupsBy(campaign.tries, ({ network }) => network)]
    .filter(([, tries]) => new Set(tries.map(({ account }) => account)).size >= accountsOfNetwork)
    .map(([network]) => network);
  const isSmall = sources.length <= networksOfAttack;
  const found = metIn(campaign, logins).flatMap(({ network, begun, tried }) => {
    const arrived = logins.arrivedIn(network);
    const isSource = isSmall && sources.includes(network) && !logins.isTrusted(network);
    const candidates = isSource ? [...arrived.keys()] : [...tried];
    return candidates.filter((account) => (arrived.get(account) ?? -Infinity) >= begun);
  });
  return [...new Set(found)];
}

/** The networks of a campaign in which somebody was new, since when it came from there, and whom it tried. */
function metIn({ tries, networks }: Campaign, logins: Logins) {
  const met = new Map<string, { network: string; begun: number; tried: Set<string> }>();
  for (const { account, network, first } of tries) {
    const known = met.get(network);
    if (known) {
      known.begun = Math.min(first, known.begun);
      known.tried.add(account);
    } else if (logins.arrivedIn(network).size > 0) {
      met.set(network, { network, begun: first, tried: new Set([account]) });
    }
  }
  return networks.map((network) => met.get(network)).filter((each) => each !== undefined);
}

/** Whoever was new in a network of the campaign after it began there; of hundreds of networks some are homes. */
function arrivals(campaign: Campaign, logins: Logins): string[] {
  return metIn(campaign, logins).flatMap(({ network, begun }) =>
    [...logins.arrivedIn(network)].filter(([, first]) => first >= begun).map(([account]) => account),
  );
}

/** Who came in from there: whom the attacker tried, and whom nothing tells from somebody who lives there. */
function letIn(campaign: Campaign, logins: Logins, hit: readonly string[]): string[] {
  const others = new Set(arrivals(campaign, logins));
  for (const account of hit) others.delete(account);
  if (hit.length + others.size === 0) return ['nobody was let in from there'];
  return [
    ...(hit.length > 0 ? [`logged in from there, where they never had before: ${few(hit)}`] : []),
    ...(others.size > 0
      ? [`also new in one of these networks; ask whether they live there: ${few([...others], 10)}`]
      : []),
  ];
}

/** Networks that may be banned: from others people of ours log in. */
export function blockable(networks: readonly string[], logins: Logins): string[] {
  return networks.filter((each) => !logins.isTrusted(each)).slice(0, thresholds.mostNetworks);
}

/** What to do where it comes from a network of ours; empty where it does not. */
export function lookInside(networks: readonly string[], logins: Logins): string {
  const ours = networks.filter((each) => logins.isTrusted(each));
  if (ours.length === 0) return '';
  return `People of yours log in from ${few(ours, 5)}: do not block that, and find the machine in it which does this.`;
}

function banOf(networks: readonly string[]): string {
  if (networks.length === 0) return '';
  return networks.length <= 20
    ? `Block ${few(networks, 20)} at the firewall, or let fail2ban do it (docs/sysadmin.md).`
    : 'Too many networks to block each: the limits of guessing slow them down; let fail2ban take the busiest (docs/sysadmin.md).';
}

function remedyFor({ networks }: Campaign, hit: readonly string[], logins: Logins): string {
  const ban = [banOf(blockable(networks, logins)), lookInside(networks, logins)].filter(Boolean).join(' ');
  const [first = 'ACCOUNT'] = hit;
  return hit.length > 0
    ? `${ban} Whoever logged in from there may be taken over: gatekeeper suspend ${shellWord(first)}, new password, then gatekeeper release.`
    : ban;
}
