/** The peer broke the protocol: nothing more that it says on this connection can be believed. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** An encoding in pieces, joined once at the end: a password in it is copied once and can be overwritten. */
export type Chunks = readonly Uint8Array[];

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One element: tag, definite length (RFC 4511 §5.1), content. */
export function tlv(tag: number, ...content: readonly Chunks[]): Chunks {
  const pieces = content.flat();
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [encodeHeader(tag, length), ...pieces];
}

export function octets(value: string | Uint8Array, tag: number = tags.octets): Chunks {
  return tlv(tag, [typeof value === 'string' ? Buffer.from(value, 'utf8') : value]);
}

export function boolean(value: boolean, tag: number = tags.boolean): Chunks {
  return tlv(tag, [Buffer.from([value ? 0xff : 0])]);
}

/** A number from 0 to 2³¹-1: LDAP has no others (RFC 4511 §4.1.1). */
export function integer(value: number, tag: number = tags.integer): Chunks {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  let start = 0;
  while (start < 3 && bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) start += 1;
  return tlv(tag, [bytes.subarray(start)]);
}

function encodeHeader(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([tag, length]);
  const bytes = Buffer.from([tag, 0x84, 0, 0, 0, 0]);
  bytes.writeUInt32BE(length, 2);
  return bytes;
}

/** Where the content of an element starts, and how long it claims to be. */
export interface Header {
  readonly tag: number;
  readonly start: number;
  readonly length: number;
}

/** Reads a header at `at`; `undefined` when it is not complete. Long lengths are legal: Active Directory sends 84 00 00 00 10. */
export function readHeader(bytes: Buffer, at: number): Header | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag !== undefined && (tag & 0x1f) === 0x1f) throw new ProtocolError('a tag of several octets');
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, start: at + 2, length: first };
  const size = first - 0x80;
  if (size === 0) throw new ProtocolError('an indefinite length');
  if (size > 4) throw new ProtocolError('a length of more than four octets');
  const start = at + 2 + size;
  if (start > bytes.length) return undefined;
  return { tag, start, length: bytes.readUIntBE(at + 2, size) };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Walks over the elements inside one element; every length must fit exactly into the one around it. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next element, without reading it. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The content of the next element, which must have this tag. */
  content(tag: number): Buffer {
    const header = readHeader(this.#bytes, this.#at);
    if (header === undefined) throw new ProtocolError('an element is missing or cut short');
    if (header.tag !== tag) {
      throw new ProtocolError(`tag 0x${header.tag.toString(16)} where 0x${tag.toString(16)} belongs`);
    }
    const end = header.start + header.length;
    if (end > this.#bytes.length) throw new ProtocolError('an element is longer than the one around it');
    this.#at = end;
    return this.#bytes.subarray(header.start, end);
  }

  /** The next element with its tag and length, as it is encoded; it must have this tag. */
  element(tag: number): Buffer {
    const start = this.#at;
    this.content(tag);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Reads the elements inside the next element with `read`, which must consume all of them. */
  inside<T>(tag: number, read: (inner: Reader) => T): T {
    const inner = new Reader(this.content(tag));
    const value = read(inner);
    inner.end();
    return value;
  }

  /** Reads as many elements as there are left. */
  all<T>(read: (reader: Reader) => T): T[] {
    const values: T[] = [];
    while (!this.atEnd) values.push(read(this));
    return values;
  }

  optional(tag: number): Buffer | undefined {
    return this.nextTag === tag ? this.content(tag) : undefined;
  }

  /** A number from 0 to 2³¹-1 in at most four octets. */
  number(tag: number): number {
    const content = this.content(tag);
    if (content.length < 1 || content.length > 4)
      throw new ProtocolError('a number of no or too many octets');
    const value = content.readIntBE(0, content.length);
    if (value < 0) throw new ProtocolError('a negative number');
    return value;
  }

  /** Text that must be valid UTF-8, so that it goes back to the server as the octets that it came in. */
  text(tag: number = tags.octets): string {
    try {
      return utf8.decode(this.content(tag));
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      throw new ProtocolError('text that is not UTF-8', { cause: error });
    }
  }

  end(): void {
    if (!this.atEnd) throw new ProtocolError('an element is shorter than the one around it');
  }
}
