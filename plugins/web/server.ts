import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Unavailable } from '../core/directory/directory.ts';
import { EventsUnavailable } from '../core/events/store.ts';
import { printable } from '../core/json-line.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import { Refused, send, seeOther, type Answer } from './answer.ts';
import { assetAnswer } from './assets.ts';
import { cookieOf, readForm, requireOwnHost, requireSameOrigin, sessionIdOf } from './guard.ts';
import { html } from './html.ts';
import { layout } from './layout.ts';
import { logIn, roleNow, type Door } from './login.ts';
import { loginAnswer } from './pages/login-page.ts';
import { actions, pages } from './pages/pages.ts';
import { isSameText, Sessions, type Session } from './sessions.ts';
import type { Site } from './site.ts';
import { Throttle } from './throttle.ts';

/** Key and certificate of the page, PEM. */
export interface PageKeys {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** In octets; a search is the longest that anybody sends in an address. */
const longestHead = 16 * 1024;

/** The server of the page, which does not listen yet. Throws an Error for keys that cannot be used. */
export function createPageServer(site: Site, keys?: PageKeys): Server {
  const { web } = site.policy;
  if (!web) throw new Error('the settings have no section web');
  const door: Door = {
    site,
    sessions: new Sessions(web, () => site.now()),
    throttle: new Throttle(web.login_failures, () => site.now()),
    isTls: keys !== undefined,
    complain: oncePerMinute(() => performance.now()),
    complainOfDirectory: oncePerMinute(() => performance.now()),
  };
  const listener: RequestListener = (request, response) => void handle(door, request, response);
  const options = { maxHeaderSize: longestHead };
  const server = keys
    ? createTlsServer({ ...options, ...keys, minVersion: 'TLSv1.2' }, listener)
    : createServer(options, listener);
  server.requestTimeout = 15_000;
  server.headersTimeout = 5000;
  server.keepAliveTimeout = 5000;
  server.maxConnections = 256;
  return server;
}

/** Answers a request, whatever happens. */
async function handle(door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const isHead = request.method === 'HEAD';
  try {
    send(response, await answerTo(door, request), isHead);
  } catch (error) {
    try {
      send(response, problemAnswer(door.site, error), isHead);
    } catch {
      response.destroy();
    }
  }
}

async function answerTo(door: Door, request: IncomingMessage): Promise<Answer> {
  const { web } = door.site.policy;
  if (!web) throw new Error('the settings have no section web');
  const host = requireOwnHost(request, web);
  const { path, query } = targetOf(request);
  const method = request.method ?? '';
  if (method === 'POST') {
    requireSameOrigin(request, host, door.isTls ? 'https' : 'http');
    return answerToForm(door, request, path, query);
  }
  if (method !== 'GET' && method !== 'HEAD') {
    throw new Refused(405, 'A page can be read, or a form be sent.', { allow: 'GET, HEAD, POST' });
  }
  return assetAnswer(path) ?? (await answerToRead(door, request, path, query));
}

/** RFC 9112 §3.2.1: a path of ours, not the address of another server. */
function targetOf({ url = '' }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  if (!url.startsWith('/')) throw new Refused(400, 'A path, please.');
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  return { path, query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)) };
}

async function answerToRead(
  door: Door,
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
): Promise<Answer> {
  const { site } = door;
  const session = await sessionOf(door, request);
  if (path === '/login' && !session) return loginAnswer({ now: site.now(), to: query.get('to') ?? '' });
  if (path === '/login') return seeOther('/');
  if (!session) return seeOther(`/login?to=${encodeURIComponent(request.url ?? '/')}`);
  const page = pages[path];
  if (!page) throw new Refused(404, 'There is no such page.');
  return page({ site, session, path, query, client: clientOf(request) });
}

async function answerToForm(
  door: Door,
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
): Promise<Answer> {
  const { site, sessions, isTls } = door;
  const client = clientOf(request);
  const form = await readForm(request);
  if (path === '/login') return logIn(door, request, form, client);
  const session = await sessionOf(door, request);
  if (!session) throw new Refused(403, 'The session has ended: log in again.');
  if (!isSameText(form.get('token') ?? '', session.token)) {
    throw new Refused(403, 'This form is not of this session: load the page again.');
  }
  if (path === '/logout') {
    sessions.end(sessionIdOf(request, isTls) ?? '');
    return seeOther('/login', cookieOf('', isTls));
  }
  const action = actions[path];
  if (!action) throw new Refused(404, 'There is no such page.');
  if (session.role !== 'admin') throw new Refused(403, 'Only admins may do this.');
  return action({ site, session, path, query, client, form });
}

/** Who has logged in; every few minutes the directory says whether that still holds. */
async function sessionOf(door: Door, request: IncomingMessage): Promise<Session | undefined> {
  const id = sessionIdOf(request, door.isTls);
  const found = id === undefined ? undefined : door.sessions.find(id);
  if (id === undefined || !found?.isStale) return found?.session;
  const role = await roleNow(door, found.session.login);
  if (role) return door.sessions.confirm(id, role);
  door.sessions.end(id);
  return undefined;
}

function clientOf(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

/** A page that says what is wrong: to somebody outside, nothing of what is inside. */
function problemAnswer(site: Site, error: unknown): Answer {
  const { status, message, headers } = problemOf(site, error);
  const titles: Readonly<Record<number, string>> = {
    403: 'Not allowed',
    404: 'Not found',
    421: 'Wrong name',
    503: 'Not now',
  };
  const content = html`<p class="warning" role="alert">${message}</p>
    <p><a href="/">To the overview</a></p>`;
  const title = titles[status] ?? (status < 500 ? 'Not understood' : 'Something went wrong');
  return { status, body: layout({ title, now: site.now(), content }), headers };
}

function problemOf(site: Site, error: unknown): Pick<Refused, 'status' | 'message' | 'headers'> {
  if (error instanceof Refused) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  site.log(printable(text));
  if (error instanceof EventsUnavailable) {
    return {
      status: 503,
      message: 'The events cannot be read or written now. The log says why.',
      headers: {},
    };
  }
  if (error instanceof Unavailable) {
    return { status: 503, message: 'The directory cannot be asked now. Try again in a moment.', headers: {} };
  }
  return { status: 500, message: 'The log of gatekeeper web says what it was.', headers: {} };
}
