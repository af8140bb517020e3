import { createServer, type Socket } from 'node:net';
import { listen, type Listening } from './listening.ts';
import { openStore } from './mailstore.ts';
import { converse } from './sink-session.ts';

const idleMs = 5 * 60 * 1000;

/** Starts the sink, an SMTP server that stands for the world: it accepts every message and keeps it in `dir`. */
export async function startSink(options: { port: number; host?: string; dir: string }): Promise<Listening> {
  const { port, host = '127.0.0.1', dir } = options;
  const store = openStore(dir);
  const server = createServer((socket: Socket) => {
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('error', () => undefined); // a client that disappears is nothing to tell
    converse(socket, store).catch(() => socket.destroy());
  });
  return listen(server, (done) => server.listen(port, host, done));
}
