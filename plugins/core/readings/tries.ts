import { PairPlaces } from '../events/pair-places.ts';
import { Places } from '../events/value-places.ts';
import type { Counted } from './ask.ts';
import { thresholds } from './thresholds.ts';
import { groupsBy, hoursIn, sum } from './words.ts';

type LoginTally = Counted<'login'>;

/** Failed logins of one account from one network with one password, as far as that is known. */
export interface Try {
  readonly account: string;
  readonly network: string;
  /** Tag of the password; empty where it is not known. */
  readonly password: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  /** Hours of days in which it came. */
  readonly hours: number;
}

/** How a login ends that failed: also of a password that was not looked at any more, since too many were wrong. */
export const failures = ['bad-credentials', 'too-many-failures', 'login-throttled'] as const;

/** What was counted of logins: those that failed, day by day, and who succeeded from where, in the period and before it. */
export interface LoginTallies {
  readonly failures: readonly LoginTally[];
  readonly successes: readonly LoginTally[];
  readonly past: readonly LoginTally[];
  readonly totals: Totals | undefined;
}

/** How often each failed, where not all tries were read. */
export interface Totals {
  readonly account: readonly LoginTally[];
  readonly network: readonly LoginTally[];
}

/** Who failed, who logged in, and from where, now and before. */
export class Logins {
  readonly tries: readonly Try[];
  readonly totals: Totals | undefined;
  readonly #succeeded = new Map<string, Set<string>>();
  readonly #accountsIn = new Map<string, Set<string>>();
  readonly #failedIn = new Map<string, Set<string>>();
  readonly #seen = new Map<string, Map<string, number>>();
  /** First success of the period of an account in a network that it was not known from before. */
  readonly #arrived = new Map<string, Map<string, number>>();
  /** Accounts with wrong passwords that also came from where they log in. */
  readonly #fromHome = new Map<string, Set<string>>();

  /** Tries of which each is judged once. */
  readonly #strange: ReadonlySet<Try>;

  constructor({ failures, successes, past, totals }: LoginTallies) {
    this.totals = totals;
    for (const { account, network, first } of past) this.#succeed(account, network, first);
    for (const { account, network, first } of successes) {
      const arrived = this.#arrived.get(network) ?? new Map<string, number>();
      const isNew = !this.hasSucceeded(account, network) || arrived.has(account);
      this.#succeed(account, network, first);
      if (isNew)
        this.#arrived.set(network, arrived.set(account, Math.min(first, arrived.get(account) ?? first)));
    }
    this.tries = joined(failures);
    for (const { account, network, password } of this.tries) {
      if (!this.hasSucceeded(account, network)) addTo(this.#failedIn, network, account);
      else if (password !== '') addTo(this.#fromHome, account, password);
    }
    this.#strange = new Set(
      this.tries.filter((each) => this.isForeign(each) && !this.isTrusted(each.network)),
    );
  }

  #succeed(account: string, network: string, first: number): void {
    const seen = this.#seen.get(account) ?? new Map<string, number>();
    this.#seen.set(account, seen.set(network, Math.min(first, seen.get(network) ?? first)));
    addTo(this.#succeeded, account, network);
    addTo(this.#accountsIn, network, account);
  }

  /** From where an account logs in, and since when. */
  placesOf(account: string): ReadonlyMap<string, number> {
    return this.#seen.get(account) ?? none;
  }

  /** When each account first logged in from a network, of those that it was new to. */
  arrivedIn(network: string): ReadonlyMap<string, number> {
    return this.#arrived.get(network) ?? none;
  }

  /** Whether an account has ever logged in from a network, before or afterwards. */
  hasSucceeded(account: string, network: string): boolean {
    return this.#succeeded.get(account)?.has(network) === true;
  }

  /** How many accounts log in at all. */
  get activeAccounts(): number {
    return this.#succeeded.size;
  }

  exists(account: string): boolean {
    return this.#succeeded.has(account);
  }

  /** Whether enough accounts log in from a network for it to be one of ours: an office, a NAT, webmail. */
  isTrusted(network: string): boolean {
    const succeeded = this.#accountsIn.get(network)?.size ?? 0;
    const failed = this.#failedIn.get(network)?.size ?? 0;
    return succeeded > 0 && failed <= succeeded * thresholds.failuresPerSuccess;
  }

  /** Whether more than one account failed in a network, and it is not one of ours. */
  attacksFrom(network: string): boolean {
    return (this.#failedIn.get(network)?.size ?? 0) > 1 && !this.isTrusted(network);
  }

  /**
   * Whether the same wrong password also came from where the account logs in: then it is its owner's, also where a telephone takes
   * it through a mobile network in which it is somewhere else each time.
   */
  isOwners({ account, password }: Pick<Try, 'account' | 'password'>): boolean {
    return this.#fromHome.get(account)?.has(password) === true;
  }

  /** Whether a try has nothing to do with who lives there, nor with who owns the account. */
  isStrange(each: Try): boolean {
    return this.#strange.has(each);
  }

  /** Whether a try has nothing to do with who owns the account; it may come from a network of ours, where a machine is taken over. */
  isForeign(each: Try): boolean {
    return !this.hasSucceeded(each.account, each.network) && !this.isOwners(each);
  }
}

/** Tries of one account with one password each. */
export function pairsIn(tries: readonly Try[]): (readonly Try[])[] {
  return [...groupsBy(tries, ({ account }) => account).values()].flatMap((each) => [
    ...groupsBy(each, ({ password }) => password).values(),
  ]);
}

/**
 * Without passwords that came again with their account, from one network after the other or hour after hour: in more hours than so
 * many only a device does that.
 */
export function withoutDevices(tries: readonly Try[], mostHours: number): Try[] {
  const isOfDevice = (pair: readonly Try[]) =>
    pair[0]?.password !== '' && sum(pair, ({ hours }) => hours) > mostHours;
  return pairsIn(tries)
    .filter((pair) => !isOfDevice(pair))
    .flat();
}

/** Of all days together. There are hundreds of thousands: no name is made for each. */
function joined(tallies: readonly LoginTally[]): Try[] {
  const [accounts, networks, passwords] = [new Places<string>(), new Places<string>(), new Places<string>()];
  const [places, all] = [new PairPlaces(), new PairPlaces()];
  const tries: { -readonly [Name in keyof Try]: Try[Name] }[] = [];
  for (const { account, network, password, count, first, last, hours } of tallies) {
    const at = all.of(places.of(accounts.of(account), networks.of(network)), passwords.of(password));
    const known = tries[at];
    if (!known) {
      tries.push({ account, network, password, count, first, last, hours: hoursIn(hours) });
      continue;
    }
    known.count += count;
    known.first = Math.min(first, known.first);
    known.last = Math.max(last, known.last);
    known.hours += hoursIn(hours);
  }
  return tries;
}

const none: ReadonlyMap<string, number> = new Map();

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}
