import type { Server, Socket } from 'node:net';
import { promisify } from 'node:util';

/** A server of the demo that listens. */
export interface Listening {
  readonly port: number;
  /** Closes the port and every connection. */
  stop(): Promise<void>;
}

/** Starts a server; `start` is told what to call when it listens. Rejects when it cannot. */
export async function listen(server: Server, start: (listening: () => void) => void): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    start(resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return { port: address.port, stop: () => stop(server, sockets) };
}

async function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = promisify(server.close.bind(server))().catch(() => undefined); // it was closed already
  for (const socket of sockets) socket.destroy();
  await closed;
}
