import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { TLSSocket } from 'node:tls';
import type { Certificate } from '../../scripts/demo/certificates.ts';

/** A message that the world has taken, or a recipient that it was asked for. */
export interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  readonly lines: readonly string[];
}

/** A server that stands for the world, and refuses some recipients. */
export interface World {
  readonly port: number;
  readonly taken: readonly Taken[];
  /** Every recipient that anybody asked for, taken or not. */
  readonly asked: readonly string[];
  /** The reply to a recipient; 250 where it gives none. */
  answer: (recipient: string) => string | undefined;
  /** How many sessions there are now. */
  open(): number;
  /** How many messages a recipient has got. */
  count(recipient: string): number;
  stop(): void;
}

/** Recipients `refused…` are answered 550, `later…` 450 until `answer` is another. With a certificate it offers STARTTLS. */
export async function startWorld(certificate?: Certificate): Promise<World> {
  const taken: Taken[] = [];
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.write('220 world.example\r\n');
    void converse(socket, world, certificate).catch(() => socket.destroy());
  });
  const world = {
    port: 0,
    ...{ taken, asked },
    answer: (recipient: string): string | undefined => {
      if (recipient.startsWith('refused')) return '550 5.1.1 No';
      return recipient.startsWith('later') ? '450 4.2.1 Later' : undefined;
    },
    open: () => sockets.size,
    count: (recipient: string) => taken.filter(({ to }) => to.includes(recipient)).length,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(world, { port: (server.address() as AddressInfo).port });
}

type Open = World & { readonly taken: Taken[]; readonly asked: string[] };

async function converse(socket: Socket, world: Open, certificate?: Certificate): Promise<void> {
  const say = (line: string) => void socket.write(`${line}\r\n`);
  const reader = createInterface({ input: socket, crlfDelay: Infinity });
  const lines = reader[Symbol.asyncIterator]();
  let message = { from: '', to: [] as string[] };
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const [, verb = '', path = ''] = /^(\S+)(?:.*?<(.*?)>)?/.exec(next.value) ?? [];
    if (verb === 'MAIL') message = { from: path, to: [] };
    if (verb === 'DATA') {
      say('354 Go on');
      world.taken.push({ ...message, lines: await textOf(lines) });
    }
    if (verb === 'STARTTLS') {
      reader.close();
      say('220 Go on');
      return converse(secured(socket, certificate), world);
    }
    if (verb === 'RCPT') say(rcpt(path, message.to, world));
    else say(certificate && verb === 'EHLO' ? '250-STARTTLS\r\n250 OK' : '250 OK');
    if (verb === 'QUIT') socket.end();
  }
}

function secured(socket: Socket, certificate?: Certificate): Socket {
  socket.removeAllListeners('data');
  const tls = new TLSSocket(socket, { isServer: true, ...certificate });
  tls.on('error', () => undefined);
  return tls;
}

function rcpt(recipient: string, to: string[], world: Open): string {
  world.asked.push(recipient);
  const refusal = world.answer(recipient);
  if (refusal === undefined) to.push(recipient);
  return refusal ?? '250 OK';
}

async function textOf(lines: AsyncIterator<string>): Promise<string[]> {
  const text: string[] = [];
  for (let next = await lines.next(); next.value !== '.'; next = await lines.next()) {
    if (next.done) throw new Error('the client disappeared inside a message');
    text.push(next.value);
  }
  return text;
}
