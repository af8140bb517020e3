import type { Socket } from 'node:net';
import type { Secret } from '../secret.ts';
import { ProtocolError } from './ber.ts';
import { Unavailable } from './directory.ts';
import { Inbox } from './framing.ts';
import {
  decodeMessage,
  encodeBind,
  encodeSearch,
  encodeStartTls,
  encodeUnbind,
  type Entry,
  type Response,
  type Result,
  type SearchRequest,
} from './messages.ts';
import type { OperationTime } from './operation.ts';

/** The connection ended, as an idle one may at any time, and not by anybody's fault: a fresh one may still do. */
export class ConnectionLost extends Unavailable {}

/** The server said nothing for as long as it may. */
export class NoAnswer extends Unavailable {}

export interface SearchAnswer {
  readonly entries: readonly Entry[];
  readonly result: Result;
}

/** Largest answers that are believed, in octets; for a search, of all its messages together. */
const limits = { result: 64 * 1024, search: 1024 * 1024 } as const;

/** RFC 4511 §4.1.1.1. */
const largestMessageId = 0x7fff_ffff;

interface Request<T> {
  readonly what: string;
  readonly limit: number;
  readonly encode: (id: number) => Buffer;
  /** Gives the answer with its last message, `undefined` before; throws ProtocolError for what does not belong here. */
  readonly accept: (response: Response) => T | undefined;
}

interface Pending {
  readonly limit: number;
  readonly timer: NodeJS.Timeout;
  received: number;
  /** Whether this was the last message of the answer. */
  readonly deliver: (response: Response) => boolean;
  readonly reject: (reason: Unavailable) => void;
}

/** Requests and answers over one socket; whatever breaks the protocol or a deadline ends it for good. */
export class Connection {
  readonly #url: string;
  readonly #socket: Socket;
  readonly #inbox = new Inbox();
  readonly #pending = new Map<number, Pending>();
  readonly #onData = (chunk: Buffer): void => {
    this.#receive(chunk);
  };
  #lastId = 0;
  #ended: Unavailable | undefined;
  /** Called once, before any request is rejected, when the connection takes no more requests. */
  onEnd: () => void = () => undefined;

  /** `idleMilliseconds` without traffic close it, so that the server does not have to. */
  constructor(url: string, socket: Socket, idleMilliseconds: number) {
    this.#url = url;
    this.#socket = socket;
    socket.on('data', this.#onData);
    const onClosed = (): void => {
      this.#lose('the server closed the connection');
    };
    socket.on('error', (error) => {
      this.#lose(error.message);
    });
    socket.on('end', onClosed).on('close', onClosed);
    socket.setTimeout(idleMilliseconds, () => {
      if (this.#pending.size === 0) this.close();
    });
    // While a request is under way its timer keeps the process alive; an idle connection does not.
    socket.unref();
    if (socket.destroyed) onClosed();
  }

  /** Whether it takes no more requests. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** A simple bind. It needs the connection for itself: servers drop answers when binds overlap with anything. */
  bind(dn: string, password: Secret, time: OperationTime): Promise<Result> {
    // RFC 4513 §5.1.1 and §5.1.2: without name or password a bind succeeds and proves nothing.
    if (dn === '' || password.length === 0) throw new Error('a bind needs a name and a password');
    if (this.#pending.size > 0) throw new Error('a bind while another request is in flight');
    const encode = (id: number): Buffer => encodeBind(id, dn, password);
    const accept = (response: Response): Result => resultOf(response, 'bind');
    return this.#request({ what: 'bind', limit: limits.result, encode, accept }, time);
  }

  search(search: SearchRequest, time: OperationTime): Promise<SearchAnswer> {
    const entries: Entry[] = [];
    const encode = (id: number): Buffer => encodeSearch(id, search);
    const accept = (response: Response): SearchAnswer | undefined => {
      // RFC 4511 §4.5.3: a reference points to other servers, which we were not told to trust.
      if (response.kind === 'search-reference') return undefined;
      if (response.kind !== 'search-entry') return { entries, result: resultOf(response, 'search-done') };
      if (entries.push(response.entry) > search.sizeLimit)
        throw new ProtocolError('more entries than were asked for');
      return undefined;
    };
    return this.#request({ what: 'search', limit: limits.search, encode, accept }, time);
  }

  startTls(time: OperationTime): Promise<Result> {
    const accept = (response: Response): Result => resultOf(response, 'extended');
    return this.#request({ what: 'StartTLS', limit: limits.result, encode: encodeStartTls, accept }, time);
  }

  /** Gives the socket away for the TLS handshake; throws when the server said anything after its answer to StartTLS. */
  detach(): Socket {
    if (this.#ended !== undefined) throw this.#ended;
    this.#socket.off('data', this.#onData);
    this.#socket.setTimeout(0);
    this.#end(new Unavailable(`${this.#url}: the connection has become another one`));
    return this.#socket;
  }

  /** Takes no more requests, and says goodbye when those in flight are answered. */
  close(): void {
    this.#end(new ConnectionLost(`${this.#url}: the connection is closed`));
    if (this.#pending.size > 0 || !this.#socket.writable) return;
    this.#socket.end(encodeUnbind(this.#nextId()), () => this.#socket.destroy());
  }

  #request<T>(request: Request<T>, time: OperationTime): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#nextId();
    const late = `no answer to the ${request.what} request within ${time.text}`;
    // Not before what came meanwhile was read: this process may have been held up itself.
    const timer = setTimeout(() => setImmediate(() => this.#giveUp(id, late)), time.left);
    return new Promise((resolve, reject) => {
      const deliver = (response: Response): boolean => {
        const answer = request.accept(response);
        if (answer !== undefined) resolve(answer);
        return answer !== undefined;
      };
      this.#pending.set(id, { limit: request.limit, timer, received: 0, deliver, reject });
      this.#send(request.encode(id));
    });
  }

  /** The bytes may hold a password: they are overwritten as soon as the socket has passed them on. */
  #send(bytes: Buffer): void {
    this.#socket.write(bytes, () => bytes.fill(0));
  }

  #receive(chunk: Buffer): void {
    try {
      this.#inbox.push(chunk);
      const limit = Math.max(limits.result, ...[...this.#pending.values()].map((pending) => pending.limit));
      for (let message = this.#inbox.next(limit); message !== undefined; message = this.#inbox.next(limit)) {
        this.#dispatch(message);
      }
      if (this.#pending.size === 0 && !this.#inbox.empty)
        throw new ProtocolError('bytes that nobody asked for');
    } catch (error) {
      const what = error instanceof Error ? error.message : 'what it may not';
      this.#fail(
        error instanceof Unavailable ? error : new Unavailable(`${this.#url}: the server sent ${what}`),
      );
    }
  }

  #dispatch(bytes: Buffer): void {
    const { id, response } = decodeMessage(bytes);
    // RFC 4511 §4.4.1: the only message that nobody asks for is the notice of disconnection.
    if (id === 0)
      throw new ConnectionLost(`${this.#url}: the server announced that it closes the connection`);
    const pending = this.#pending.get(id);
    if (pending === undefined) throw new ProtocolError('an answer that nobody asked for');
    pending.received += bytes.length;
    if (pending.received > pending.limit)
      throw new ProtocolError(`an answer of more than ${pending.limit} octets`);
    if (pending.deliver(response)) this.#settle(id, pending);
  }

  #settle(id: number, pending: Pending): void {
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    if (this.#pending.size === 0 && this.#ended !== undefined) this.close();
  }

  /** One request had no answer; the others have lost their connection, and may ask again on another one. */
  #giveUp(id: number, late: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.reject(new NoAnswer(`${this.#url}: ${late}`));
    this.#lose(late);
  }

  #lose(what: string): void {
    this.#fail(new ConnectionLost(`${this.#url}: ${what}`));
  }

  #fail(reason: Unavailable): void {
    this.#end(reason);
    this.#socket.destroy();
    for (const { timer, reject } of this.#pending.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#pending.clear();
  }

  #end(reason: Unavailable): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.onEnd();
  }

  #nextId(): number {
    this.#lastId = (this.#lastId % largestMessageId) + 1;
    return this.#lastId;
  }
}

function resultOf(response: Response, kind: 'bind' | 'extended' | 'search-done'): Result {
  if (response.kind === kind) return response.result;
  throw new ProtocolError(`an answer of kind ${response.kind} where ${kind} belongs`);
}
