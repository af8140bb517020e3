import type { Socket } from 'node:net';
import type { Secret } from '../secret.ts';
import { ConnectionLost, type Connection, type SearchAnswer } from './connection.ts';
import { dial, type DialOptions } from './dial.ts';
import { Unavailable } from './directory.ts';
import { nameOfResult, resultCode, textOfResult, type Result, type SearchRequest } from './messages.ts';
import type { OperationTime } from './operation.ts';
import { proofOf, type Proof } from './proof.ts';
import type { ServiceAccount } from './service-account.ts';
import type { Server } from './servers.ts';
import { shown } from './values.ts';

/** The server answered, but with neither yes nor no. */
export class UnhelpfulAnswer extends Unavailable {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** Of the answers that are neither yes nor no only these two speak of the server and not of one account. */
export function isFaultOfServer(error: unknown): error is Unavailable {
  if (!(error instanceof UnhelpfulAnswer)) return error instanceof Unavailable;
  return error.code === resultCode.busy || error.code === resultCode.unavailable;
}

/** The entry that was named is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof UnhelpfulAnswer && error.code === resultCode.noSuchObject;
}

export interface PoolOptions extends Omit<DialOptions, 'onSocket' | 'time'> {
  /** It searches. */
  readonly account: ServiceAccount;
  /** Most connections for binds, idle ones included. */
  readonly connections: number;
}

/** The open connections: one per server for searches, shared, and one for each bind in flight, kept for the next. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #sockets = new Set<Socket>();
  readonly #searchers = new Map<Server, Promise<Connection>>();
  #idle: { readonly server: Server; readonly connection: Connection }[] = [];
  #binding = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What the password shows. Once the login is over the password may be overwritten, and is not sent any more. */
  async bind(server: Server, dn: string, password: Secret, time: OperationTime): Promise<Proof> {
    const onFresh = async (): Promise<Proof> => {
      return this.#bindOn(await this.#dial(server, time), server, dn, password, time);
    };
    this.#binding += 1;
    try {
      const idle = this.#takeIdle(server);
      if (idle === undefined) return await onFresh();
      return await unlessLost(this.#bindOn(idle, server, dn, password, time), onFresh);
    } finally {
      this.#binding -= 1;
    }
  }

  /** Searches as the service account. */
  async search(server: Server, request: SearchRequest, time: OperationTime): Promise<SearchAnswer> {
    const isKnown = this.#searchers.has(server);
    const search = this.#searchOn(server, request, time);
    return isKnown ? unlessLost(search, () => this.#searchOn(server, request, time)) : search;
  }

  /** Forgets the connections of a server that failed; requests in flight on them may still be answered. */
  drop(server: Server): void {
    for (const idle of this.#idle) if (idle.server === server) idle.connection.close();
    this.#searchers.get(server)?.then(closeConnection, ignore);
  }

  /** Ends everything at once, also what is still being opened. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #bindOn(
    connection: Connection,
    server: Server,
    dn: string,
    password: Secret,
    time: OperationTime,
  ): Promise<Proof> {
    if (time.login.aborted) this.#keep(connection, server);
    time.login.throwIfAborted();
    const result = await connection.bind(dn, password, time);
    const proof = proofOf(result);
    if (proof !== undefined) {
      this.#keep(connection, server);
      return proof;
    }
    connection.close();
    throw new UnhelpfulAnswer(
      `${server.url}: the server could not check a password: ${nameOfResult(result.code)}`,
      result.code,
    );
  }

  #keep(connection: Connection, server: Server): void {
    if (connection.ended) return;
    connection.onEnd = () => {
      this.#idle = this.#idle.filter((idle) => idle.connection !== connection);
    };
    this.#idle.push({ server, connection });
  }

  /** The one used last, so that the others grow old and close. Where there are no more to be had, one to another server makes room. */
  #takeIdle(server: Server): Connection | undefined {
    const found = this.#idle.findLastIndex((idle) => idle.server === server);
    if (found === -1) {
      if (this.#idle.length + this.#binding > this.#options.connections) this.#idle[0]?.connection.close();
      return undefined;
    }
    return this.#idle.splice(found, 1)[0]?.connection;
  }

  async #searchOn(server: Server, request: SearchRequest, time: OperationTime): Promise<SearchAnswer> {
    const connection = await this.#searcher(server, time);
    const answer = await connection.search(request, time);
    const { code } = answer.result;
    if (code === resultCode.success || code === resultCode.sizeLimitExceeded) return answer;
    connection.close();
    throw new UnhelpfulAnswer(`${server.url}: ${failureOf(answer.result, request)}`, code);
  }

  /** Opened once for all who wait for it, in the time of the first, which ends before theirs. */
  #searcher(server: Server, time: OperationTime): Promise<Connection> {
    const known = this.#searchers.get(server);
    if (known !== undefined) return known;
    const forget = (): void => {
      if (this.#searchers.get(server) === opening) this.#searchers.delete(server);
    };
    const opening = this.#openSearcher(server, forget, time);
    this.#searchers.set(server, opening);
    opening.catch(forget);
    return opening;
  }

  async #openSearcher(server: Server, onEnd: () => void, time: OperationTime): Promise<Connection> {
    const { account } = this.#options;
    account.check(server);
    const connection = await this.#dial(server, time);
    connection.onEnd = onEnd;
    await account.bind(connection, server, time);
    return connection;
  }

  #dial(server: Server, time: OperationTime): Promise<Connection> {
    if (this.#closed) throw new Unavailable('directory: closed');
    const onSocket = (socket: Socket): void => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    };
    return dial(server, { ...this.#options, time, onSocket });
  }
}

/** A base that is misspelled, and one that the account may not see, are answered alike: only its name and where it is from help. */
function failureOf(result: Result, { base, setting }: SearchRequest): string {
  const what = `the search failed: ${textOfResult(result)}; searched: "${shown(base)}" (${setting})`;
  return result.matched === '' ? what : `${what}, of which there is "${result.matched}"`;
}

/** A server may close an idle connection at any time, and we may learn of it only when we use it. */
async function unlessLost<T>(answer: Promise<T>, again: () => Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ConnectionLost) return again();
    throw error;
  }
}

function closeConnection(connection: Connection): void {
  connection.close();
}

function ignore(): void {
  // Whoever waits for that connection is told why it failed.
}
