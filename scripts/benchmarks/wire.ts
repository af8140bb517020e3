import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';

/** How a client makes TLS: whom it trusts, and the session that it resumes. */
export interface ClientTls {
  readonly secureContext: SecureContext;
  readonly servername: string;
  readonly session?: Buffer | undefined;
}

const patienceMs = 30_000;

/** A connection to an SMTP server that says one command at a time. */
export class Wire {
  #socket: Socket;
  #received = '';
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async open(port: number): Promise<Wire> {
    const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Sends a text and reads the whole reply; rejects unless it has this code. */
  async expect(code: number, text = ''): Promise<void> {
    if (text !== '') this.#socket.write(text);
    let reply: string | undefined;
    while ((reply = this.#takeReply()) === undefined) {
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (!reply.startsWith(`${code} `)) throw new Error(`expected ${code}, got ${reply}`);
  }

  /** Puts TLS over the connection; `keep` is handed each session that the server offers for later. */
  async upgrade(tls: ClientTls, keep: (session: Buffer) => void): Promise<TLSSocket> {
    this.#socket.removeAllListeners();
    const { session, ...options } = tls;
    const secured = connectTls({ socket: this.#socket, ...options, ...(session && { session }) });
    secured.on('session', keep);
    this.#socket = secured;
    this.#listen();
    await new Promise((resolve, reject) => {
      secured.once('secureConnect', resolve).once('error', reject);
      secured.once('close', () => {
        reject(new Error('the server closed the connection within the handshake'));
      });
    });
    return secured;
  }

  /** Resolves once the server has closed too: it has done all its work then. */
  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.end();
    await closed;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`no answer within ${patienceMs / 1000} s`)));
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
    socket.on('error', (error) => {
      this.#fail(error);
    });
    socket.on('close', () => {
      this.#fail(new Error('the server closed the connection'));
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  /** The last line of a reply is the one with a space behind its code (RFC 5321 §4.2.1). */
  #takeReply(): string | undefined {
    for (let start = 0, end; (end = this.#received.indexOf('\r\n', start)) >= 0; start = end + 2) {
      if (this.#received[start + 3] === '-') continue;
      const line = this.#received.slice(start, end);
      this.#received = this.#received.slice(end + 2);
      return line;
    }
    return undefined;
  }
}
