import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from './ldap-certificates.ts';

/** How a smart host behaves; may change between connections. */
export interface Manners {
  certificate: Pick<Certificate, 'cert' | 'key'>;
  /** The newest version of TLS that it knows. */
  newest?: 'TLSv1.1';
  /** Reply to STARTTLS; `undefined`: it is not offered. */
  startTls?: string | undefined;
  /** What it says in clear right behind that reply. */
  injected?: string;
  /** Mechanisms that it offers in TLS. */
  auth: readonly string[];
  /** Further keywords that it offers in TLS. */
  keywords?: readonly string[];
  password: string;
  greeting?: string;
  /** Reply to a wrong login. */
  refusal?: string;
  /** Reply to MAIL. */
  mail?: string;
}

/** A line that it has heard, and whether in TLS. */
export interface Heard {
  readonly line: string;
  readonly isTls: boolean;
}

export interface SmartHostServer {
  readonly port: number;
  readonly manners: Manners;
  readonly heard: readonly Heard[];
  /** Envelope recipients of messages that it has taken, and by which login. */
  readonly taken: readonly { readonly to: readonly string[]; readonly login: string }[];
  /** Connections so far. */
  readonly connections: number;
  stop(): void;
}

interface Scene {
  readonly manners: Manners;
  readonly heard: Heard[];
  readonly taken: { to: readonly string[]; login: string }[];
}

/** An SMTP server with STARTTLS and AUTH that notes all it hears. */
export async function startSmartHost(manners: Manners): Promise<SmartHostServer> {
  const scene = { manners, heard: [] as Heard[], taken: [] as Scene['taken'] };
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.write(`${manners.greeting ?? '220 smart.example ESMTP'}\r\n`);
    new Session(scene, socket, false);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...scene,
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

class Session {
  readonly #scene: Scene;
  readonly #socket: Socket;
  readonly #isTls: boolean;
  #rest = '';
  #login = '';
  /** Answers of a LOGIN so far. */
  #exchange: string[] | undefined;
  #recipients: string[] = [];
  #isData = false;

  constructor(scene: Scene, socket: Socket, isTls: boolean) {
    this.#scene = scene;
    this.#socket = socket;
    this.#isTls = isTls;
    socket.on('data', this.#take);
  }

  readonly #take = (data: Buffer): void => {
    this.#rest += data.toString();
    for (let end = this.#rest.indexOf('\r\n'); end >= 0; end = this.#rest.indexOf('\r\n')) {
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      if (this.#isData) this.#text(line);
      else this.#command(line);
    }
  };

  #say(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  #text(line: string): void {
    if (line !== '.') return;
    this.#isData = false;
    this.#scene.taken.push({ to: this.#recipients, login: this.#login });
    this.#say('250 2.0.0 OK');
  }

  #command(line: string): void {
    this.#scene.heard.push({ line, isTls: this.#isTls });
    if (this.#exchange) {
      this.#answer(line);
      return;
    }
    const verb = line.split(' ')[0]?.toUpperCase();
    if (verb === 'EHLO') this.#greet();
    else if (verb === 'STARTTLS') this.#upgrade();
    else if (verb === 'AUTH') this.#auth(line);
    else if (verb === 'RCPT') {
      this.#recipients.push(/<(.*)>/.exec(line)?.[1] ?? '');
      this.#say('250 2.1.5 OK');
    } else if (verb === 'DATA') {
      this.#isData = true;
      this.#say('354 Go on');
    } else if (verb === 'QUIT') this.#socket.end('221 Bye\r\n');
    else this.#say(verb === 'MAIL' ? this.#mail() : '500 5.5.1 What?');
  }

  #mail(): string {
    return this.#scene.manners.mail ?? '250 2.1.0 OK';
  }

  #greet(): void {
    const { startTls, auth, keywords = [] } = this.#scene.manners;
    const extensions = [
      '8BITMIME',
      ...(!this.#isTls && startTls !== undefined ? ['STARTTLS'] : []),
      ...(this.#isTls ? keywords : []),
      ...(this.#isTls && auth.length > 0 ? [`AUTH ${auth.join(' ')}`] : []),
    ];
    this.#say(['250-smart.example', ...extensions.map((each) => `250-${each}`), '250 OK'].join('\r\n'));
  }

  #upgrade(): void {
    const { startTls = '502 5.5.1 No', certificate, injected = '', newest } = this.#scene.manners;
    this.#socket.write(`${startTls}\r\n${injected}`);
    if (!startTls.startsWith('220')) return;
    this.#socket.off('data', this.#take);
    const { key, cert } = certificate;
    const old = { minVersion: 'TLSv1', maxVersion: newest, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const secureContext = createSecureContext({ key, cert, ...(newest && old) });
    const tls = new TLSSocket(this.#socket, { isServer: true, secureContext });
    tls.on('error', () => this.#socket.destroy());
    new Session(this.#scene, tls, true);
  }

  #auth(line: string): void {
    const [, mechanism = '', initial = ''] = line.split(' ');
    if (mechanism === 'LOGIN') {
      this.#exchange = [];
      this.#say('334 VXNlcm5hbWU6');
      return;
    }
    const [, user = '', password = ''] = decoded(initial).split('\0');
    this.#judge(user, password, line);
  }

  #answer(line: string): void {
    const answers = [...(this.#exchange ?? []), decoded(line)];
    this.#exchange = answers.length < 2 ? answers : undefined;
    const [user = '', password = ''] = answers;
    if (this.#exchange) this.#say('334 UGFzc3dvcmQ6');
    else this.#judge(user, password, line);
  }

  /** `{line}` in a refusal is what the client has said. */
  #judge(user: string, password: string, line: string): void {
    const { manners } = this.#scene;
    const isRight = password === manners.password;
    if (isRight) this.#login = user;
    const refusal = manners.refusal ?? '535 5.7.8 Authentication unsuccessful';
    this.#say(isRight ? '235 2.7.0 OK' : refusal.replace('{line}', line));
  }
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString();
}
