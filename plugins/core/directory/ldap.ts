import { createSecureContext, type SecureContext } from 'node:tls';
import { Deadline } from '../deadline.ts';
import { oncePerMinute } from '../once-per-minute.ts';
import type { Secret } from '../secret.ts';
import { accountAttributes, accountOf, isDisabled, verifierAttributes, verifierValues } from './account.ts';
import {
  Unavailable,
  type Account,
  type Directory,
  type Refusal,
  type ScramVerifier,
  type Unproven,
  type Verification,
} from './directory.ts';
import { parseEndpoint } from './endpoint.ts';
import { parseFilter, type LoginFilter } from './filter.ts';
import { refusalOfName, refusalWithoutAsking } from './login.ts';
import { resultCode, type Entry, type SearchRequest } from './messages.ts';
import { Pool, UnhelpfulAnswer } from './pool.ts';
import { Queue } from './queue.ts';
import { MadeUpVerifiers, readVerifiers } from './scram.ts';
import { Servers, type Chance, type Server } from './servers.ts';
import type { DirectorySettings } from './settings.ts';

export interface DirectorySecrets {
  readonly bindPassword: Secret;
  /** Certificates (PEM) of the authorities that sign the servers; without them those of Node.js. */
  readonly ca?: string | Buffer;
}

/** What tests change; the defaults are for everybody else. */
export interface DirectoryTuning extends Partial<Chance> {
  readonly idleMilliseconds?: number;
}

type Log = (message: string) => void;

/** How much of what a server sends is shown in the log. */
const longestShown = 200;

/** The directory behind LDAP servers. Throws an Error for settings that cannot be used; connects when the first login comes. */
export function createLdapDirectory(
  settings: DirectorySettings,
  secrets: DirectorySecrets,
  log: Log = () => undefined,
  tuning: DirectoryTuning = {},
): Directory {
  if (secrets.bindPassword.length === 0) throw new Error('directory: the service account has no password');
  return new LdapDirectory(settings, secrets, log, tuning);
}

class LdapDirectory implements Directory {
  readonly #settings: DirectorySettings;
  readonly #log: Log;
  readonly #filter: LoginFilter;
  readonly #servers: Servers;
  readonly #pool: Pool;
  readonly #queue: Queue;
  readonly #reported = new Set<string>();
  readonly #madeUp: MadeUpVerifiers | undefined;
  readonly #complain: (action: () => void) => void;
  #closed = false;

  constructor(settings: DirectorySettings, secrets: DirectorySecrets, log: Log, tuning: DirectoryTuning) {
    this.#settings = settings;
    this.#log = log;
    this.#complain = oncePerMinute(tuning.now ?? monotonic);
    this.#filter = parseFilter(settings.filter);
    const endpoints = settings.urls.map((url) => parseEndpoint(url, settings));
    this.#servers = new Servers(endpoints, {
      now: tuning.now ?? monotonic,
      random: tuning.random ?? Math.random,
    });
    this.#madeUp = madeUpFor(settings, secrets);
    this.#queue = new Queue(settings.connections, settings.queue);
    this.#pool = new Pool({
      bindDn: settings.bind_dn,
      bindPassword: secrets.bindPassword,
      trust: trustIn(secrets.ca),
      milliseconds: settings.operation_timeout_seconds * 1000,
      idleMilliseconds: tuning.idleMilliseconds ?? 60_000,
    });
  }

  async verify(login: string, password: Secret): Promise<Verification> {
    if (this.#closed) throw new Unavailable('directory: closed');
    const cause = refusalWithoutAsking(login, password);
    if (cause !== undefined) return { kind: 'refused', cause };
    return this.#inTime((deadline) => this.#inTurn(login, password, deadline));
  }

  async find(login: string): Promise<Verification> {
    if (this.#closed) throw new Unavailable('directory: closed');
    const cause = refusalOfName(login);
    if (cause !== undefined) return { kind: 'refused', cause };
    return this.#inTime((deadline) => this.#decide(login, deadline, () => Promise.resolve(true)));
  }

  async verifier(login: string): Promise<Unproven> {
    const madeUp = this.#madeUp;
    if (this.#closed || !madeUp) throw new Unavailable('directory: closed, or without scram_attribute');
    const refused = (cause: Refusal): Unproven => {
      return { verifier: madeUp.of(login), ifProven: { kind: 'refused', cause }, otherwise: cause };
    };
    const cause = refusalOfName(login);
    if (cause !== undefined) return refused(cause);
    const entry = await this.#inTime((deadline) =>
      this.#search(login, deadline, verifierAttributes(this.#settings)),
    );
    if (entry === undefined) return refused('no-such-account');
    const verifier = this.#verifierOf(entry);
    if (verifier === undefined) return refused('no-scram-verifier');
    return { verifier, ifProven: this.#verificationOf(entry), otherwise: 'wrong-password' };
  }

  async probe(): Promise<void> {
    if (this.#closed) throw new Unavailable('directory: closed');
    await this.#inTime((deadline) => this.#search('gatekeeper-probe', deadline));
  }

  /** Ends the wait for `work` at the deadline of a login, and lets it begin nothing more. */
  async #inTime<T>(work: (deadline: Deadline) => Promise<T>): Promise<T> {
    const seconds = this.#settings.login_timeout_seconds;
    const late = () => new Unavailable(`directory: a login was not decided within ${seconds} s`);
    const deadline = new Deadline(seconds * 1000, late);
    try {
      return await deadline.race(work(deadline));
    } finally {
      deadline.meet();
    }
  }

  close(): void {
    this.#closed = true;
    this.#pool.close();
  }

  /** A place is held until the work is done, even if its login was given up: so many connections there are, and no more. */
  async #inTurn(login: string, password: Secret, deadline: Deadline): Promise<Verification> {
    await this.#queue.enter(deadline);
    try {
      return await this.#decide(login, deadline, ({ dn }) => {
        return this.#attempt(deadline, (server) => this.#pool.bind(server, dn, password, deadline));
      });
    } finally {
      this.#queue.leave();
    }
  }

  async #decide(
    login: string,
    deadline: Deadline,
    isProven: (entry: Entry) => Promise<boolean>,
  ): Promise<Verification> {
    const entry = await this.#search(login, deadline);
    if (entry === undefined) return { kind: 'refused', cause: 'no-such-account' };
    if (!(await isProven(entry))) return { kind: 'refused', cause: 'wrong-password' };
    // Only whoever knows the password learns that the account is disabled.
    return this.#verificationOf(entry);
  }

  /** What comes of an entry once its password was right. */
  #verificationOf(entry: Entry): Verification {
    if (isDisabled(entry, this.#settings)) return { kind: 'refused', cause: 'account-disabled' };
    return { kind: 'account', account: this.#accountOf(entry) };
  }

  #verifierOf(entry: Entry): ScramVerifier | undefined {
    const values = verifierValues(entry, this.#settings);
    try {
      return values.length === 0 ? undefined : readVerifiers(values);
    } catch (error) {
      const what = `${this.#settings.scram_attribute}: ${(error as Error).message}`;
      throw this.#alarm(`${entry.dn.slice(0, longestShown)}: ${what}`);
    }
  }

  /** The one entry of a login. The directory compares: it knows which letters and spaces matter. */
  async #search(
    login: string,
    deadline: Deadline,
    attributes = accountAttributes(this.#settings),
  ): Promise<Entry | undefined> {
    const { base, operation_timeout_seconds } = this.#settings;
    const request: SearchRequest = {
      base,
      filter: this.#filter(Buffer.from(login, 'utf8')),
      attributes,
      timeLimitSeconds: Math.ceil(operation_timeout_seconds),
    };
    const { entries, result } = await this.#attempt(deadline, (server) => this.#pool.search(server, request));
    const [entry] = entries;
    if (entries.length > 1 || result.code === resultCode.sizeLimitExceeded) {
      throw this.#alarm(
        `the login ${JSON.stringify(login)} is ambiguous: several entries below ${base} match`,
      );
    }
    // A server may take an empty name, or one of spaces, for nobody's, and accept any password (RFC 4513 §5.1.2).
    if (entry !== undefined && (!entry.dn.includes('=') || hasControl(entry.dn))) {
      throw this.#alarm(`the entry of ${JSON.stringify(login)} has a name by which nobody can bind`);
    }
    return entry;
  }

  /** Tries one server, then once another one, or the same again where there is no other. */
  async #attempt<T>(deadline: Deadline, operation: (server: Server) => Promise<T>): Promise<T> {
    const first = this.#servers.choose();
    try {
      return await this.#attemptOn(first, deadline, operation);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return this.#attemptOn(this.#servers.choose(first), deadline, operation);
    }
  }

  async #attemptOn<T>(
    server: Server,
    deadline: Deadline,
    operation: (server: Server) => Promise<T>,
  ): Promise<T> {
    deadline.throwIfAborted();
    try {
      const answer = await operation(server);
      if (this.#servers.succeeded(server)) this.#log(`${server.url}: the server answers again`);
      return answer;
    } catch (error) {
      if (error !== deadline.reason && !this.#closed && isFaultOfServer(error)) this.#pause(server, error);
      throw error;
    }
  }

  #pause(server: Server, error: Error): void {
    if (this.#servers.failed(server)) this.#complain(() => this.#log(error.message));
    this.#pool.drop(server);
  }

  #accountOf(entry: Entry): Account {
    return accountOf(entry, this.#settings, (value) => {
      const shown = JSON.stringify(value.slice(0, longestShown));
      this.#logOnce(`${entry.dn.slice(0, longestShown)}: ${shown} is no address and gives no right to send`);
    });
  }

  /** Bounded, so that a directory full of mistakes fills neither log nor memory. */
  #logOnce(message: string): void {
    if (this.#reported.has(message) || this.#reported.size >= 1000) return;
    this.#reported.add(message);
    this.#log(message);
  }

  #alarm(problem: string): Unavailable {
    this.#log(`directory: ${problem}`);
    return new Unavailable(`directory: ${problem}`);
  }
}

/** Of the answers that are neither yes nor no only these two speak of the server and not of one account. */
function isFaultOfServer(error: unknown): error is Unavailable {
  if (!(error instanceof UnhelpfulAnswer)) return error instanceof Unavailable;
  return error.code === resultCode.busy || error.code === resultCode.unavailable;
}

function madeUpFor(
  { scram_attribute, scram_iterations }: DirectorySettings,
  { bindPassword }: DirectorySecrets,
): MadeUpVerifiers | undefined {
  if (scram_attribute === '') return undefined;
  return bindPassword.reveal((bytes) => new MadeUpVerifiers(bytes, scram_iterations));
}

function trustIn(ca: string | Buffer | undefined): SecureContext {
  if (ca === undefined) return createSecureContext({ minVersion: 'TLSv1.2' });
  // Node.js would silently trust its own authorities instead of an empty list.
  if (!ca.includes('BEGIN CERTIFICATE')) throw new Error('directory: ca_file holds no certificate in PEM');
  return createSecureContext({ ca, minVersion: 'TLSv1.2' });
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function monotonic(): number {
  return performance.now();
}
