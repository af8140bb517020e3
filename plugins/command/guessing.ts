import { isKnown, levelOf, waitFor, type Allowance } from '../core/guessing/level.ts';
import { limitsOf } from '../core/guessing/limits.ts';
import { accountOf } from '../core/guessing/subject.ts';
import { parseNetwork } from '../core/network.ts';
import { emptyTally, type Tally } from '../core/store/store.ts';
import { askStore } from './data.ts';
import type { Installation } from './installation.ts';
import type { Fact } from './output.ts';

/** Failed logins that count against an account somewhere. */
interface Counted {
  readonly failures: number;
  readonly limit: number;
  /** Until one more is tried; 0 for now. */
  readonly wait_seconds: number;
}

interface KnownFrom extends Counted {
  readonly network: string;
  readonly until: string;
}

export interface AccountCounters {
  readonly unknown_networks: Counted;
  readonly known_networks: readonly KnownFrom[];
}

/** What the gateway has counted of an account; `undefined` where it has nothing. */
export async function countersOf(
  installation: Installation,
  login: string,
): Promise<AccountCounters | undefined> {
  const { guessing, sender } = installation.settings.policy;
  const account = accountOf(login, sender.subaddress_separator);
  const tallies = await askStore(installation, (store) => store.ofAccount(account));
  if (!tallies || tallies.size === 0) return undefined;
  const limits = limitsOf(guessing);
  const now = Date.now();
  const known_networks = [...tallies]
    .filter(([network, tally]) => parseNetwork(network) && isKnown(tally, limits.knownMs, now))
    .map(([network, tally]) => ({
      network,
      until: new Date(tally.marked + limits.knownMs).toISOString(),
      ...counted(tally, limits.account, now),
    }));
  const unknown_networks = counted(tallies.get('') ?? emptyTally, limits.account, now);
  return { unknown_networks, known_networks };
}

function counted(tally: Tally, allowance: Allowance, now: number): Counted {
  return {
    failures: Math.ceil(levelOf(tally, allowance, now)),
    limit: allowance.limit,
    wait_seconds: Math.ceil(waitFor(tally, allowance, now) / 1000),
  };
}

export function counterFacts(counters: AccountCounters | undefined): Fact[] {
  if (!counters) return [];
  const known = counters.known_networks.map((each) => `${each.network}: ${shown(each)}`);
  return [
    ['failures', `${shown(counters.unknown_networks)}, from unknown networks`],
    ['known from', known.length === 0 ? '(no network)' : known],
  ];
}

function shown({ failures, limit, wait_seconds }: Counted): string {
  return `${failures} of ${limit}${wait_seconds > 0 ? `, one more in ${wait_seconds} s` : ''}`;
}
