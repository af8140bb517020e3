import { withoutDevices, type Logins, type Try } from '../tries.ts';
import type { Finding } from '../report.ts';
import { thresholds } from '../thresholds.ts';
import { groupsBy, so, sum } from '../words.ts';
import { campaignOf, findingOf, whereFrom, type Campaign } from './campaign.ts';

/** Values that the tag of a password has. */
const tagValues = 4096;

/**
 * Campaigns that try a few passwords with many accounts. Networks say nothing where there are hundreds, each with a try or two: it
 * is the password which many accounts have in common that shows it. A network of ours may be one, where a machine is taken over.
 */
export function sprays(tries: readonly Try[], logins: Logins): Campaign[] {
  // A fleet of printers may have one wrong password.
  const foreign = withoutDevices(
    tries.filter((each) => logins.isForeign(each)),
    thresholds.stale.hours - 1,
  );
  const suspicious = suspiciousPasswords(foreign);
  const { passwordsPerAccount, shareOfNetwork } = thresholds.spraying;
  const ofCampaigns = [...groupsBy(foreign, ({ network }) => network).values()]
    .filter((group) => {
      // What was not looked at any more says nothing.
      const known = group.filter(({ password }) => password !== '');
      const theirs = known.filter(({ password }) => suspicious.has(password));
      return theirs.length > 0 && theirs.length >= shareOfNetwork * known.length;
    })
    .flat();
  return together(ofCampaigns.filter(({ password }) => suspicious.has(password)))
    .map((group) => campaignOf(withOthersOf(group, ofCampaigns)))
    .filter(
      ({ accounts, passwords }) =>
        accounts.length >= thresholds.spraying.accounts && passwords <= passwordsPerAccount * accounts.length,
    );
}

/** Passwords that too many accounts were tried with for chance, and for a list in which some are popular. */
function suspiciousPasswords(foreign: readonly Try[]): Set<string> {
  const known = foreign.filter(({ password }) => password !== '');
  const accountsOf = new Map<string, Set<string>>();
  for (const { password, account } of known) {
    accountsOf.set(password, (accountsOf.get(password) ?? new Set()).add(account));
  }
  const pairs = sum([...accountsOf.values()], ({ size }) => size);
  const { accounts, deviations, margin, popularShare, popularTogether } = thresholds.spraying;
  const mean = pairs / tagValues;
  const least = Math.max(accounts, mean + deviations * Math.sqrt(mean) + margin);
  const found = [...accountsOf].filter(([, { size }]) => size >= least);
  const others = pairs - sum(found, ([, { size }]) => size);
  const isLarge = pairs - others >= others * popularTogether;
  const kept = found.filter(([, { size }]) => isLarge || size >= others * popularShare);
  return new Set(kept.map(([password]) => password));
}

/** Groups that have neither a network nor a password in common. */
function together(tries: readonly Try[]): Try[][] {
  const parent = new Map<string, string>();
  const root = (name: string): string => {
    let top = name;
    for (let next = parent.get(top); next !== undefined; next = parent.get(top)) top = next;
    if (top !== name) parent.set(name, top);
    return top;
  };
  for (const { password, network } of tries) {
    const [one, other] = [root(`password ${password}`), root(`network ${network}`)];
    if (one !== other) parent.set(one, other);
  }
  return [...groupsBy(tries, ({ password }) => root(`password ${password}`)).values()];
}

/** What else the same networks have tried belongs to it: a password that chance gave to few accounts. */
function withOthersOf(group: readonly Try[], foreign: readonly Try[]): Try[] {
  const networks = new Set(group.map(({ network }) => network));
  return foreign.filter(({ network }) => networks.has(network));
}

export function sprayFindings(campaigns: readonly Campaign[], logins: Logins): Finding[] {
  return campaigns.map((campaign) =>
    findingOf(
      'spraying',
      campaign,
      logins,
      `A few passwords are tried with many accounts: ${so(campaign.accounts.length, 'account')}, ${so(campaign.passwords, 'password')}, from ${whereFrom(campaign)}.`,
    ),
  );
}
