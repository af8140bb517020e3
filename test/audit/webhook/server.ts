import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { GatekeeperEvent } from '../../../plugins/core/events/event.ts';

/** A request as it came. */
export interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly at: number;
}

export type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

export const takes: Behaviour = (response) => response.writeHead(204).end();
export const hangs: Behaviour = () => undefined;

/** A server that takes events, or behaves as it is told, with each request by the next behaviour; the last one stays. */
export class EventServer {
  readonly received: Received[] = [];
  #server: (Server & { closeAllConnections(): void }) | undefined;
  #behaviours: Behaviour[] = [takes];

  async start(tls?: ServerOptions): Promise<this> {
    const listener: RequestListener = (request, response) => void this.#answer(request, response);
    this.#server = tls ? createTlsServer(tls, listener) : createServer(listener);
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    const address = this.#server?.address() as AddressInfo | undefined;
    return address?.port ?? 0;
  }

  behave(...behaviours: Behaviour[]): void {
    this.#behaviours = behaviours;
  }

  get first(): Received {
    const [first] = this.received;
    if (!first) throw new Error('nothing has come');
    return first;
  }

  /** References of the events of all requests, in their order. */
  get references(): string[] {
    return this.received.flatMap(({ body }) =>
      (JSON.parse(body) as { events: GatekeeperEvent[] }).events.map(({ reference }) => reference),
    );
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    await once(this.#server ?? process, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    this.received.push({ headers: request.headers, body, at: performance.now() });
    const [behaviour = takes, ...rest] = this.#behaviours;
    if (rest.length > 0) this.#behaviours = rest;
    behaviour(response, request);
  }
}

/** Writes to the client, past HTTP, every so many milliseconds until it leaves. */
export function repeats(text: string, milliseconds: number): Behaviour {
  return ({ socket }) => {
    const timer = setInterval(() => socket?.write(text), milliseconds);
    socket?.on('close', () => clearInterval(timer));
    socket?.on('error', () => undefined);
  };
}
