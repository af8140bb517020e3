import { inspect } from 'node:util';

/** A password in memory: it refuses to print, and `wipe` overwrites its bytes once they were used. */
export class Secret {
  readonly #bytes: Buffer;

  /** Takes over `bytes` without a copy, so that no second one stays behind. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  static fromText(text: string): Secret {
    return new Secret(Buffer.from(text, 'utf8'));
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Lends the bytes for the duration of one call: the only way to read them. */
  reveal<T>(use: (bytes: Buffer) => T): T {
    return use(this.#bytes);
  }

  wipe(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
