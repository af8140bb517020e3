import type { Secret } from '../secret.ts';
import type { Connection } from './connection.ts';
import { Unavailable } from './directory.ts';
import { nameOfResult, resultCode, type Result } from './messages.ts';
import type { OperationTime } from './operation.ts';
import { proofOf } from './proof.ts';
import type { Server } from './servers.ts';

/** The server does not take the name or the password of the account that searches. */
export class ServiceRefused extends Unavailable {
  /** When it is asked again, by the clock of the directory. */
  readonly until: number;

  constructor(message: string, until: number) {
    super(message);
    this.until = until;
  }
}

/**
 * How long a server that refused the account is not asked again, in milliseconds: after the first time, and after each further
 * one. A policy that locks after five failures in 30 minutes sees four, however long a wrong password stays.
 */
const pauses = { first: 60_000, further: 10 * 60_000 } as const;

/** Answers that are about the account, and the same again until somebody mends something; each try may count against it. */
const refusals: readonly number[] = [
  resultCode.constraintViolation,
  resultCode.inappropriateAuthentication,
  resultCode.insufficientAccessRights,
  resultCode.unwillingToPerform,
];

export interface ServiceAccountOptions {
  readonly bindDn: string;
  readonly bindPassword: Secret;
  /** A clock in milliseconds that only moves forward. */
  readonly now: () => number;
  readonly log: (message: string) => void;
}

/** The account that searches, with one password: which servers refused it, and when they are asked again. */
export class ServiceAccount {
  readonly #options: ServiceAccountOptions;
  readonly #refused = new Map<Server, { readonly message: string; readonly times: number }>();

  constructor(options: ServiceAccountOptions) {
    this.#options = options;
  }

  /** Throws what the server said of the account, while it is not to be asked again. */
  check(server: Server): void {
    const before = this.#refused.get(server);
    if (before && this.#options.now() < server.refusedUntil) {
      throw new ServiceRefused(before.message, server.refusedUntil);
    }
  }

  /** Makes the connection one of the account; rejects with Unavailable, and closes it then. */
  async bind(connection: Connection, server: Server, time: OperationTime): Promise<void> {
    const { bindDn, bindPassword, log } = this.#options;
    const result = await connection.bind(bindDn, bindPassword, time);
    if (proofOf(result) === 'proven') {
      if (this.#refused.delete(server)) log(`${server.url}: the server accepts the service account again`);
      return;
    }
    connection.close();
    const message = `${server.url}: the server refused the service account ${bindDn}: ${reasonOf(result)}`;
    throw isRefusal(result) ? this.#remembered(server, message) : new Unavailable(message);
  }

  #remembered(server: Server, message: string): ServiceRefused {
    const times = (this.#refused.get(server)?.times ?? 0) + 1;
    this.#refused.set(server, { message, times });
    server.refusedUntil = this.#options.now() + (times === 1 ? pauses.first : pauses.further);
    return new ServiceRefused(message, server.refusedUntil);
  }
}

function isRefusal(result: Result): boolean {
  return proofOf(result) !== undefined || refusals.includes(result.code);
}

function reasonOf(result: Result): string {
  const [name, proof] = [nameOfResult(result.code), proofOf(result)];
  return proof === undefined || proof === 'wrong-password' ? name : `${name}, ${proof}`;
}
