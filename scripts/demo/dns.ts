import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { dataOf, readQuestion, writeAnswer, type Question } from './dns-wire.ts';
import { isRecord, lookupIn, typeNumbers, type Zone, type ZoneAnswer, type ZoneType } from './dns-zone.ts';
import { listen, type Listening } from './listening.ts';

export interface DnsOptions {
  /** 0 chooses one. */
  readonly port: number;
  readonly host?: string;
  readonly zone: Zone;
  /** Seconds; 60 where absent. */
  readonly ttl?: number;
  /** Seconds that a negative answer may be kept (RFC 2308 §5); the TTL where absent. */
  readonly negativeTtl?: number;
  /** Answers over UDP with nothing but the TC bit, so that all questions are asked again over TCP. */
  readonly truncates?: boolean;
  /** Answers SERVFAIL where the zone says TIMEOUT, for who does not want to wait. */
  readonly failsForTimeout?: boolean;
  /** Leaves CNAMEs to the client, which has to ask again for what they point to. */
  readonly leavesAliases?: boolean;
  /** Says that an answer is authenticated where all of its names are: as a resolver that validates does. */
  readonly isSigned?: (name: string) => boolean;
}

/** A question that the server got; its name is as it was sent, octet for octet. */
export interface DnsQuery {
  readonly name: string;
  /** Its name, or its number behind `TYPE` (RFC 3597 §5). */
  readonly type: ZoneType | `TYPE${number}`;
  readonly transport: 'udp' | 'tcp';
}

export interface DnsServer extends Listening {
  /** The questions in order of arrival; the first 10,000, so that it does not grow for ever. */
  readonly queries: DnsQuery[];
}

type Respond = (message: Buffer, transport: 'udp' | 'tcp') => Buffer | undefined;

const mostQueries = 10_000;
const smallestUdpSize = 512; // RFC 1035 §4.2.1
const largestUdpSize = 1232;
const idleMs = 10_000;
const typeNames = new Map<number, ZoneType>(
  Object.entries(typeNumbers).map(([name, number]) => [number, name as ZoneType]),
);

/** How often another port is chosen where somebody else has the one of UDP that belongs to that of TCP. */
const mostTries = 5;

/** Starts a DNS server that answers with authority over all names, over UDP and TCP. */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  return startWithin(mostTries, options);
}

async function startWithin(tries: number, options: DnsOptions): Promise<DnsServer> {
  try {
    return await startOnce(options);
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (!isTaken || options.port !== 0 || tries <= 1) throw error;
    return startWithin(tries - 1, options);
  }
}

async function startOnce(options: DnsOptions): Promise<DnsServer> {
  const { port, host = '127.0.0.1' } = options;
  const queries: DnsQuery[] = [];
  const respond = responder(options, queries);
  const server = createServer((socket) => {
    converse(socket, respond);
  });
  const tcp = await listen(server, (done) => server.listen(port, host, done));
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  udp.on('error', () => undefined); // a client that is gone already
  udp.on('message', (message, { port: to, address }) => {
    const answer = respond(message, 'udp');
    if (answer !== undefined) udp.send(answer, to, address);
  });
  udp.bind(tcp.port, host);
  try {
    await once(udp, 'listening');
  } catch (error) {
    await tcp.stop();
    throw error;
  }
  let stopped: Promise<void> | undefined;
  return { port: tcp.port, queries, stop: () => (stopped ??= stop(tcp, udp)) };
}

async function stop(tcp: Listening, udp: UdpSocket): Promise<void> {
  const closed = once(udp, 'close');
  udp.close();
  await Promise.all([tcp.stop(), closed]);
}

function responder(options: DnsOptions, queries: DnsQuery[]): Respond {
  const lookup = lookupIn(options.zone);
  // What cannot be written is told at the start, not when somebody asks.
  for (const entry of Object.values(options.zone).flat()) if (isRecord(entry)) dataOf(entry);
  const { ttl = 60, negativeTtl = ttl, truncates = false, isSigned = () => false } = options;
  return (message, transport) => {
    const question = readQuestion(message);
    if (question === undefined) return undefined;
    const { name, type } = question;
    if (queries.length < mostQueries)
      queries.push({ name, type: typeNames.get(type) ?? `TYPE${type}`, transport });
    const answer = lookup(name, type, options.leavesAliases !== true);
    if (answer.kind === 'TIMEOUT' && options.failsForTimeout !== true) return undefined;
    return writeAnswer(question, answer, {
      ttl,
      negativeTtl,
      limit: limitOf(question, transport, truncates),
      isAuthentic: namesOf(name, answer).every(isSigned),
    });
  };
}

/** The names that an answer says something about: owners of records, and the one that has none. */
function namesOf(name: string, answer: ZoneAnswer): string[] {
  const found = 'found' in answer ? answer.found : [];
  const [last] = found.slice(-1).flatMap(({ record }) => ('CNAME' in record ? [record.CNAME] : []));
  const without = answer.kind === 'answer' || last === undefined ? [] : [last];
  return [name, ...found.map(({ owner }) => owner), ...without].map((each) => each.toLowerCase());
}

function limitOf(
  { udpSize = smallestUdpSize }: Question,
  transport: 'udp' | 'tcp',
  truncates: boolean,
): number {
  if (transport === 'tcp') return 0xffff;
  return truncates ? 0 : Math.min(Math.max(udpSize, smallestUdpSize), largestUdpSize);
}

/** RFC 1035 §4.2.2: two octets of length before each message, in both directions. */
function converse(socket: Socket, respond: Respond): void {
  let unread: Buffer = Buffer.alloc(0);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on('error', () => undefined); // a client that disappears is nothing to tell
  socket.on('data', (chunk) => {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const end = 2 + unread.readUInt16BE(0);
      const answer = respond(unread.subarray(2, end), 'tcp');
      unread = unread.subarray(end);
      if (answer !== undefined) socket.write(Buffer.concat([lengthOf(answer), answer]));
    }
  });
}

function lengthOf(message: Buffer): Buffer {
  return Buffer.from([message.length >> 8, message.length & 0xff]);
}
