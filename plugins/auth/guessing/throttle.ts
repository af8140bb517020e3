import type { Verification } from '../../core/directory/directory.ts';
import { judge } from '../../core/haraka/outcome.ts';
import { sharedStore } from '../../core/haraka/shared-store.ts';
import { settingsFor } from '../../core/haraka/transaction.ts';
import type { Connection, Plugin } from '../../core/haraka/types.ts';
import type { Secret } from '../../core/secret.ts';
import { StoreUnavailable, type Forgotten, type Store } from '../../core/store/store.ts';
import { defer, skip, type Verdict } from '../../core/verdict.ts';
import { waitText } from '../../core/wait-text.ts';
import type { Pattern } from './decide.ts';
import { Guard, type Admission } from './guard.ts';
import { rulesOf } from './rules.ts';

const check = { name: 'auth/guessing' } as const;

const meanings: Readonly<Record<Pattern, string>> = {
  spraying: 'many accounts are tried from one network',
  stuffing: 'many accounts are tried from many networks, each of them once',
};

/** A login that is not tried now. */
export class Throttled extends Error {
  override readonly name = 'Throttled';
  readonly verdict: Verdict;

  constructor(because: string, waitMs: number) {
    super(because);
    const shown = `${because}: one more in ${Math.ceil(waitMs / 1000)} s`;
    this.verdict = defer('login-throttled', shown, waitText(waitMs));
  }
}

/** Admits logins of the sessions of one plugin, by the counters that all processes of this machine share. */
export class Throttle {
  readonly #plugin: Plugin;
  #store: Store | undefined;
  #guard: Guard | undefined;

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  /** Counts in another data directory from the next login on. */
  use(dataDirectory: string): void {
    const store = sharedStore(this.#plugin, dataDirectory);
    if (store === this.#store) return;
    this.#store = store;
    this.#guard = new Guard(store, Date.now);
  }

  /** Opens the store now, in a process that serves: what is wrong with it is told before anybody logs in. */
  open(): void {
    void this.#store?.forgottenSince().catch(() => undefined);
  }

  /** Who was forgotten since a look; rejects when the store cannot tell. */
  async forgottenSince(sequence?: number): Promise<Forgotten> {
    if (!this.#store) throw new StoreUnavailable('no data directory is in use yet');
    return this.#store.forgottenSince(sequence);
  }

  /** Tries a login, if it may be tried now, and counts what comes of it; rejects with `Throttled`, and as `verify` does. */
  async around(
    connection: Connection,
    login: string,
    password: Secret | undefined,
    verify: () => Promise<Verification>,
  ): Promise<{ readonly verification: Verification; readonly asked: number }> {
    const admission = await this.#admit(connection, login, password);
    const asked = performance.now();
    let verification: Verification | undefined;
    try {
      verification = await verify();
      return { verification, asked };
    } finally {
      const patterns = await admission.settle(verification);
      for (const pattern of patterns) this.#tell(connection, pattern, asked, login);
    }
  }

  /**
   * As `around`, for who has proven a login by what nobody can guess: a failure counts against nobody, but who has to wait
   * hears nothing of the account.
   */
  async aroundProven(
    connection: Connection,
    login: string,
    find: () => Promise<Verification>,
  ): Promise<Verification> {
    await this.look(connection, login);
    const verification = await find();
    const { guard, attempt, rules } = this.#at(connection, login, undefined);
    if (verification.kind === 'account') await guard.note(attempt, rules);
    return verification;
  }

  /** Rejects with `Throttled` when a login would not be tried now. */
  async look(connection: Connection, login: string): Promise<void> {
    const { guard, attempt, rules } = this.#at(connection, login, undefined);
    const decision = await guard.look(attempt, rules);
    if (decision.kind === 'wait') throw new Throttled(decision.because, decision.waitMs);
  }

  async #admit(connection: Connection, login: string, password: Secret | undefined): Promise<Admission> {
    const { guard, attempt, rules } = this.#at(connection, login, password);
    const answer = await guard.admit(attempt, rules);
    if (answer.kind === 'wait') throw new Throttled(answer.because, answer.waitMs);
    return answer;
  }

  #at(connection: Connection, login: string, password: Secret | undefined) {
    if (!this.#guard) throw new Error('no data directory is in use yet');
    const { policy } = settingsFor(connection);
    const attempt = { login, client: connection.remote.ip, password };
    return { guard: this.#guard, attempt, rules: rulesOf(policy) };
  }

  #tell(connection: Connection, pattern: Pattern, started: number, login: string): void {
    const settings = settingsFor(connection);
    const because = `${pattern}: ${meanings[pattern]}`;
    this.#plugin.logwarn(connection, `guessing: ${because}, client=${connection.remote.ip}`);
    judge({ check, plugin: this.#plugin, connection, verdict: skip(because), started, settings, login });
  }
}
