import { type Account, type Directory, type Verification } from '../core/directory/directory.ts';
import { answerCommand, type Refusal } from '../core/haraka/answer.ts';
import { judge, type Outcome } from '../core/haraka/outcome.ts';
import { ownChain } from '../core/haraka/own-certificate.ts';
import { forgetIdentity, isGone, sessionFacts, setIdentity, type Proven } from '../core/haraka/session.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { ExchangeLines } from '../core/haraka/patches/auth-lines.ts';
import { holdInput, releaseInput } from '../core/haraka/patches/held-input.ts';
import { authenticated } from '../core/haraka/patches/received-line.ts';
import type { Connection, Plugin } from '../core/haraka/types.ts';
import { identityOfAccount, type Identity } from '../core/identity.ts';
import type { Secret } from '../core/secret.ts';
import { pass, refuse, type Verdict } from '../core/verdict.ts';
import { unlessForeign as unlessActing } from './certificates/authzid.ts';
import { credentialOf, type Holders } from './certificates/holders.ts';
import { evenOut, evenOutChallenge } from './delays.ts';
import { decideBegin, decideVerification } from './decide.ts';
import { inPlace, verifyPassword, watchLogin } from './place.ts';
import { PasswordTags } from './password-tags.ts';
import { Throttled, type Throttle } from './guessing/throttle.ts';
import { sessionOf } from './exchange-session.ts';
import type { Admission } from './admission.ts';
import {
  countRefusal,
  isRefusedTooOften,
  newAttempt,
  type Attempt,
  type Manner,
  type Right,
  type Wrong,
} from './attempt.ts';
import { probeUntilUp } from './probe.ts';
import { verdictOn } from './trouble.ts';
import { begin, mechanismIn, proceed } from './exchange.ts';
import type { Bearer, Step } from './mechanisms/step.ts';
import { offered } from './mechanisms/table.ts';
import { unlessForeign } from './oauth/decide.ts';
import { noDirectory } from './no-directory.ts';
import { noTokens, type Tokens } from './oauth/tokens.ts';

const check = { name: 'auth/login' } as const;

/** The largest `login_timeout_seconds`, and a second. */
const longestLoginMs = 26_000;

/** Runs the exchanges of all sessions of one plugin against a directory. */
export class AuthSessions implements ExchangeLines {
  readonly #plugin: Plugin;
  readonly #throttle: Throttle;
  readonly #admission: Admission;
  readonly #holders: Holders;
  readonly #tags: PasswordTags;
  readonly #attempts = new WeakMap<Connection, Attempt>();
  #directory: Directory = noDirectory;
  #tokens: Tokens = noTokens;
  #isProbing = false;

  constructor(plugin: Plugin, throttle: Throttle, admission: Admission, holders: Holders) {
    this.#plugin = plugin;
    this.#throttle = throttle;
    this.#admission = admission;
    this.#holders = holders;
    this.#tags = new PasswordTags(plugin);
  }

  /** Asks another directory from the next login on; those under way end with the one they began with. */
  use(directory: Directory, tokens: Tokens = noTokens): void {
    const before = this.#directory;
    setTimeout(() => before.close(), longestLoginMs).unref();
    this.#directory = directory;
    this.#tokens = tokens;
    if (this.#isProbing) this.probe();
  }

  /** From now on each directory is asked until it has answered once: the log says why it does not, before anybody logs in. */
  probe(): void {
    this.#isProbing = true;
    const directory = this.#directory;
    void probeUntilUp(directory, () => directory === this.#directory);
    void this.#tokens.warmUp();
  }

  /** What the client of a connection may use, as EHLO lists it. */
  mechanisms(connection: Connection): readonly string[] {
    return offered(sessionOf(connection)).map(({ name }) => name);
  }

  isOpen(connection: Connection): boolean {
    const { exchange, farewell } = this.#attempts.get(connection) ?? {};
    return exchange !== undefined || farewell !== undefined;
  }

  command(connection: Connection, argument: Buffer): void {
    const facts = {
      greeted: Boolean(connection.hello.host) && connection.esmtp,
      inTransaction: connection.transaction !== null,
      ...sessionFacts(connection, settingsFor(connection).policy),
    };
    const session = sessionOf(connection);
    this.#attemptOf(connection).mechanism = mechanismIn(argument, session)?.name;
    const verdict = decideBegin(facts);
    if (verdict.kind === 'pass') this.#take(connection, begin(argument, session));
    else this.#conclude(connection, verdict, performance.now());
    argument.fill(0);
  }

  line(connection: Connection, line: Buffer): void {
    const attempt = this.#attemptOf(connection);
    const { exchange, farewell } = attempt;
    delete attempt.exchange;
    delete attempt.farewell;
    if (farewell) answerCommand(connection, farewell);
    else if (exchange) this.#take(connection, proceed(exchange, line));
    line.fill(0);
  }

  /** Forgets an exchange, its failures and the seat of its session: the client is gone, or is another one. */
  forget(connection: Connection): void {
    this.#attempts.delete(connection);
    this.#admission.leave(connection);
  }

  #take(connection: Connection, step: Step): void {
    if (step.kind === 'challenge') {
      this.#attemptOf(connection).exchange = step.exchange;
      connection.respond(334, step.text);
    } else if (step.kind === 'refuse') {
      this.#conclude(connection, refuse(step.reason), performance.now());
    } else if (step.kind === 'credentials') {
      const { credentials } = step;
      const verify = () => verifyPassword(connection, credentials, this.#directory);
      void this.#login(connection, credentials, verify);
    } else if (step.kind === 'token') {
      void this.#show(connection, step.bearer);
    } else if (step.kind === 'certificate') {
      void this.#present(connection, step.authzid);
    } else if (step.kind === 'proof') {
      void this.#prove(connection, step);
    } else if (step.kind === 'proven') {
      this.#end(connection, { kind: 'account', account: step.account }, performance.now(), step.login);
    } else {
      void this.#lookUp(connection, step);
    }
  }

  /** Never rejects, as `#login`. */
  async #lookUp(connection: Connection, { login, resume }: Extract<Step, { kind: 'lookup' }>): Promise<void> {
    const started = performance.now();
    holdInput(connection);
    try {
      await this.#throttle.look(connection, login);
      const asked = performance.now();
      this.#attemptOf(connection).lookedUp = asked;
      const found = await this.#directory.verifier(login);
      await evenOutChallenge(connection, asked);
      releaseInput(connection);
      if (!isGone(connection)) this.#take(connection, resume(found));
    } catch (error) {
      await this.#fail(connection, error, started, login);
    }
  }

  /** Never rejects, as `#login`. */
  #prove(connection: Connection, proof: Extract<Step, { kind: 'proof' }>): Promise<void> {
    const verify = () => Promise.resolve(inPlace(connection, proof.judge()));
    return this.#login(connection, proof, verify, (account) => {
      releaseInput(connection);
      this.#take(connection, proof.proven(account));
    });
  }

  /** Never rejects: a rejection would end the process with all its sessions. `goOn` is for who is right, but not let in yet. */
  async #login(
    connection: Connection,
    { login, password }: { readonly login: string; readonly password?: Secret },
    verify: () => Promise<Verification>,
    goOn?: (account: Account) => void,
  ): Promise<void> {
    const started = performance.now();
    holdInput(connection);
    try {
      const { verification, asked } = await this.#throttle.around(connection, login, password, verify);
      if (verification.kind === 'refused') await evenOut(connection, asked);
      if (verification.kind === 'account' && goOn && !isGone(connection)) goOn(verification.account);
      else this.#end(connection, verification, started, login, { password });
    } catch (error) {
      await this.#fail(connection, error, started, login);
    } finally {
      password?.wipe();
    }
  }

  /** Never rejects, as `#login`. Who it is counts only once the issuer has signed it. */
  async #show(connection: Connection, { token, named, failure }: Bearer): Promise<void> {
    const started = performance.now();
    let login = named;
    holdInput(connection);
    try {
      const shown = await this.#tokens.verify(token);
      if (shown.kind === 'proven') ({ login } = shown);
      const verification = shown.kind === 'proven' ? await this.#find(connection, shown.login, named) : shown;
      if (verification.kind === 'refused') await evenOut(connection, started);
      this.#end(connection, verification, started, login, { failure });
    } catch (error) {
      await this.#fail(connection, error, started, login);
    } finally {
      token.wipe();
    }
  }

  /**
   * Never rejects, as `#login`. What fails counts against the network and the certificate, never against an account: whoever has
   * another certificate must not lock it out.
   */
  async #present(connection: Connection, authzid: string): Promise<void> {
    const started = performance.now();
    const login = authzid === '' ? undefined : authzid;
    holdInput(connection);
    try {
      const chain = ownChain(connection);
      if (!chain) throw new Error('the certificate of the session is gone');
      const { policy } = settingsFor(connection);
      const verify = async () =>
        unlessActing(authzid, inPlace(connection, await this.#holders.find(chain, policy)), this.#directory);
      const { verification, asked } = await this.#throttle.around(
        ...([connection, credentialOf(chain), undefined, verify] as const),
      );
      if (verification.kind === 'refused') await evenOut(connection, asked);
      this.#end(connection, verification, started, login, { chain });
    } catch (error) {
      await this.#fail(connection, error, started, login);
    }
  }

  #find(connection: Connection, login: string, named: string | undefined): Promise<Verification> {
    return this.#throttle.aroundProven(connection, login, async () =>
      inPlace(connection, unlessForeign(named, login, await this.#directory.find(login))),
    );
  }

  /** Lets the client in, or refuses it: after the challenge `failure`, where it has to hear one first. */
  #end(
    connection: Connection,
    verification: Verification,
    started: number,
    login?: string,
    { chain, failure, password }: Manner = {},
  ): void {
    if (verification.kind === 'account') {
      // Nobody is there to have succeeded; a failure is on record all the same.
      if (isGone(connection)) return;
      const since = verification.since ?? this.#attemptOf(connection).lookedUp ?? started;
      this.#admit(connection, verification.account, { login, since, started, chain });
      return;
    }
    // On record before the client has heard all of it: many leave in between.
    const verdict = decideVerification(verification);
    const { credential } = verification;
    const wrongPassword = this.#tags.of(verification, password, settingsFor(connection).policy);
    const { refusal } = this.#judge(connection, verdict, started, login, { credential, wrongPassword });
    if (refusal && !isGone(connection)) this.#refuse(connection, refusal, failure);
  }

  #admit(connection: Connection, account: Account, { login, since, started, chain }: Right): void {
    const identity = identityOfAccount(account);
    const { mechanism } = this.#attemptOf(connection);
    this.#admission.admit(
      connection,
      { identity, login, mechanism },
      {
        letIn: ({ clearances }) => {
          const proven = { login: login ?? '', since, clearances, ...(chain && { chain }) };
          this.#letIn(connection, identity, proven, started);
        },
        turnAway: (refusal) => this.#turnAway(connection, refusal),
        fail: (error) => void this.#fail(connection, error, performance.now(), login),
      },
    );
  }

  /** It is right, and on record already; who comes again and again hears no more. */
  #turnAway(connection: Connection, refusal: Refusal): void {
    releaseInput(connection);
    if (isGone(connection)) return;
    answerCommand(connection, refusal);
    if (isRefusedTooOften(this.#attemptOf(connection))) connection.disconnect();
  }

  #letIn(connection: Connection, identity: Identity, proven: Proven, started: number): void {
    setIdentity(connection, identity, proven);
    watchLogin(this.#plugin, connection);
    this.#judge(connection, pass, started, proven.login === '' ? undefined : proven.login);
    connection.relaying = true;
    // Haraka writes "with ESMTPSA" (RFC 3848) into Received when this is set.
    connection.authheader = authenticated;
    connection.respond(235, '2.7.0 Authentication successful');
  }

  #refuse(connection: Connection, refusal: Refusal, failure: string | undefined): void {
    if (failure === undefined) {
      answerCommand(connection, refusal);
      return;
    }
    this.#attemptOf(connection).farewell = refusal;
    connection.respond(334, failure);
  }

  /** The login is not tried, the world failed, or we did: the client tries again. */
  async #fail(connection: Connection, error: unknown, started: number, login?: string): Promise<void> {
    forgetIdentity(connection);
    if (error instanceof Throttled) await evenOut(connection, started);
    this.#conclude(connection, verdictOn(error), started, login);
  }

  #conclude(connection: Connection, verdict: Verdict, started: number, login?: string): void {
    const { refusal } = this.#judge(connection, verdict, started, login);
    if (refusal && !isGone(connection)) answerCommand(connection, refusal);
  }

  #judge(
    connection: Connection,
    verdict: Verdict,
    started: number,
    login?: string,
    { credential, wrongPassword }: Wrong = {},
  ): Outcome {
    releaseInput(connection);
    const settings = settingsFor(connection);
    const { mechanism } = this.#attemptOf(connection);
    const isLast = countRefusal(this.#attemptOf(connection), verdict, settings.policy.auth.max_failures);
    return judge({
      ...{ check, plugin: this.#plugin, connection, verdict, started, settings, wrongPassword },
      ...(login !== undefined && { login }),
      ...(mechanism !== undefined && { mechanism }),
      ...(credential !== undefined && { credential }),
      ...(isLast && { answerAs: 'too-many-failures' as const }),
    });
  }

  #attemptOf(connection: Connection): Attempt {
    const known = this.#attempts.get(connection);
    if (known) return known;
    const attempt = newAttempt();
    this.#attempts.set(connection, attempt);
    return attempt;
  }
}
