import type { CertificateNames } from '../certificate/names.ts';
import { within, type Deadline } from '../deadline.ts';
import { messageOf } from '../message-of.ts';
import { oncePerMinute } from '../once-per-minute.ts';
import type { Secret } from '../secret.ts';
import {
  accountAttributes,
  accountOf,
  loginAttributes,
  refusalOfEntry,
  verifierAttributes,
  verifierOf,
} from './account.ts';
import { AppPasswords, credentialOf } from './app-passwords.ts';
import { Attempts, type Operation } from './attempts.ts';
import { CertificateHolders } from './certificates.ts';
import {
  refused,
  Unavailable,
  type Account,
  type Refusal,
  type RememberingDirectory,
  type Unproven,
  type Verification,
} from './directory.ts';
import { trustIn } from './dial.ts';
import { parseEndpoint } from './endpoint.ts';
import { Finder } from './finder.ts';
import { Groups, refusalOfGroups } from './groups.ts';
import { Lenders, type Lent } from './lent.ts';
import { refusalOfName, refusalWithoutAsking } from './login.ts';
import type { Lookups } from './lookups.ts';
import type { Entry } from './messages.ts';
import { Pool } from './pool.ts';
import { preparationOf, type Prepare } from './preparation.ts';
import type { Proof, Prove } from './proof.ts';
import { Queue } from './queue.ts';
import { ServiceAccount } from './service-account.ts';
import { MadeUpVerifiers } from './scram.ts';
import { Servers, type Chance, type Server } from './servers.ts';
import type { DirectorySettings } from './settings.ts';
import { knowsCertificates } from './sources.ts';
import { shown } from './values.ts';

export interface DirectorySecrets {
  readonly bindPassword: Secret;
  /** Certificates (PEM) of the authorities that sign the servers; without them those of Node.js. */
  readonly ca?: string | Buffer;
}

/** What tests change; the defaults are for everybody else. */
export interface DirectoryTuning extends Partial<Chance> {
  readonly idleMilliseconds?: number;
  /** The time of day, by which accounts expire. */
  readonly clock?: () => Date;
}

type Log = (message: string) => void;

/** The directory behind LDAP servers. Throws an Error for settings that cannot be used; connects when the first login comes. */
export function createLdapDirectory(
  settings: DirectorySettings,
  secrets: DirectorySecrets,
  log: Log = () => undefined,
  tuning: DirectoryTuning = {},
): RememberingDirectory {
  if (secrets.bindPassword.length === 0) throw new Error('directory: the service account has no password');
  return new LdapDirectory(settings, secrets, log, tuning);
}

class LdapDirectory implements RememberingDirectory {
  readonly #settings: DirectorySettings;
  readonly #log: Log;
  readonly #attempts: Attempts;
  readonly #finder: Finder;
  readonly #holders: CertificateHolders;
  readonly #pool: Pool;
  readonly #queue: Queue;
  readonly #reported = new Set<string>();
  readonly #madeUp: MadeUpVerifiers | undefined;
  readonly #clock: () => Date;
  readonly #groups: Groups;
  readonly #lenders: Lenders;
  readonly #appPasswords: AppPasswords;
  readonly #prepare: Prepare;
  readonly #complainOfLimits: (action: () => void) => void;
  #closed = false;

  constructor(settings: DirectorySettings, secrets: DirectorySecrets, log: Log, tuning: DirectoryTuning) {
    this.#settings = settings;
    this.#log = log;
    this.#clock = tuning.clock ?? (() => new Date());
    const chance = { now: tuning.now ?? (() => performance.now()), random: tuning.random ?? Math.random };
    this.#groups = new Groups(settings, chance.now);
    this.#lenders = new Lenders(settings, chance.now, (dn, value) => this.#onBadAddress(dn, value));
    this.#appPasswords = new AppPasswords(settings, (message) => this.#logOnce(message));
    this.#complainOfLimits = oncePerMinute(chance.now);
    this.#prepare = preparationOf(settings.password_preparation);
    const endpoints = settings.urls.map((url) => parseEndpoint(url, settings));
    const servers = new Servers(endpoints, chance, settings.server_order);
    this.#attempts = new Attempts({
      servers,
      milliseconds: settings.operation_timeout_seconds * 1000,
      log,
      now: chance.now,
      clock: this.#clock,
      drop: (server) => this.#pool.drop(server),
    });
    this.#madeUp =
      settings.scram_attribute === ''
        ? undefined
        : secrets.bindPassword.reveal((bytes) => new MadeUpVerifiers(bytes, settings.scram_iterations));
    this.#queue = new Queue(settings.connections, settings.queue);
    this.#pool = new Pool({
      account: new ServiceAccount({
        ...{ bindDn: settings.bind_dn, bindPassword: secrets.bindPassword },
        ...{ now: chance.now, log },
      }),
      trust: trustIn(secrets.ca),
      idleMilliseconds: tuning.idleMilliseconds ?? 60_000,
      connections: settings.connections,
    });
    const alarm = (problem: string) => this.#alarm(problem);
    this.#finder = new Finder(settings, { attempts: this.#attempts, pool: this.#pool, alarm });
    this.#holders = new CertificateHolders(settings, { finder: this.#finder, alarm });
  }

  async verify(login: string, password: Secret): Promise<Verification> {
    if (this.#closed) throw new Unavailable('directory: closed');
    const cause = refusalWithoutAsking(login, password);
    if (cause !== undefined) return refused(cause);
    const prepared = this.#prepare(password);
    if (prepared === undefined) return refused('malformed-password');
    try {
      return await this.#inTime((deadline) => this.#inTurn(login, prepared, deadline));
    } finally {
      if (prepared !== password) prepared.wipe();
    }
  }

  async find(login: string): Promise<Verification> {
    if (this.#closed) throw new Unavailable('directory: closed');
    const cause = refusalOfName(login);
    if (cause !== undefined) return refused(cause);
    return this.#inTime((deadline) =>
      this.#finder.unlessMissing(
        this.#decide(login, deadline, () => Promise.resolve({ proof: 'proven' })),
        refused('no-such-account'),
      ),
    );
  }

  async byCertificate(names: CertificateNames): Promise<Verification> {
    if (this.#closed) throw new Unavailable('directory: closed');
    if (!knowsCertificates(this.#settings)) return refused('no-such-account');
    return this.#inTime(async (deadline) => {
      const holder = await this.#holders.find(names, deadline);
      if ('several' in holder) {
        return { kind: 'refused', cause: 'certificate-ambiguous', detail: holder.several };
      }
      return this.#decideEntry(holder.entry, deadline, () => Promise.resolve({ proof: 'proven' }));
    });
  }

  async verifier(login: string): Promise<Unproven> {
    const madeUp = this.#madeUp;
    // Groups would have to be asked for before anything is proven, and the time of that tells who exists.
    if (this.#closed || !madeUp || this.#groups.matter || this.#lenders.matter) {
      throw new Unavailable('directory: closed, or without scram_attribute, or with groups');
    }
    const unprovable = (cause: Refusal): Unproven => {
      return { verifier: madeUp.of(login), ifProven: refused(cause), otherwise: cause };
    };
    const cause = refusalOfName(login);
    if (cause !== undefined) return unprovable(cause);
    const dn = this.#finder.dnOf(login);
    const entry = await this.#inTime((deadline) =>
      this.#finder.unlessMissing(
        this.#finder.find(login, deadline, verifierAttributes(this.#settings), dn),
        undefined,
      ),
    );
    if (entry === undefined) return unprovable('no-such-account');
    const { scram_attribute: what } = this.#settings;
    const verifier = this.#understood(what, entry, () => verifierOf(entry, this.#settings));
    if (verifier === undefined) return unprovable('no-scram-verifier');
    const state = this.#stateOf(entry);
    const ifProven = state === undefined ? this.#accepted(entry) : refused(state);
    return { verifier, ifProven, otherwise: 'wrong-password' };
  }

  async probe(): Promise<void> {
    if (this.#closed) throw new Unavailable('directory: closed');
    const login = 'gatekeeper-probe';
    await this.#inTime((deadline) =>
      this.#finder.unlessMissing(
        this.#finder.find(login, deadline, accountAttributes(this.#settings), this.#finder.dnOf(login)),
        undefined,
      ),
    );
  }

  /** Ends the wait for `work` at the deadline of a login, and lets it begin nothing more. */
  #inTime<T>(work: (deadline: Deadline) => Promise<T>): Promise<T> {
    const seconds = this.#settings.login_timeout_seconds;
    const late = () => new Unavailable(`directory: a login was not decided within ${seconds} s`);
    return within(seconds * 1000, late, work);
  }

  close(): void {
    this.#closed = true;
    this.#attempts.close();
    this.#pool.close();
  }

  /** Of everybody, whoever is named: which entry somebody means who is not logging in now, only a server can tell. */
  forget(): void {
    this.#groups.lookups.forget();
    this.#lenders.lookups.forget();
  }

  /** A place is held until the work is done, even if its login was given up: so many connections there are, and no more. */
  #inTurn(login: string, password: Secret, deadline: Deadline): Promise<Verification> {
    const prove: Prove = async (dn, appPasswords) => {
      const credential = await credentialOf(appPasswords, password, deadline);
      if (credential) return { proof: 'proven', credential };
      const bind: Operation<Proof> = (server, time) => this.#pool.bind(server, dn, password, time);
      const cause = this.#appPasswords.refusalOfOther(appPasswords);
      return { proof: cause ?? (await this.#attempts.make(deadline, bind)) };
    };
    // Whoever waits would hear the same silence, only later.
    const isForAll = (error: unknown) => this.#attempts.isSilence(error);
    return this.#queue.inTurn(deadline, () => this.#decide(login, deadline, prove), isForAll);
  }

  /** A failed bind counts against the account: where there are application passwords, the entry that has them is read first. */
  async #decide(login: string, deadline: Deadline, prove: Prove): Promise<Verification> {
    const dn = this.#finder.dnOf(login);
    const attributes = loginAttributes(this.#settings);
    if (dn === undefined || this.#appPasswords.matter) {
      const search = this.#finder.find(login, deadline, attributes, dn);
      return this.#decideEntry(await this.#finder.unlessMissing(search, undefined), deadline, prove);
    }
    const before = await prove(dn, []);
    if (before.proof !== 'proven') return refused(before.proof);
    // Of the very entry that was bound: a filter might find another one.
    const entry = await this.#finder.find(login, deadline, attributes, dn);
    return this.#decideEntry(entry, deadline, () => Promise.resolve(before));
  }

  async #decideEntry(entry: Entry | undefined, deadline: Deadline, prove: Prove): Promise<Verification> {
    if (entry === undefined) return refused('no-such-account');
    const appPasswords = this.#appPasswords.of(entry);
    const { proof, credential } = await prove(entry.dn, appPasswords);
    const cause = proof === 'proven' ? this.#stateOf(entry) : this.#causeOf(proof, entry);
    if (cause !== undefined) return refused(cause, credential?.name);
    return this.#ofGroups(entry, deadline, {
      ...(credential && { credential }),
      ...(this.#appPasswords.matter && { credentials: appPasswords.map((each) => each.credential) }),
    });
  }

  /** Only for whoever is proven: the groups of others are asked for nobody. */
  async #ofGroups(entry: Entry, deadline: Deadline, more: Partial<Account>): Promise<Verification> {
    if (!this.#groups.matter) return this.#withLent(entry, deadline, more);
    const groups = await this.#lookedUp(this.#groups.lookups, entry, deadline);
    const cause = refusalOfGroups(groups, this.#settings);
    return cause === undefined
      ? this.#withLent(entry, deadline, { ...more, groups })
      : refused(cause, more.credential?.name);
  }

  async #withLent(entry: Entry, deadline: Deadline, more: Partial<Account>): Promise<Verification> {
    if (!this.#lenders.matter) return this.#accepted(entry, more);
    return this.#accepted(entry, more, await this.#lookedUp(this.#lenders.lookups, entry, deadline));
  }

  #lookedUp<T extends object>(lookups: Lookups<T>, entry: Entry, deadline: Deadline): T | Promise<T> {
    const ask = (server: Server) =>
      lookups.lookUp(entry, (request) => this.#pool.search(server, request, this.#attempts.timeIn(deadline)));
    return lookups.known(entry.dn) ?? this.#attempts.make(deadline, ask);
  }

  #accepted(entry: Entry, more: Partial<Account> = {}, lent?: Lent): Verification {
    return { kind: 'account', account: { ...this.#accountOf(entry, lent), ...more } };
  }

  /** 389 DS calls locked what an administrator has disabled. */
  #causeOf(refusal: Refusal, entry: Entry): Refusal {
    return refusal === 'account-locked' ? (this.#stateOf(entry) ?? refusal) : refusal;
  }

  /** Why an account may not log in, whose password was right. */
  #stateOf(entry: Entry): Refusal | undefined {
    return this.#understood('the state', entry, () => refusalOfEntry(entry, this.#settings, this.#clock()));
  }

  /** What cannot be read is neither yes nor no. */
  #understood<T>(what: string, { dn }: Entry, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#alarm(`${shown(dn)}: ${what} is not clear: ${messageOf(error)}`);
    }
  }

  #accountOf(entry: Entry, lent?: Lent): Account {
    const who = shown(entry.dn);
    return accountOf(
      entry,
      this.#settings,
      {
        onBadAddress: (value) => this.#onBadAddress(entry.dn, value),
        onBadRight: (attribute, value) => {
          const what = JSON.stringify(shown(value));
          this.#logOnce(`directory: ${who}: ${attribute}: ${what} cannot be read and gives no right`);
        },
        onBadLimits: (problems) => {
          const what = `${this.#settings.limits_attribute}: ${problems.join(', ')}`;
          this.#complainOfLimits(() => this.#log(`directory: ${who}: ${what}; the default stays in force`));
        },
      },
      lent,
    );
  }

  #onBadAddress(dn: string, value: string): void {
    const what = JSON.stringify(shown(value));
    this.#logOnce(`${shown(dn)}: ${what} is no address and gives no right to send`);
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
