import type { Logins, Try } from '../tries.ts';
import type { Finding } from '../report.ts';
import { thresholds } from '../thresholds.ts';
import { few, groupsBy, heaviest, shellWord, so, span, sum } from '../words.ts';
import {
  blockable,
  campaignOf,
  lookInside,
  passwordLine,
  passwordsOf,
  whereFrom,
  type Campaign,
} from './campaign.ts';

/** Accounts of each of which many passwords were tried, more than its owner would. */
export function guessedAt(tries: readonly Try[], logins: Logins): Campaign[] {
  return [...groupsBy(tries, ({ account }) => account).values()].flatMap((ofAccount) => {
    const guesses = guessesOf(ofAccount, logins);
    return guesses.length === 0 ? [] : [campaignOf(guesses)];
  });
}

/** What is not its owner's: all from strange places, where that is much, and from each of its own where that is very much. */
function guessesOf(ofAccount: readonly Try[], logins: Logins): Try[] {
  const { passwords, passwordsFromHome, triesUntold, triesUntoldFromHome } = thresholds.guessing;
  const isHome = ({ account, network }: Try) => logins.hasSucceeded(account, network);
  const away = ofAccount.filter((each) => !isHome(each));
  const atHome = [...groupsBy(ofAccount.filter(isHome), ({ network }) => network).values()];
  return [
    ...(isMuch(away, passwords, triesUntold) ? away : []),
    ...atHome.filter((group) => isMuch(group, passwordsFromHome, triesUntoldFromHome)).flat(),
  ];
}

function isMuch(tries: readonly Try[], passwords: number, triesUntold: number): boolean {
  if (passwordsOf(tries) >= passwords) return true;
  const untold = tries.filter(({ password }) => password === '');
  return (
    sum(untold, ({ count }) => count) >= triesUntold &&
    sum(untold, ({ hours }) => hours) >= thresholds.guessing.hoursUntold
  );
}

export function guessingFindings(campaigns: readonly Campaign[], logins: Logins): Finding[] {
  return heaviest(campaigns, thresholds.mostFindings, ({ count }) => count).map((campaign) => {
    const { accounts, count, first, last } = campaign;
    const [account = ''] = accounts;
    const { networks, isDistributed } = placesOf(campaign);
    const hit = networks.filter((network) => logins.hasSucceeded(account, network));
    return {
      reading: isDistributed ? 'distributed' : 'guessing',
      subject: account,
      says: isDistributed
        ? `Somebody guesses the password of ${account} from ${so(networks.length, 'network')} at once.`
        : `Somebody guesses the password of ${account}, from ${whereFrom(campaign)}.`,
      evidence: [
        `${so(count, 'failed login')}, ${span(first, last)}`,
        passwordLine(campaign),
        `networks: ${few(networks)}`,
        hit.length > 0
          ? `the account has logged in from ${few(hit)}`
          : 'the account has never logged in from there',
      ],
      remedy: remedyFor(account, networks, hit, logins),
      networks: blockable(networks, logins),
      ...{ count, first, last },
    };
  });
}

/** The networks that are not there by chance, such as one from which somebody sprays. */
function placesOf({ tries, networks, count }: Campaign) {
  const { distributedNetworks, mostOfIt, networkShare } = thresholds.guessing;
  const counts = groupsBy(tries, ({ network }) => network);
  const countOf = (network: string) => sum(counts.get(network) ?? [], (each) => each.count);
  const busiest = networks.slice(0, distributedNetworks - 1);
  const isDistributed = sum(busiest, countOf) < mostOfIt * count;
  return {
    isDistributed,
    networks: isDistributed ? networks : networks.filter((each) => countOf(each) >= networkShare * count),
  };
}

function remedyFor(
  account: string,
  networks: readonly string[],
  hit: readonly string[],
  logins: Logins,
): string {
  const word = shellWord(account);
  if (hit.length > 0) {
    return `Ask the owner of ${account} whether it was them; if not, gatekeeper suspend ${word}, a new password, then gatekeeper release ${word}.`;
  }
  const others = blockable(networks, logins);
  const block =
    others.length <= 20 ? `block ${few(others, 20)} at the firewall` : 'let fail2ban block the networks';
  const owner = `gatekeeper forget ${word} lets its owner in at once, should they be held up.`;
  const ban = others.length === 0 ? '' : `, and ${block}`;
  return [`See that ${account} has a long password of its own${ban}; ${owner}`, lookInside(networks, logins)]
    .filter(Boolean)
    .join(' ');
}
