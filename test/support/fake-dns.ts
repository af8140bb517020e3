import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A query that a fake server got. */
export interface FakeQuery {
  /** The whole message. */
  readonly message: Buffer;
  readonly id: number;
  readonly section: Buffer;
  readonly isEdns: boolean;
  readonly transport: 'udp' | 'tcp';
  /** Where it came from. */
  readonly port: number;
  /** The connection, over TCP. */
  readonly socket: Socket | undefined;
  /** Sends what is no answer of its own accord, over UDP. */
  readonly send: (message: Buffer) => void;
}

/** What a server sends back to a query; nothing where it is undefined. Over TCP the length is added. */
export type Script = (query: FakeQuery) => Buffer | undefined;

export interface FakeDns {
  readonly port: number;
  readonly address: string;
  readonly queries: FakeQuery[];
  stop(): Promise<void>;
}

/** A DNS server that does what the script says, over UDP and TCP. */
export async function startFakeDns(script: Script, port = 0): Promise<FakeDns> {
  const queries: FakeQuery[] = [];
  const sockets = new Set<Socket>();
  let isStopped = false;
  const run = (query: FakeQuery): Buffer | undefined => {
    queries.push(query);
    return script(query);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      const answer = run({
        ...parse(chunk.subarray(2)),
        transport: 'tcp',
        port: 0,
        socket,
        send: () => undefined,
      });
      if (answer !== undefined) socket.write(framed(answer));
    });
  });
  const { udp, port: taken } = await listening(server, port);
  udp.on('message', (message, { port: from }) => {
    const send = (answer: Buffer): void => {
      if (!isStopped) udp.send(answer, from, '127.0.0.1');
    };
    const answer = run({ ...parse(message), transport: 'udp', port: from, socket: undefined, send });
    if (answer !== undefined) send(answer);
  });
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    for (const socket of sockets) socket.destroy();
    const closed = [once(udp, 'close'), once(server, 'close')];
    udp.close();
    server.close();
    await Promise.all(closed);
  };
  return { port: taken, address: `127.0.0.1:${taken}`, queries, stop };
}

/** Both on one port; where none is asked for, one that nobody has for either. */
async function listening(server: Server, port: number): Promise<{ udp: UdpSocket; port: number }> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  const udp = createSocket('udp4');
  try {
    udp.bind(taken, '127.0.0.1');
    await once(udp, 'listening');
    return { udp, port: taken };
  } catch (error) {
    udp.close();
    server.close();
    await once(server, 'close');
    if (port !== 0) throw error;
    return listening(server, port);
  }
}

function parse(message: Buffer): Pick<FakeQuery, 'message' | 'id' | 'section' | 'isEdns'> {
  const end = message.indexOf(0, 12) + 5;
  return {
    message,
    id: message.readUInt16BE(0),
    section: message.subarray(12, end),
    isEdns: message.readUInt16BE(10) === 1,
  };
}

/** Over TCP, with the two octets of its length. */
export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]);
}

export interface Parts {
  readonly id?: number;
  readonly section?: Buffer;
  readonly rcode?: number;
  readonly isTruncated?: boolean;
  readonly isAuthentic?: boolean;
  readonly answers?: readonly Buffer[];
  readonly authority?: readonly Buffer[];
  readonly additional?: readonly Buffer[];
}

/** A message that answers a query, or with some of its parts replaced, one that does not. */
export function answerTo(query: { id: number; section: Buffer }, parts: Parts = {}): Buffer {
  const { id = query.id, section = query.section } = parts;
  const { answers = [], authority = [], additional = [] } = parts;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(flagsOf(parts), 2);
  const counts = [section.length > 0 ? 1 : 0, answers.length, authority.length, additional.length];
  counts.forEach((count, index) => header.writeUInt16BE(count, 4 + 2 * index));
  return Buffer.concat([header, section, ...answers, ...authority, ...additional]);
}

function flagsOf({ rcode = 0, isTruncated = false, isAuthentic = false }: Parts): number {
  return 0x8180 | (isTruncated ? 0x0200 : 0) | (isAuthentic ? 0x0020 : 0) | rcode;
}

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  OPT: 41,
  TLSA: 52,
} as const;

/** The name of the question, as a pointer. */
export const asked: Buffer = Buffer.from([0xc0, 12]);

/** A name without pointers. */
export function wireName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.').map((label) => Buffer.from(label, 'latin1'));
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), label]),
    Buffer.from([0]),
  ]);
}

export interface RecordParts {
  readonly owner?: Buffer;
  readonly class?: number;
  readonly ttl?: number;
}

export function record(type: keyof typeof types, data: Buffer, parts: RecordParts = {}): Buffer {
  const { owner = asked, class: itsClass = 1, ttl = 60 } = parts;
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(types[type], 0);
  fixed.writeUInt16BE(itsClass, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

/** A record of one text, of no more than 255 octets. */
export function text(octets: string, parts?: RecordParts): Buffer {
  return record('TXT', Buffer.concat([Buffer.from([octets.length]), Buffer.from(octets, 'latin1')]), parts);
}

export function soa(minimum: number, parts: RecordParts = {}): Buffer {
  const data = Buffer.alloc(22);
  data.writeUInt32BE(minimum, 18);
  return record('SOA', data, { owner: Buffer.from([0]), ...parts });
}

/** The name that is asked for, in small letters. */
export function nameIn(section: Buffer): string {
  const labels: string[] = [];
  for (let at = 0; section[at]; at += 1 + (section[at] ?? 0))
    labels.push(section.toString('latin1', at + 1, at + 1 + (section[at] ?? 0)));
  return labels.join('.').toLowerCase();
}
