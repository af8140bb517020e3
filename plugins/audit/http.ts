import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { settingsState } from '../core/haraka/settings-in-force.ts';
import type { Policy } from '../core/settings/settings.ts';
import { metricsType } from './metrics.ts';
import type { Unstored } from './unstored.ts';

type Address = Policy['http'];

/** A port may be taken only until another process has ended. */
const retryAfterMs = 5000;

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Page {
  readonly type: string;
  readonly answer: () => Answer | Promise<Answer>;
}

/** What the pages show. */
export interface Shown {
  readonly metrics: () => Promise<string>;
  readonly unstored: Unstored;
}

const json = 'application/json';

type Pages = Readonly<Record<string, Page>>;

/** `stale` while newer settings are refused; mail goes on under those of `revision`. */
interface Health {
  readonly status: 'ok' | 'no-mail';
  /** Why no event can be kept, and every message is deferred. */
  readonly events?: string;
  readonly revision: string;
  readonly settings: 'current' | 'stale';
  readonly emergency?: true;
}

/** The HTTP port of the settings in force: health and metrics. */
export class HttpServer {
  readonly #pages: Pages;
  readonly #onFault: (problem: string) => void;
  #address: Address;
  #server: Server | undefined;
  #hasBegun = false;

  constructor({ metrics, unstored }: Shown, onFault: (problem: string) => void) {
    this.#pages = {
      '/health': { type: json, answer: () => answerOf(health(unstored())) },
      '/metrics': { type: metricsType, answer: async () => ({ status: 200, body: await metrics() }) },
    };
    this.#onFault = onFault;
  }

  /** Listens from now on, in this process: before that an address is only noted. */
  begin(): void {
    this.#hasBegun = true;
    this.#listen();
  }

  /** Moves to another address, or to none. */
  listenOn(address: Address): void {
    if (isDeepStrictEqual(address, this.#address)) return;
    this.#address = address;
    if (this.#hasBegun) this.#listen();
  }

  #listen(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#server = undefined;
    if (!this.#address) return;
    const { host, port } = this.#address;
    const server = createServer((request, response) => void answer(this.#pages, request, response));
    server.requestTimeout = 5000;
    server.headersTimeout = 5000;
    server.on('error', (error) => {
      this.#onFault(`no HTTP on ${host}:${port}: ${error.message}`);
      this.#retryLater(server);
    });
    this.#server = server.listen(port, host);
  }

  #retryLater(failed: Server): void {
    setTimeout(() => {
      if (this.#server === failed) this.#listen();
    }, retryAfterMs).unref();
  }
}

/** What is no page is 404, every method that does not read is 405. Never rejects. */
async function answer(pages: Pages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = pages[request.url ?? ''];
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const { status, type, body } = isRead && page ? await render(page) : errorPage(page ? 405 : 404);
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function render({ type, answer: give }: Page): Promise<Answer & { type: string }> {
  try {
    return { type, ...(await give()) };
  } catch {
    return errorPage(500);
  }
}

function errorPage(status: number) {
  return { status, type: json, body: jsonBody({ error: status }) };
}

function jsonBody(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function answerOf(health: Health): Answer {
  return { status: health.status === 'ok' ? 200 : 503, body: jsonBody(health) };
}

function health(events: string | undefined): Health {
  const { settings, refused } = settingsState();
  return {
    status: events === undefined ? 'ok' : 'no-mail',
    ...(events !== undefined && { events }),
    revision: settings.revision,
    settings: refused === undefined ? 'current' : 'stale',
    ...(settings.policy.emergency && { emergency: true }),
  };
}
