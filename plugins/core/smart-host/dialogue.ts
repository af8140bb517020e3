import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { within } from '../deadline.ts';
import { messageOf } from '../message-of.ts';

/** RFC 5321 §4.5.3.1.5 has 512 octets for a line, and nothing has so many extensions. */
const most = { octets: 4096, lines: 100, shown: 200 } as const;

/** So long it may take for goodbye. */
const farewellMs = 1000;

/** A reply (RFC 5321 §4.2). */
export interface Reply {
  readonly code: string;
  /** As they came, without their ends. */
  readonly lines: readonly string[];
}

/** What may be shown of a line. */
export type Shown = (line: string) => string;

/** The client of an SMTP server that is not trusted: whatever breaks the rules ends it. Whoever waits has a deadline of their own. */
export class Dialogue {
  #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #ended: Error | undefined;
  #awaited = 'connection';

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#listen();
  }

  /** What has not come yet. */
  get awaited(): string {
    return this.#awaited;
  }

  /** Says a line, and hears what follows from it. */
  command(line: string, name: string, shown?: Shown): Promise<Reply> {
    this.#socket.write(`${line}\r\n`);
    return this.reply(`answer to ${name}`, shown);
  }

  /** The next reply of the server; rejects for what is none. */
  async reply(awaited: string, shown: Shown = (line) => line): Promise<Reply> {
    if (!this.#socket.connecting) this.#awaited = awaited;
    else this.#socket.once('connect', () => (this.#awaited = awaited));
    const lines: string[] = [];
    for (;;) {
      const line = await this.#line();
      const [, code = '', mark = ''] = /^([2-5]\d\d)([ -]|$)/.exec(line) ?? [];
      // RFC 5321 §4.2.1: all lines of a reply have the same code.
      if (code === '' || !(lines[0] ?? line).startsWith(code)) {
        throw new Error(`${quoted(line, shown)} is no reply`);
      }
      lines.push(line);
      if (mark !== '-') return { code, lines };
      if (lines.length >= most.lines) throw new Error(`a reply has more than ${most.lines} lines`);
    }
  }

  /** Goes on in TLS, which is verified unless the options say otherwise, and tells which version. */
  async secure(options: ConnectionOptions): Promise<string> {
    this.#awaited = 'end of the TLS handshake';
    // RFC 3207 §6: whoever is in between could have said it, and it would be taken for what the server says in TLS.
    if (this.#unread.length > 0) throw new Error('says something in clear where TLS begins');
    this.#socket.off('data', this.#take);
    const secured = connectTls({ ...options, socket: this.#socket });
    this.#socket = secured;
    const state = { isSecured: false };
    secured.once('secureConnect', () => {
      state.isSecured = true;
      this.#wake();
    });
    this.#listen();
    while (!state.isSecured && !this.#ended) await this.#news();
    if (this.#ended) throw new Error(`TLS fails: ${this.#ended.message}`);
    if (options.rejectUnauthorized !== false && !secured.authorized) throw new Error('TLS is not verified');
    return secured.getProtocol() ?? 'TLS';
  }

  /** Says goodbye, and waits for the answer (RFC 5321 §4.1.1.10), but neither long nor for a good one; never rejects. */
  async leave(): Promise<void> {
    const late = () => new Error('no answer to QUIT');
    await within(farewellMs, late, () => this.command('QUIT', 'QUIT')).catch(() => undefined);
  }

  /** Ends it at once. */
  close(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket
      .on('data', this.#take)
      .on('error', (error) => this.#end(messageOf(error)))
      .on('end', () => this.#end('the server closed the connection'))
      .on('close', () => this.#end('the connection was closed'));
  }

  readonly #take = (chunk: Buffer): void => {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    // It says so much only to whoever does not read.
    if (this.#unread.length > most.octets * most.lines) this.#socket.destroy();
    this.#wake();
  };

  #end(why: string): void {
    this.#ended ??= new Error(why);
    this.#wake();
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#unread.indexOf('\n');
      if ((end < 0 ? this.#unread.length : end) > most.octets) {
        throw new Error(`a line has more than ${most.octets} octets`);
      }
      if (end >= 0) {
        const line = this.#unread.toString('utf8', 0, end).replace(/\r$/, '');
        this.#unread = this.#unread.subarray(end + 1);
        return line;
      }
      if (this.#ended) throw this.#ended;
      await this.#news();
    }
  }

  /** Resolves when something has come, or the connection has ended. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A line of a server in a message. */
export function quoted(line: string, shown: Shown = (each) => each): string {
  const text = shown(line);
  return JSON.stringify(text.length > most.shown ? `${text.slice(0, most.shown)}…` : text);
}
