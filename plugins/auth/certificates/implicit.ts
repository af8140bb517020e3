import { LRUCache } from 'lru-cache';
import type { ClientChain } from '../../core/certificate/chain.ts';
import { Unavailable, type Verification } from '../../core/directory/directory.ts';
import { answerHook, type Refusal } from '../../core/haraka/answer.ts';
import { bear, type Bearing } from '../../core/haraka/bearing.ts';
import { addHook } from '../../core/haraka/hook.ts';
import { judge } from '../../core/haraka/outcome.ts';
import { ownChain } from '../../core/haraka/own-certificate.ts';
import { isGone, loginOf, madeInSession, sessionFacts } from '../../core/haraka/session.ts';
import { judgeLogin } from '../../core/haraka/checks/login.ts';
import { settingsFor, transactionRecord } from '../../core/haraka/transaction.ts';
import type { Connection, Next, Plugin, Transaction } from '../../core/haraka/types.ts';
import { identityOfAccount, type Identity } from '../../core/identity.ts';
import { mailServerOf } from '../../core/registrations.ts';
import type { Policy } from '../../core/settings/settings.ts';
import { defer, ownFault, skip, type Verdict } from '../../core/verdict.ts';
import { decidePlace } from '../decide.ts';
import { causeInWords } from '../renewal/decide.ts';
import type { Seats } from '../seats.ts';
import type { Holders } from './holders.ts';

const check = { name: 'auth/certificate' } as const;

const mostKnown = 1000;

/** Who shows the certificate of an account is that account without AUTH, by `certificates.implicit`: for one message at a time. */
export class Implicit {
  readonly #plugin: Plugin;
  readonly #holders: Holders;
  readonly #seats: Seats;
  /** Certificates that were those of accounts before. */
  readonly #known = new LRUCache<string, true>({ max: mostKnown });

  constructor(plugin: Plugin, holders: Holders, seats: Seats) {
    this.#plugin = plugin;
    this.#holders = holders;
    this.#seats = seats;
  }

  /** Looks before any check at MAIL does. */
  install(): void {
    const atMail = (next: Next, connection: Connection) => {
      const chain = this.#chainOf(connection);
      const { transaction } = connection;
      if (!chain || !transaction) next();
      else void this.#atMail(connection, transaction, chain, next);
    };
    addHook(this.#plugin, 'mail', 'gatekeeper_certificate', atMail, -105);
  }

  /** Whether the certificate of a client is yet to be looked at: until then nobody knows whether it is a stranger. */
  isOpen(connection: Connection): boolean {
    return this.#chainOf(connection) !== undefined;
  }

  /** Whoever has logged in is who he said then. */
  #chainOf(connection: Connection): ClientChain | undefined {
    const { implicit } = settingsFor(connection).policy.certificates;
    return implicit === 'none' || loginOf(connection) ? undefined : ownChain(connection);
  }

  /** Never rejects: a rejection would end the process with all its sessions. */
  async #atMail(
    connection: Connection,
    transaction: Transaction,
    chain: ClientChain,
    next: Next,
  ): Promise<void> {
    const started = performance.now();
    let refusal: Refusal | undefined;
    try {
      const bearing = await this.#bearing(connection, chain);
      // The client is gone, or has begun another message.
      if (isGone(connection) || connection.transaction !== transaction) return;
      bear(connection, bearing);
      refusal = await this.#conclude(connection, bearing, chain, started);
    } catch (error) {
      refusal = this.#judge(connection, ownFault(error), started);
    }
    if (connection.transaction !== transaction) return;
    if (refusal) answerHook(next, refusal);
    else next();
  }

  async #bearing(connection: Connection, chain: ClientChain): Promise<Bearing> {
    const { policy } = settingsFor(connection);
    try {
      const found = await this.#holders.find(chain, policy);
      return bearingIn(found, connection.remote.ip, policy);
    } catch (error) {
      if (error instanceof Unavailable) return { kind: 'unknown', because: error.message };
      throw error;
    }
  }

  /** A refusal, where the client must not go on. */
  async #conclude(
    connection: Connection,
    bearing: Bearing,
    chain: ClientChain,
    started: number,
  ): Promise<Refusal | undefined> {
    if (bearing.kind === 'account') {
      const { identity } = bearing;
      this.#known.set(chain.leaf.fingerprint256, true);
      return (await this.#judgeLogin(connection, identity)) ?? this.#seat(connection, identity);
    }
    this.#seats.leave(connection);
    if (bearing.kind === 'unknown' && this.#hasToWait(connection, chain)) {
      return this.#judge(connection, defer('account-unconfirmed', bearing.because), started);
    }
    const told = madeInSession(connection);
    if (told.get(check.name) === bearing.because) return undefined;
    told.set(check.name, bearing.because);
    return this.#judge(connection, skip(`its certificate is nobody's here: ${bearing.because}`), started);
  }

  /** As after AUTH, and for each message: there is no login that would last. */
  async #judgeLogin(connection: Connection, identity: Identity): Promise<Refusal | undefined> {
    const { refusal, clearances } = await judgeLogin(connection, { identity });
    const record = transactionRecord(connection);
    for (const [name, clearance] of clearances ?? []) record?.clearances.set(name, clearance);
    return refusal;
  }

  /** A session keeps its seat from one message to the next: nobody who comes in between may take it. */
  async #seat(connection: Connection, identity: Identity): Promise<Refusal | undefined> {
    if (!this.#seats.concern(connection, identity) || this.#seats.has(connection, identity)) return undefined;
    const refusal = await this.#seats.take(connection, identity);
    if (isGone(connection)) this.#seats.leave(connection);
    return refusal;
  }

  /**
   * Mail of strangers must go on while the directory is down, and that of our own servers must not be refused for good meanwhile:
   * on a port for other servers those wait whose certificate our authorities stand by, or was that of an account before. Whoever
   * else turns out to relay hears then that he has to come again.
   */
  #hasToWait(connection: Connection, chain: ClientChain): boolean {
    const { policy } = settingsFor(connection);
    if (sessionFacts(connection, policy).listener.role === 'submission') return true;
    return this.#known.has(chain.leaf.fingerprint256) || this.#holders.isVouchedFor(chain, policy);
  }

  #judge(connection: Connection, verdict: Verdict, started: number): Refusal | undefined {
    const settings = settingsFor(connection);
    const { transaction } = connection;
    return judge({
      ...{ check, plugin: this.#plugin, connection, verdict, started, settings },
      ...(transaction && { transaction }),
    }).refusal;
  }
}

/** Suspended ones hear of that from outbound/suspended: it is trouble, and no decision. */
function bearingIn(found: Verification, client: string, policy: Policy): Bearing {
  const now = new Date();
  const placed = decidePlace(found, client, policy, now, () => false);
  if (placed.kind === 'refused') return { kind: 'nobody', because: causeInWords(placed) };
  const { account } = placed;
  if (policy.certificates.implicit === 'mail_servers' && !mailServerOf(account, policy, now)) {
    return { kind: 'nobody', because: `its account, ${account.name}, is none of mail_servers` };
  }
  return { kind: 'account', identity: identityOfAccount(account) };
}
