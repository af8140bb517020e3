import { LRUCache } from 'lru-cache';
import type { ClientChain } from '../../core/certificate/chain.ts';
import { Unavailable, type Verification } from '../../core/directory/directory.ts';
import {
  accountSourcesOf,
  chooser,
  type Accounts,
  type MemorySettings,
} from '../../core/directory/sources.ts';
import type { CommandFacts } from '../../core/haraka/facts/envelope.ts';
import type { SessionLogin } from '../../core/haraka/session.ts';
import { identityOfAccount } from '../../core/identity.ts';
import type { Policy } from '../../core/settings/settings.ts';
import { defer, pass, refuse, skip, type Verdict } from '../../core/verdict.ts';
import { decidePlace } from '../decide.ts';
import type { AttentiveDirectory } from '../guessing/attentive.ts';
import { causeInWords, decideRenewal, isFresh, isStale, type Lifetimes } from './decide.ts';

/** Logins whose answers are kept, and accounts that were to be forgotten. */
const mostKept = 10_000;

interface Question {
  /** When it was asked, in milliseconds of the clock. */
  readonly began: number;
  readonly answer: Promise<Verification>;
  isOpen: boolean;
}

/** Whose a certificate is now; rejects as a directory does. */
type OfCertificate = (chain: ClientChain) => Promise<Verification>;

/** What a login depends on. */
interface Sources {
  readonly directory: AttentiveDirectory;
  readonly ofCertificate: OfCertificate;
  readonly lifetimesOf: (login: SessionLogin) => Lifetimes;
}

/** Has sessions that last follow the directory: at MAIL a login that is no longer fresh is looked up again, without its password. */
export class Renewals {
  readonly #now: () => number;
  readonly #onStale: (name: string, problem: Unavailable) => void;
  readonly #questions = new LRUCache<string, Question>({ max: mostKept });
  readonly #forgotten = new LRUCache<string, number>({ max: mostKept });
  #sources: Sources | undefined;

  /**
   * `now` is a clock in milliseconds that only moves forward, the one of `SessionLogin.since`; `onStale` is told when a session
   * goes on although no server answers.
   */
  constructor(now: () => number, onStale: (name: string, problem: Unavailable) => void) {
    this.#now = now;
    this.#onStale = onStale;
  }

  /** Asks another directory from the next message on. */
  use(directory: AttentiveDirectory, policy: Accounts, ofCertificate: OfCertificate): void {
    const sources = accountSourcesOf(policy);
    const choose = chooser(sources);
    const ofAll = shortest(sources.map(({ settings }) => lifetimesIn(settings)));
    this.#questions.clear();
    this.#sources = {
      ...{ directory, ofCertificate },
      // A certificate may be of any directory.
      lifetimesOf: ({ login, chain }) => (chain ? ofAll : lifetimesIn(choose(login)?.settings)),
    };
  }

  /** A login of the account is looked up at its next message, whatever is remembered. */
  forget(account: string): void {
    this.#forgotten.set(account.toLowerCase(), this.#now());
  }

  /** Decides at once, and asks nobody, about a login that is fresh. Rejects for what is our own fault. */
  decide(
    { login, client }: Pick<CommandFacts, 'login' | 'client'>,
    policy: Policy,
  ): Verdict | Promise<Verdict> {
    if (!login) return skip('nobody has logged in');
    const heard = this.#sources?.directory.listen();
    if (heard) return heard.then(() => this.#unlessFresh(login, client.address, policy));
    return this.#unlessFresh(login, client.address, policy);
  }

  #unlessFresh(login: SessionLogin, client: string, policy: Policy): Verdict | Promise<Verdict> {
    const sources = this.#sources;
    if (!sources) return defer('account-unconfirmed', 'no directory is open yet');
    const lifetimes = sources.lifetimesOf(login);
    const forgottenAt = this.#forgottenAt(login);
    if (isFresh(login.since, forgottenAt, lifetimes, this.#now())) return pass;
    return this.#renew(login, client, policy, sources).catch((error: unknown) => {
      if (!(error instanceof Unavailable)) throw error;
      // Not what was known before: it may have been forgotten meanwhile.
      if (!isStale(login.since, this.#forgottenAt(login), lifetimes, this.#now())) {
        return defer('account-unconfirmed', error.message);
      }
      this.#onStale(login.identity.name, error);
      return pass;
    });
  }

  async #renew(login: SessionLogin, client: string, policy: Policy, sources: Sources): Promise<Verdict> {
    const question = this.#question(login, sources);
    const now = new Date();
    const verification = await question.answer;
    const found = decideRenewal(verification, login.identity, client, now);
    // Whoever is suspended hears of that from outbound/suspended: it is trouble, and no decision.
    const placed = found.kind === 'lapsed' ? found : decidePlace(found, client, policy, now, () => false);
    if (placed.kind === 'account') {
      // What a certificate comes to may be remembered itself.
      const { since = question.began } = verification as { readonly since?: number };
      login.renew(identityOfAccount(placed.account), since);
      return pass;
    }
    login.end();
    return refuse('auth-required', placed.kind === 'lapsed' ? placed.why : causeInWords(placed));
  }

  /** One for all sessions of a login: none is asked while another is under way, or its answer is fresh. */
  #question(login: SessionLogin, { directory, ofCertificate, lifetimesOf }: Sources): Question {
    const { chain } = login;
    // No login holds a line end.
    const name = chain ? `\n${chain.leaf.fingerprint256}` : login.login;
    const known = this.#questions.get(name);
    if (known && this.#counts(known, login, lifetimesOf(login))) return known;
    const answer = chain ? ofCertificate(chain) : directory.find(login.login);
    const asked: Question = { began: this.#now(), answer, isOpen: true };
    this.#questions.set(name, asked);
    asked.answer.then(
      ({ kind }) => {
        asked.isOpen = false;
        // An account that is let in again is so at once.
        if (kind === 'refused') this.#drop(name, asked);
      },
      () => this.#drop(name, asked),
    );
    return asked;
  }

  #counts({ began, isOpen }: Question, login: SessionLogin, lifetimes: Lifetimes): boolean {
    const forgottenAt = this.#forgottenAt(login);
    const acceptedMs = isOpen ? Infinity : lifetimes.acceptedMs;
    return isFresh(began, forgottenAt, { ...lifetimes, acceptedMs }, this.#now());
  }

  #drop(login: string, question: Question): void {
    if (this.#questions.get(login) === question) this.#questions.delete(login);
  }

  /** By what it logged in as, its name or its id, as those are forgotten that are remembered. */
  #forgottenAt({ login, identity }: SessionLogin): number | undefined {
    if (this.#forgotten.size === 0) return undefined;
    const times = [login, identity.name, identity.id].flatMap(
      (name) => this.#forgotten.get(name.toLowerCase()) ?? [],
    );
    return times.length === 0 ? undefined : Math.max(...times);
  }
}

function shortest(all: readonly Lifetimes[]): Lifetimes {
  return {
    acceptedMs: Math.min(...all.map(({ acceptedMs }) => acceptedMs)),
    staleMs: Math.min(...all.map(({ staleMs }) => staleMs)),
  };
}

/** Of a login that no directory is for any more: it does not count. */
function lifetimesIn(settings: MemorySettings | undefined): Lifetimes {
  if (!settings) return { acceptedMs: 0, staleMs: 0 };
  return { acceptedMs: settings.cache_seconds * 1000, staleMs: settings.cache_stale_seconds * 1000 };
}
