import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

/** The encoding here is written anew, so that a mistake in the client's is not repeated by its test server. */
export function element(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const header = Buffer.from([tag, 0x84, 0, 0, 0, 0]);
  header.writeUInt32BE(body.length, 2);
  const digits =
    body.length < 128
      ? [body.length]
      : body.length < 0x1_0000
        ? [0x82, ...header.subarray(4)]
        : header.subarray(1);
  return Buffer.concat([Buffer.from([tag, ...digits]), body]);
}

const number = (value: number, tag = 0x02): Buffer => element(tag, Buffer.from([value]));
const text = (value: string, tag = 0x04): Buffer => element(tag, Buffer.from(value));

export function message(id: number, operation: Buffer, ...controls: readonly Buffer[]): Buffer {
  return element(0x30, number(id), operation, ...controls);
}

function result(code: number, diagnostic = ''): Buffer {
  return Buffer.concat([number(code, 0x0a), text(''), text(diagnostic)]);
}

export const answer = {
  bind: (id: number, code: number, diagnostic = '', ...controls: readonly Buffer[]): Buffer =>
    message(id, element(0x61, result(code, diagnostic)), ...controls),
  extended: (id: number, code: number): Buffer => message(id, element(0x78, result(code))),
  done: (id: number, code = 0): Buffer => message(id, element(0x65, result(code))),
  reference: (id: number, url = 'ldap://elsewhere.example/'): Buffer => message(id, element(0x73, text(url))),
  entry: (id: number, dn: string, attributes: Readonly<Record<string, readonly string[]>> = {}): Buffer => {
    const list = Object.entries(attributes).map(([name, values]) =>
      element(0x30, text(name), element(0x31, ...values.map((value) => text(value)))),
    );
    return message(id, element(0x64, text(dn), element(0x30, ...list)));
  },
  /** RFC 4511 §4.4.1. */
  noticeOfDisconnection: (): Buffer =>
    message(0, element(0x78, result(52), text('1.3.6.1.4.1.1466.20036', 0x8a))),
};

export const alice = {
  dn: 'uid=alice,ou=people,dc=corp,dc=example',
  attributes: { mail: ['alice@corp.example'], accountStatus: ['active'] },
} as const;

export interface FakeRequest {
  readonly id: number;
  readonly kind: 'service-bind' | 'bind' | 'search' | 'start-tls' | 'unbind' | 'other';
  readonly dn: string;
  readonly password: string;
  /** Where a search begins, and how far it goes (RFC 4511 §4.5.1.2). */
  readonly base?: string;
  readonly scope?: number;
  readonly secure: boolean;
  /** The server name indication of the handshake. */
  readonly serverName: string | undefined;
  /** Counts the connections from 0. */
  readonly connection: number;
  readonly socket: Socket;
}

/** What a fake server does with one request: the bytes to send, or nothing for silence. */
export type Reaction = (request: FakeRequest) => Buffer | undefined;

export interface Script {
  readonly onConnect?: (socket: Socket) => void;
  readonly serviceBind?: Reaction;
  readonly search?: Reaction;
  readonly bind?: Reaction;
  readonly startTls?: Reaction;
  /** With a certificate the server speaks TLS at once (`ldaps`), or after StartTLS. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly ldaps?: boolean;
  /** Milliseconds before the handshake of a connection is answered. */
  readonly handshakeAfter?: (connection: number) => number;
  /** Sends every byte on its own. */
  readonly trickle?: boolean;
}

export interface FakeLdap {
  readonly url: string;
  readonly port: number;
  readonly requests: FakeRequest[];
  /** Every byte that came in clear. */
  readonly clear: Buffer[];
  readonly sockets: Set<Socket>;
  /** How many connections were ever opened. */
  readonly accepted: () => number;
  readonly kinds: () => readonly string[];
  readonly close: () => Promise<void>;
}

const polite = {
  serviceBind: ({ id }: FakeRequest) => answer.bind(id, 0),
  search: ({ id }: FakeRequest) =>
    Buffer.concat([answer.entry(id, alice.dn, alice.attributes), answer.done(id)]),
  bind: ({ id, password }: FakeRequest) => answer.bind(id, password === 'pw-alice' ? 0 : 49),
  startTls: ({ id }: FakeRequest) => answer.extended(id, 0),
};

/** A server on a raw socket that knows alice, and misbehaves as `script` says, which may change meanwhile. */
export async function startFakeLdap(script: Script = {}, wantedPort = 0): Promise<FakeLdap> {
  const sockets = new Set<Socket>();
  const requests: FakeRequest[] = [];
  const clear: Buffer[] = [];
  let accepted = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = accepted;
    accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    script.onConnect?.(socket);
    if (script.ldaps !== true) listen(socket, connection, false);
    else setTimeout(speakTls, script.handshakeAfter?.(connection) ?? 0, socket, connection);
  });

  function speakTls(socket: Socket, connection: number): void {
    const secureContext = createSecureContext(script.certificate);
    const secured = new TLSSocket(socket, { isServer: true, secureContext });
    secured.on('error', () => undefined);
    listen(secured, connection, true);
  }

  function listen(socket: Socket, connection: number, secure: boolean): void {
    let unread = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      if (!secure) clear.push(chunk);
      unread = Buffer.concat([unread, chunk]);
      for (let next = parse(unread, 0); next !== undefined; next = parse(unread, 0)) {
        unread = unread.subarray(next.end);
        if (next.tag !== 0x30) return;
        const name = socket instanceof TLSSocket && socket.servername;
        const serverName = typeof name === 'string' ? name : undefined;
        react({ ...readRequest(next.content), secure, serverName, connection, socket }, onData);
      }
    };
    socket.on('data', onData);
  }

  function react(request: FakeRequest, onData: (chunk: Buffer) => void): void {
    requests.push(request);
    const { kind, socket, connection } = request;
    const reactions = { ...polite, ...script };
    if (kind === 'bind') send(socket, reactions.bind(request));
    if (kind === 'service-bind') send(socket, reactions.serviceBind(request));
    if (kind === 'search') send(socket, reactions.search(request));
    if (kind === 'start-tls') send(socket, reactions.startTls(request));
    if (kind !== 'start-tls' || script.certificate === undefined) return;
    socket.off('data', onData);
    speakTls(socket, connection);
  }

  function send(socket: Socket, bytes: Buffer | undefined): void {
    if (bytes === undefined) return;
    if (script.trickle !== true) socket.write(bytes);
    else void trickle(socket, bytes);
  }

  server.listen(wantedPort, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), 'close');
  };
  const scheme = script.ldaps === true ? 'ldaps' : 'ldap';
  const kinds = (): readonly string[] => requests.map(({ kind }) => kind);
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    requests,
    clear,
    sockets,
    accepted: () => accepted,
    kinds,
    close,
  };
}

async function trickle(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

interface Parsed {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

function parse(bytes: Buffer, at: number): Parsed | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) return undefined;
  const size = first < 0x80 ? 0 : first - 0x80;
  const start = at + 2 + size;
  // Of what is no LDAP, such as a TLS handshake, there is nothing to read.
  if (start > bytes.length || size > 4) return undefined;
  const end = start + (size === 0 ? first : bytes.readUIntBE(at + 2, size));
  return end > bytes.length ? undefined : { tag, content: bytes.subarray(start, end), end };
}

function children(bytes: Buffer): readonly Parsed[] {
  const all: Parsed[] = [];
  for (let next = parse(bytes, 0); next !== undefined; next = parse(bytes, next.end)) all.push(next);
  return all;
}

const otherKinds: Readonly<Record<number, FakeRequest['kind']>> = {
  0x77: 'start-tls',
  0x42: 'unbind',
};

type ReadRequest = Pick<FakeRequest, 'id' | 'kind' | 'dn' | 'password' | 'base' | 'scope'>;

function readRequest(content: Buffer): ReadRequest {
  const [number, operation] = children(content);
  const id = number?.content.readUIntBE(0, number.content.length) ?? 0;
  if (operation?.tag === 0x60) return { id, ...readBind(operation.content) };
  const nobody = { id, dn: '', password: '' };
  if (operation?.tag === 0x63) return { ...nobody, kind: 'search', ...readSearch(operation.content) };
  return { ...nobody, kind: otherKinds[operation?.tag ?? 0] ?? 'other' };
}

function readBind(content: Buffer): Pick<FakeRequest, 'kind' | 'dn' | 'password'> {
  const [, dn = '', password = ''] = children(content).map((field) => field.content.toString());
  return { kind: dn.startsWith('cn=gatekeeper') ? 'service-bind' : 'bind', dn, password };
}

function readSearch(content: Buffer): Pick<FakeRequest, 'base' | 'scope'> {
  const [base, scope] = children(content).map((field) => field.content);
  return { base: base?.toString() ?? '', scope: scope?.[0] ?? -1 };
}
