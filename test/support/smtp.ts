import { once } from 'node:events';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { proxyAddress } from '../../scripts/demo/instance.ts';

/** One reply of the server: its code, and the texts of its lines. */
export interface SmtpReply {
  readonly code: number;
  readonly lines: readonly string[];
  /** `CODE TEXT`, the lines of a longer reply joined with ` | `. */
  readonly text: string;
}

export interface ConnectOptions {
  readonly port: number;
  readonly implicitTls?: boolean;
  /** Address on loopback that the client comes from. */
  readonly from?: string;
  readonly tlsOptions?: object;
}

/** A scripted SMTP client that does exactly what it is told, right or wrong. */
export class SmtpClient {
  #socket: Socket;
  readonly #options: ConnectOptions;
  #buffer = '';
  #isClosed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket, options: ConnectOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#listen(socket);
  }

  static async connect(options: ConnectOptions): Promise<SmtpClient> {
    const localAddress = options.from ?? '127.0.0.1';
    const tcp = connectTcp({ host: '127.0.0.1', port: options.port, localAddress });
    tcp.setNoDelay(true);
    await once(tcp, 'connect');
    if (!options.implicitTls) return new SmtpClient(tcp, options);
    return new SmtpClient(await handshake(tcp, options), options);
  }

  get tls(): TLSSocket | undefined {
    return 'getProtocol' in this.#socket ? (this.#socket as TLSSocket) : undefined;
  }

  /** Puts TLS over the connection, after the 220 to STARTTLS. */
  async upgrade(): Promise<void> {
    this.#socket.removeAllListeners();
    this.#socket = await handshake(this.#socket, this.#options);
    this.#listen(this.#socket);
  }

  write(data: string | Buffer): void {
    this.#socket.write(typeof data === 'string' ? Buffer.from(data, 'utf8') : data);
  }

  /** Sends a line and reads the reply. */
  async command(line: string): Promise<SmtpReply> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** The next reply; rejects when none comes in time or the server closes. */
  async reply(timeoutMs = 8000): Promise<SmtpReply> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const match = /^((?:\d{3}-[^\n]*\n)*)(\d{3})(?: ([^\n]*))?\n/.exec(
        this.#buffer.replaceAll('\r\n', '\n'),
      );
      if (match) return this.#take(match[0]);
      if (this.#isClosed)
        throw new Error(`the server closed the connection; unread: ${JSON.stringify(this.#buffer)}`);
      if (Date.now() >= deadline)
        throw new Error(`no reply within ${timeoutMs} ms; unread: ${JSON.stringify(this.#buffer)}`);
      await this.#news(deadline - Date.now());
    }
  }

  /** Whether the server closes within the time. */
  async closed(timeoutMs = 3000): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (!this.#isClosed && Date.now() < deadline) await this.#news(deadline - Date.now());
    return this.#isClosed;
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  #take(text: string): SmtpReply {
    this.#buffer = this.#buffer.replaceAll('\r\n', '\n').slice(text.length);
    const lines = text.slice(0, -1).split('\n');
    const texts = lines.map((line) => line.slice(4));
    const code = Number(lines[0]?.slice(0, 3));
    return { code, lines: texts, text: `${code} ${texts.join(' | ')}` };
  }

  #listen(socket: Socket): void {
    const wake = () => {
      this.#wake();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#buffer += chunk.toString('utf8');
      wake();
    });
    socket.on('close', () => {
      this.#isClosed = true;
      wake();
    });
    // 'close' follows, and that is what a dialogue can tell of it.
    socket.on('error', () => undefined);
  }

  async #news(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

async function handshake(socket: Socket, options: ConnectOptions): Promise<TLSSocket> {
  const tls = connectTls({
    socket,
    rejectUnauthorized: false,
    servername: 'localhost',
    ...options.tlsOptions,
  });
  await once(tls, 'secureConnect');
  return tls;
}

/** A client of an address anywhere, by the PROXY line of a proxy; the greeting is unread. */
export async function connectAs(address: string, options: ConnectOptions): Promise<SmtpClient> {
  const client = await SmtpClient.connect({ ...options, from: proxyAddress });
  const [family, own] = isIPv6(address) ? ['TCP6', '::1'] : ['TCP4', '127.0.0.1'];
  client.write(`PROXY ${family} ${address} ${own} 40000 ${options.port}\r\n`);
  return client;
}

/** The greeting ends with the id of the session. */
export function sessionIn(greeting: SmtpReply): string {
  return /^220 .*\(([0-9A-F]{6})\)$/.exec(greeting.text)?.[1] ?? '';
}

/** The initial response of AUTH PLAIN (RFC 4616). */
export function plain(login: string, password: string, authzid = ''): string {
  return Buffer.from(`${authzid}\0${login}\0${password}`).toString('base64');
}

/** EHLO, STARTTLS where needed, EHLO, AUTH PLAIN; rejects unless the login succeeds. */
export async function loggedIn(
  options: ConnectOptions,
  login: string,
  password: string,
): Promise<SmtpClient> {
  const client = await SmtpClient.connect(options);
  await client.reply();
  await client.command('EHLO client.example');
  if (!options.implicitTls) {
    await client.command('STARTTLS');
    await client.upgrade();
    await client.command('EHLO client.example');
  }
  const answer = await client.command(`AUTH PLAIN ${plain(login, password)}`);
  if (answer.code !== 235) throw new Error(`login failed: ${answer.text}`);
  return client;
}
