import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { messageOf } from '../message-of.ts';
import type { Endpoint } from './endpoint.ts';
import { silence, type Heard } from './heard.ts';
import { encodeQuery, isAnswerTo, udpSize, type Question } from './message.ts';
import type { Task } from './task.ts';

/** Asks one server over UDP. */
export interface Udp {
  ask(question: Question, isEdns: boolean, milliseconds: number, task: Task): Promise<Heard>;
  close(): void;
}

interface Waiting {
  readonly question: Question;
  readonly query: Buffer;
  readonly settle: (heard: Heard) => void;
}

/** A socket on a random port, connected to the server. */
interface Port {
  readonly socket: Socket;
  readonly waiting: Map<number, Waiting>;
  readonly openedAt: number;
  isConnected: boolean;
  isRetired: boolean;
  uses: number;
  strays: number;
}

/**
 * RFC 5452 §9.2: who cannot see our questions has to guess the id (16 bits) and the port (the system takes a random
 * one of about 28,000: 15 bits). A port that serves several questions loses nothing as long as it stays unknown, but
 * one that was found out must not be of use for long: hence so few questions, so little time, and an end to it when
 * datagrams arrive that answer none of our questions. The system itself drops those from another address or port.
 * A socket for each question would nearly double what a question costs.
 */
const limits = { uses: 32, milliseconds: 2000, strays: 16 } as const;

export function openUdp(endpoint: Endpoint): Udp {
  const ports = new Set<Port>();
  let current: Port | undefined;

  /** The port for the next question. */
  const choose = (): Port => {
    if (current !== undefined && isWornOut(current)) retire(current, ports);
    if (current === undefined || current.isRetired) current = openPort(endpoint, ports);
    current.uses += 1;
    return current;
  };

  return {
    ask: (question, isEdns, milliseconds, task) => {
      if (task.isOver || milliseconds <= 0) return Promise.resolve(silence);
      try {
        return send(choose(), ports, { question, isEdns, milliseconds, task });
      } catch (error) {
        return Promise.resolve({ kind: 'refused', because: messageOf(error) });
      }
    },
    close: () => {
      for (const port of ports) fail(port, ports, silence);
    },
  };
}

function isWornOut(port: Port): boolean {
  return port.uses >= limits.uses || performance.now() - port.openedAt >= limits.milliseconds;
}

function openPort({ address, port: number }: Endpoint, ports: Set<Port>): Port {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const port: Port = {
    socket,
    waiting: new Map(),
    openedAt: performance.now(),
    isConnected: false,
    isRetired: false,
    uses: 0,
    strays: 0,
  };
  ports.add(port);
  // While a question is in flight its timer keeps the process alive; an idle socket does not.
  socket.unref();
  socket.on('message', (message) => {
    receive(port, ports, message);
  });
  // Mostly an ICMP error, which the system passes on because the socket is connected (RFC 1122 §4.1.3.3).
  socket.on('error', (error) => {
    fail(port, ports, { kind: 'refused', because: error.message });
  });
  socket.once('connect', () => {
    port.isConnected = true;
    for (const { query } of port.waiting.values()) transmit(port, ports, query);
  });
  // Takes a port of its own, which it shares with no other worker of a cluster.
  socket.connect(number, address);
  return port;
}

interface Sending {
  readonly question: Question;
  readonly isEdns: boolean;
  readonly milliseconds: number;
  readonly task: Task;
}

function send(
  port: Port,
  ports: Set<Port>,
  { question, isEdns, milliseconds, task }: Sending,
): Promise<Heard> {
  const id = freeId(port.waiting);
  const query = encodeQuery(question, id, isEdns);
  return new Promise((resolve) => {
    const settle = (heard: Heard): void => {
      clearTimeout(timer);
      task.stop = undefined;
      port.waiting.delete(id);
      if (port.isRetired) closeWhenUnused(port, ports);
      resolve(heard);
    };
    const timer = setTimeout(settle, milliseconds, silence);
    task.stop = () => settle(silence);
    port.waiting.set(id, { question, query, settle });
    if (port.isConnected) transmit(port, ports, query);
  });
}

function freeId(waiting: ReadonlyMap<number, unknown>): number {
  for (;;) {
    const id = randomInt(0x1_0000);
    if (!waiting.has(id)) return id;
  }
}

function transmit(port: Port, ports: Set<Port>, query: Buffer): void {
  port.socket.send(query, (error) => {
    if (error !== null) fail(port, ports, { kind: 'refused', because: error.message });
  });
}

/** What answers no question of ours is ignored: the true answer may be on its way (RFC 5452 §9.1). */
function receive(port: Port, ports: Set<Port>, message: Buffer): void {
  const waiting = message.length < 2 ? undefined : port.waiting.get(message.readUInt16BE(0));
  if (waiting === undefined || !isAnswerTo(message, waiting.query.readUInt16BE(0), waiting.question)) {
    port.strays += 1;
    if (port.strays >= limits.strays) retire(port, ports);
    return;
  }
  const isTooLong = message.length > udpSize;
  const because = `sent ${message.length} octets over UDP`;
  waiting.settle(isTooLong ? { kind: 'failure', because } : { kind: 'message', message });
}

/** Takes no more questions. */
function retire(port: Port, ports: Set<Port>): void {
  port.isRetired = true;
  closeWhenUnused(port, ports);
}

function closeWhenUnused(port: Port, ports: Set<Port>): void {
  if (port.waiting.size === 0 && ports.delete(port)) port.socket.close();
}

/** Ends all that waits, and the port. */
function fail(port: Port, ports: Set<Port>, heard: Heard): void {
  port.isRetired = true;
  for (const { settle } of [...port.waiting.values()]) settle(heard);
  closeWhenUnused(port, ports);
}
