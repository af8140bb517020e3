import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

/** What is expected of a port once it is ready: to accept, or to greet as SMTP does, in clear or inside TLS. */
export type Manner = 'accepts' | 'greets' | 'greets inside TLS';

export interface Expected {
  readonly port: number;
  readonly host?: string;
  readonly manner: Manner;
}

const answerMs = 2000;

/** Why nothing can listen on a port of 127.0.0.1 now, as a system error code; undefined when something can. */
export async function obstacle(port: number): Promise<string | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  server.close();
  await once(server, 'close');
  return undefined;
}

/** Resolves to true once all are ready, to false when the signal says to give up. */
export async function allReady(expected: readonly Expected[], signal: AbortSignal): Promise<boolean> {
  const ready = await Promise.all(expected.map((one) => becomesReady(one, signal)));
  return !ready.includes(false);
}

async function becomesReady(expected: Expected, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await isReady(expected)) return true;
    await pause(25);
  }
  return false;
}

async function isReady({ port, host = '127.0.0.1', manner }: Expected): Promise<boolean> {
  const socket =
    manner === 'greets inside TLS'
      ? connectTls({ port, host, rejectUnauthorized: false })
      : connect({ port, host });
  try {
    const event = manner === 'accepts' ? 'connect' : 'data';
    const [data] = (await once(socket, event, { signal: AbortSignal.timeout(answerMs) })) as [Buffer?];
    return manner === 'accepts' || data?.toString().startsWith('220') === true;
  } catch {
    return false; // refused, closed or silent
  } finally {
    socket.destroy();
  }
}
