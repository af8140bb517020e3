import { setTimeout as delay } from 'node:timers/promises';
import type { Refusal, Verification } from '../../core/directory/directory.ts';
import type { Limits } from '../../core/guessing/limits.ts';
import { accountOf, networksOf, type Networks } from '../../core/guessing/subject.ts';
import type { Secret } from '../../core/secret.ts';
import { emptyTally, type Store, type Tally, type TallyKey } from '../../core/store/store.ts';
import {
  charged,
  decide,
  failed,
  hasRoom,
  isAtHome,
  isNoted,
  succeeded,
  type Decision,
  type Pattern,
  type Repeat,
  type Standing,
} from './decide.ts';
import { UnderWay } from './under-way.ts';
import { WrongPasswords } from './wrong-passwords.ts';

/** A login that wants to be tried. */
export interface Try {
  readonly login: string;
  /** Address of the client. */
  readonly client: string;
  /** Absent where the client proves it otherwise: then nobody knows whether it comes again. */
  readonly password?: Secret | undefined;
}

/** By which rules. */
export interface Rules {
  readonly limits: Limits;
  readonly subaddressSeparator: string;
  /** Whether of an address only accounts are counted. */
  readonly isShared: (address: string) => boolean;
}

/** A login may be tried now. Whoever gets it says what came of that, once. */
export interface Admission {
  readonly kind: 'admitted';
  /** What came of it; `undefined` when nothing was found out, for which nobody is to blame. */
  settle(verification?: Verification): Promise<readonly Pattern[]>;
}

export type Answer = Admission | Extract<Decision, { kind: 'wait' }>;

/** What the directory did not say, what tells nothing about a password, and what only whoever has a right one hears. */
const noGuesses: readonly Refusal[] = [
  ...(['empty-password', 'malformed-password', 'foreign-authzid', 'channel-binding'] as const),
  ...([
    'app-password-expired',
    'app-password-elsewhere',
    'mail-server-elsewhere',
    'account-suspended',
  ] as const),
];

interface Subject {
  readonly account: string;
  readonly networks: Networks | undefined;
  readonly keys: readonly TallyKey[];
  /** The one of these that is of the account in the network of the client. */
  readonly pairKey: TallyKey;
  readonly password: Secret | undefined;
}

/** What was decided about a login before it is tried. */
interface Charge {
  readonly decision: Decision;
  /** Of a stranger: at home nothing is charged in advance. */
  readonly repeat: Repeat;
  /** Whether a success would change nothing that was written down. */
  readonly isNoted: boolean;
}

/** So long a login waits for what comes of others, where the account is known. */
const longestTurnMs = 10_000;

const noRepeat: Repeat = { ofAccount: false, ofPair: false };

const tooLong: Charge = {
  decision: {
    kind: 'wait',
    waitMs: 1000,
    because: 'other logins of the account in this network, which are under way',
  },
  repeat: noRepeat,
  isNoted: false,
};

/** Keeps count of logins, before the directory is asked and after. */
export class Guard {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #wrong = new WrongPasswords();
  /** Logins of accounts in networks where they are known: of strangers the store keeps count. */
  readonly #underWay = new UnderWay();

  /** `now` is the time of day in milliseconds. */
  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Whether a login would be tried now; counts nothing. */
  look(attempt: Try, rules: Rules): Promise<Decision> {
    const subject = this.#subjectOf(attempt, rules);
    return this.#store.update(subject.keys, (found) => ({
      result: decide(standingOf(found), rules.limits, this.#now()),
    }));
  }

  /** Resolves when a login may be tried, which may take its delay, or at once to how long it has to wait. */
  async admit(attempt: Try, rules: Rules): Promise<Answer> {
    const subject = this.#subjectOf(attempt, rules);
    const charge = await this.#place(subject, rules);
    const { decision } = charge;
    if (decision.kind === 'wait') return decision;
    const { isHome, delayMs } = decision;
    if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
    return this.#admission(subject, { isHome, ...charge }, rules);
  }

  /** Notes a success that took no admission, since nothing was guessed: the account is known from there now. */
  async note(attempt: Try, rules: Rules): Promise<void> {
    const { keys } = this.#subjectOf(attempt, rules);
    await this.#store.update(keys, (found) => {
      const standing = standingOf(found);
      const after = succeeded(standing, rules.limits, this.#now());
      return { ...changesOf(standing, after), result: undefined };
    });
  }

  /** Decides, and counts the login as one that may fail: those of strangers in the store, others here. */
  async #place(subject: Subject, rules: Rules): Promise<Charge> {
    const name = pairName(subject);
    const line = this.#underWay.at(name);
    // Before anybody waits, so that many at once see each other.
    let others: number | undefined = line.begin();
    let charge: Charge | undefined;
    for (let turn = 0; others !== undefined && !charge; turn += 1) {
      charge = await this.#orEnd(name, this.#charge(subject, rules, others));
      if (!charge) others = await line.another(turn > 0, longestTurnMs);
    }
    if (charge?.decision.kind === 'go' && charge.decision.isHome) line.wake();
    else if (charge) this.#underWay.end(name);
    return charge ?? tooLong;
  }

  async #orEnd<T>(name: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.#underWay.end(name);
      throw error;
    }
  }

  /**
   * Mostly an account comes back to where it is known. There its pair with the network decides alone: nothing else is read.
   * Gives nothing while others are under way there, of whom too many may fail.
   */
  async #charge(subject: Subject, rules: Rules, others: number): Promise<Charge | undefined> {
    const { limits } = rules;
    const pair = await this.#store.update([subject.pairKey], ([found = emptyTally]) => ({ result: found }));
    const now = this.#now();
    if (isAtHome(pair, limits, now)) {
      const decision = decide({ ...unknown, pair }, limits, now);
      if (decision.kind === 'go' && others > 0 && !hasRoom(pair, others, limits, now)) return undefined;
      return { decision, repeat: noRepeat, isNoted: isNoted(pair, limits, now) };
    }
    const repeat = this.#repeatOf(subject);
    const decision = await this.#chargeStranger(subject, rules, repeat);
    // It has logged in here at this moment.
    if (decision.kind === 'go' && decision.isHome) return this.#charge(subject, rules, others);
    return { decision, repeat, isNoted: false };
  }

  #chargeStranger(subject: Subject, { limits }: Rules, repeat: Repeat): Promise<Decision> {
    return this.#store.update(subject.keys, (found) => {
      const now = this.#now();
      const standing = standingOf(found);
      const decision = decide(standing, limits, now);
      const isStranger = decision.kind === 'go' && !decision.isHome;
      const after = isStranger ? charged(standing, 1, repeat, limits, now) : standing;
      return { ...changesOf(standing, after), result: decision };
    });
  }

  #admission(
    subject: Subject,
    { isHome, repeat, isNoted }: Charge & { readonly isHome: boolean },
    { limits }: Rules,
  ): Admission {
    const settle = async (verification?: Verification): Promise<readonly Pattern[]> => {
      const isWrong = verification?.kind === 'refused' && !noGuesses.includes(verification.cause);
      if (isWrong) return this.#fail(subject, { isHome, repeat }, limits);
      if (isHome && (isNoted || verification?.kind !== 'account')) return [];
      return this.#store.update(subject.keys, (found) => {
        const standing = standingOf(found);
        const back = isHome ? standing : charged(standing, -1, repeat, limits, this.#now());
        const after = verification?.kind === 'account' ? succeeded(back, limits, this.#now()) : back;
        return { ...changesOf(standing, after), result: [] };
      });
    };
    if (!isHome) return { kind: 'admitted', settle };
    const name = pairName(subject);
    return {
      kind: 'admitted',
      // What came of it is written down before others go on.
      settle: (verification) => settle(verification).finally(() => this.#underWay.end(name)),
    };
  }

  #fail(
    subject: Subject,
    { isHome, repeat }: { readonly isHome: boolean; readonly repeat: Repeat },
    limits: Limits,
  ): Promise<readonly Pattern[]> {
    // Others with the same password may have been refused meanwhile.
    const again = this.#repeatOf(subject);
    const tooMany: Repeat = {
      ofAccount: repeat.ofAccount || !again.ofAccount,
      ofPair: repeat.ofPair || !again.ofPair,
    };
    this.#remember(subject);
    return this.#store.update(subject.keys, (found) => {
      const now = this.#now();
      const standing = standingOf(found);
      const once = isHome ? standing : uncharged(standing, tooMany, limits, now);
      const { standing: after, patterns } = failed(once, { isHome, repeat: again }, limits, now);
      return { ...changesOf(standing, after), result: patterns };
    });
  }

  #subjectOf({ login, client, password }: Try, { subaddressSeparator, isShared }: Rules): Subject {
    const account = accountOf(login, subaddressSeparator);
    const networks = networksOf(client);
    const shown = networks && !isShared(client) ? [networks.own, ...networks.around] : [];
    const pairKey = { account, network: networks?.home ?? 'unknown' };
    const keys = [
      { account, network: '' },
      pairKey,
      { account, network: 'directory' },
      { account: '', network: '' },
      ...shown.map((network) => ({ account: '', network })),
    ];
    return { account, networks, keys, pairKey, password };
  }

  #repeatOf({ account, networks, password }: Subject): Repeat {
    if (password === undefined) return noRepeat;
    const tag = this.#wrong.tag(account, password, this.#now());
    return {
      ofAccount: this.#wrong.has(account, '', tag),
      ofPair: this.#wrong.has(account, networks?.home ?? '', tag),
    };
  }

  #remember({ account, networks, password }: Subject): void {
    if (password === undefined) return;
    const tag = this.#wrong.tag(account, password, this.#now());
    this.#wrong.add(account, '', tag);
    this.#wrong.add(account, networks?.home ?? '', tag);
  }
}

function pairName({ account, networks }: Subject): string {
  return `${networks?.home ?? ''} ${account}`;
}

/** Of somebody about whom nothing else is known. */
const unknown = standingOf([]);

/** In the order of the keys of `#subjectOf`. */
function standingOf([account, pair, directory, everywhere, ...networks]: readonly Tally[]): Standing {
  return {
    account: account ?? emptyTally,
    pair: pair ?? emptyTally,
    directory: directory ?? emptyTally,
    everywhere: everywhere ?? emptyTally,
    networks,
  };
}

/** What differs between two standings, for the store. */
function changesOf(before: Standing, after: Standing): { readonly write?: readonly (Tally | undefined)[] } {
  const [old, now] = [tallies(before), tallies(after)];
  const write = now.map((tally, index) => (tally === old[index] ? undefined : tally));
  return write.every((tally) => tally === undefined) ? {} : { write };
}

function tallies({ account, pair, directory, everywhere, networks }: Standing): readonly Tally[] {
  return [account, pair, directory, everywhere, ...networks];
}

/** Takes back what was charged for a password that others have failed with meanwhile; the directory was asked all the same. */
function uncharged(standing: Standing, repeat: Repeat, limits: Limits, now: number): Standing {
  const { directory } = standing;
  return { ...charged(standing, -1, repeat, limits, now), directory };
}
