import { ProtocolError, readHeader, tags } from './ber.ts';

/** Cuts the bytes of one connection into messages; it never holds more than one message and one chunk. */
export class Inbox {
  #unread: Buffer = Buffer.alloc(0);
  #message: Buffer | undefined;
  #filled = 0;

  get empty(): boolean {
    return this.#unread.length === 0 && this.#message === undefined;
  }

  /** Takes in what arrived; call `next` until it has nothing more. */
  push(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
  }

  /** The next complete message; one that announces more than `limit` octets is refused before it is stored. */
  next(limit: number): Buffer | undefined {
    this.#message ??= this.#begin(limit);
    if (this.#message === undefined) return undefined;
    const copied = this.#unread.copy(this.#message, this.#filled);
    this.#unread = this.#unread.subarray(copied);
    this.#filled += copied;
    if (this.#filled < this.#message.length) return undefined;
    const complete = this.#message;
    this.#message = undefined;
    this.#filled = 0;
    return complete;
  }

  #begin(limit: number): Buffer | undefined {
    if (this.#unread.length > 0 && this.#unread[0] !== tags.sequence) {
      throw new ProtocolError('bytes that are no LDAP message');
    }
    const header = readHeader(this.#unread, 0);
    if (header === undefined) return undefined;
    const size = header.start + header.length;
    if (size > limit) throw new ProtocolError(`a message of ${size} octets, the limit is ${limit}`);
    return Buffer.allocUnsafe(size);
  }
}
