import { withoutDevices, type Logins, type Try } from '../tries.ts';
import type { Finding } from '../report.ts';
import { thresholds } from '../thresholds.ts';
import { groupsBy, so, sum } from '../words.ts';
import { campaignOf, findingOf, whereFrom, type Campaign } from './campaign.ts';

/** What is left of strange tries when the other readings have theirs, if it is more than people who mistype. */
export function stuffing(tries: readonly Try[], logins: Logins): Campaign | undefined {
  const { accounts, accountsOfNetwork, shareOfAccounts, triesPerAccount } = thresholds.stuffing;
  const strange = withoutDevices(
    tries.filter((each) => logins.isStrange(each)),
    triesPerAccount,
  );
  const networks = [...groupsBy(strange, ({ network }) => network).values()];
  const busy = networks.filter((group) => accountsIn(group) >= accountsOfNetwork);
  const quiet = networks.filter((group) => accountsIn(group) < accountsOfNetwork).flat();
  const isMuch = accountsIn(quiet) >= Math.max(accounts, shareOfAccounts * logins.activeAccounts);
  const found = [...busy.flat(), ...(isMuch ? quiet : [])];
  return found.length > 0 ? campaignOf(found) : undefined;
}

function accountsIn(tries: readonly Try[]): number {
  return new Set(tries.map(({ account }) => account)).size;
}

export function stuffingFindings(campaign: Campaign, logins: Logins): Finding[] {
  const { tries, accounts, passwords, count } = campaign;
  const where = whereFrom(campaign);
  const many = so(accounts.length, 'account');
  const perAccount = sum(tries, () => 1) / accounts.length;
  if (passwords === 0 && count / accounts.length > thresholds.stuffing.triesPerAccount) {
    const says = `Many accounts are tried again and again: ${many}, from ${where}; which passwords, is not known.`;
    return [findingOf('spraying', campaign, logins, says)];
  }
  if (perAccount <= thresholds.stuffing.triesPerAccount) {
    const says = `Pairs of account and password, as from a stolen list, are tried about once each: ${many}, from ${where}.`;
    return [findingOf('stuffing', campaign, logins, says)];
  }
  const says = `Many accounts are tried with many passwords: ${many}, ${so(passwords, 'password')}, from ${where}.`;
  return [findingOf('distributed', campaign, logins, says)];
}
