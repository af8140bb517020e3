import { pairsIn, type Logins, type Try } from '../tries.ts';
import type { Finding } from '../report.ts';
import { thresholds } from '../thresholds.ts';
import { groupsBy, heaviest, reach, shellWord, so, span, sum } from '../words.ts';
import { campaignOf, passwordLine, passwordsOf } from './campaign.ts';

/** Tries that one device makes with an old password. */
export interface StaleDevice {
  readonly tries: readonly Try[];
}

/** One password of one account that comes again and again, over many hours. */
export function staleDevices(tries: readonly Try[], logins: Logins): StaleDevice[] {
  const ofAccount = groupsBy(tries, ({ account }) => account);
  return pairsIn(tries)
    .flatMap((group) => (group[0]?.password === '' ? untold(group, logins, ofAccount) : [group]))
    .filter((group) => isRegular(group, logins) && isMostOf(group, ofAccount))
    .map((group) => ({ tries: withUnseen(group, ofAccount) }));
}

/** Tries by account. */
type OfAccount = ReadonlyMap<string, readonly Try[]>;

/** All tries with its account where the device is. */
function inSamePlaces(group: readonly Try[], ofAccount: OfAccount): readonly Try[] {
  const networks = new Set(group.map(({ network }) => network));
  return (ofAccount.get(group[0]?.account ?? '') ?? []).filter(({ network }) => networks.has(network));
}

function isMostOf(group: readonly Try[], ofAccount: OfAccount): boolean {
  const known = inSamePlaces(group, ofAccount).filter(
    ({ password }) => password !== '' || group[0]?.password === '',
  );
  return countOf(group) >= thresholds.stale.share * countOf(known);
}

/** With those that were not looked at, since there had been too many. */
function withUnseen(group: readonly Try[], ofAccount: OfAccount): readonly Try[] {
  const unseen = inSamePlaces(group, ofAccount).filter(({ password }) => password === '');
  return [...new Set([...group, ...unseen])];
}

function countOf(tries: readonly Try[]): number {
  return sum(tries, ({ count }) => count);
}

/**
 * Where passwords are not known apart, only what comes from where the account, or somebody else of ours, is at home. While somebody
 * guesses at the account, what was not looked at is of whoever does.
 */
function untold(group: readonly Try[], logins: Logins, ofAccount: OfAccount): Try[][] {
  const all = ofAccount.get(group[0]?.account ?? '') ?? [];
  if (passwordsOf(all) >= thresholds.guessing.passwords) return [];
  return group.filter((each) => !logins.isStrange(each)).map((each) => [each]);
}

/** Many networks are those of a telephone, where the password also comes from where the account logs in. */
function isRegular(group: readonly Try[], logins: Logins): boolean {
  const { hours, spanHours, hoursUntold, networks, triesPerNetwork } = thresholds.stale;
  const { first, last } = reach(group);
  const least = group[0]?.password === '' ? hoursUntold : hours;
  const places = new Set(group.map(({ network }) => network)).size;
  const isOneDevice = places <= networks && countOf(group) >= places * triesPerNetwork;
  return (
    (isOneDevice || group.some((each) => logins.isOwners(each))) &&
    sum(group, (each) => each.hours) >= least &&
    last - first >= spanHours * 3_600_000
  );
}

/** The devices of one account. */
export type DevicesOf = readonly [account: string, tries: readonly Try[]];

/** Devices by their accounts, of which no more are shown. */
export function staleAccounts(devices: readonly StaleDevice[]): readonly DevicesOf[] {
  const byAccount = groupsBy(
    devices.flatMap(({ tries }) => tries),
    ({ account }) => account,
  );
  return heaviest([...byAccount], thresholds.mostFindings, ([, tries]) => countOf(tries));
}

/** What to say to the owners of accounts; `causeOf` says what is known of the last try of one. */
export function staleFindings(
  accounts: readonly DevicesOf[],
  logins: Logins,
  causeOf: (last: Try) => string,
): Finding[] {
  return accounts.map(([account, tries]) => {
    const campaign = campaignOf(tries);
    const { networks, count, first, last } = campaign;
    const [where = ''] = networks;
    const perHour = Math.round(
      count /
        Math.max(
          1,
          sum(tries, ({ hours }) => hours),
        ),
    );
    return {
      reading: 'stale device',
      subject: account,
      says: `A device with an old password of ${account} tries again and again, from ${networks.length === 1 ? where : so(networks.length, 'network')}.`,
      evidence: [
        `${so(count, 'failed login')}, ${span(first, last)}, in ${so(
          sum(tries, ({ hours }) => hours),
          'hour',
        )}, about ${so(perHour, 'try', 'tries')} in each`,
        `networks: ${networks.join(', ')}`,
        passwordLine(campaign),
        networks.some((network) => logins.hasSucceeded(account, network))
          ? 'the account also logs in from there'
          : 'the account does not log in from there',
        causeLine(causeOf(lastOf(tries))),
      ].filter((line) => line !== ''),
      remedy: `Ask the owner of ${account} which device at ${where} sends mail, such as a printer or a telephone, and give it the new password; once it has it, gatekeeper forget ${shellWord(account)} lets it try at once.`,
      networks,
      ...{ count, first, last },
    };
  });
}

function lastOf(tries: readonly Try[]): Try {
  return tries.reduce((one, other) => (one.last > other.last ? one : other));
}

/** Where it is not simply a wrong password. */
function causeLine(cause: string): string {
  return cause === '' ? '' : `the last one: ${cause}`;
}
