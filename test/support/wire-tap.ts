import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A proxy in front of a server that keeps what both sides say, and can answer in the server's place. */
export interface WireTap {
  readonly port: number;
  /** All bytes from clients, of all connections, in order of arrival. */
  fromClients(): Buffer;
  stop(): Promise<void>;
}

export interface WireTapOptions {
  readonly target: number;
  /** Gives the answer to the first bytes of a client, instead of the server. */
  readonly answer?: (first: Buffer) => Buffer;
  /** Waited for before what a client says goes on to the server. */
  readonly before?: (chunk: Buffer) => Promise<void>;
}

export async function startWireTap({ target, answer, before }: WireTapOptions): Promise<WireTap> {
  const captured: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: target });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    let isFirst = true;
    client.on('data', (chunk) => {
      captured.push(chunk);
      if (isFirst && answer) client.write(answer(chunk));
      else void passOn(upstream, chunk);
      isFirst = false;
    });
    upstream.pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  const passOn = async (upstream: Socket, chunk: Buffer): Promise<void> => {
    if (before) await before(chunk);
    upstream.write(chunk);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    fromClients: () => Buffer.concat(captured),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
