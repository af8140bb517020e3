import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../core/directory/endpoint.ts';
import type { WebSettings } from '../core/settings/web.ts';
import { Refused } from './answer.ts';

/**
 * A name that somebody else's DNS points at this page ("rebinding") makes his script in the browser of an admin one of the same
 * origin: only names that are ours are answered (RFC 9110 §15.5.20). The port is not looked at, for there may be a tunnel.
 */
export function requireOwnHost(request: IncomingMessage, settings: WebSettings): string {
  const [host, ...others] = request.headersDistinct['host'] ?? [];
  if (host === undefined || others.length > 0) throw new Refused(400, 'One Host, please.');
  const name = host.replace(/:\d{0,5}$/, '').toLowerCase();
  if (ownNames(settings).includes(name)) return host.toLowerCase();
  throw new Refused(421, 'This page has another name: see hosts in the section web of the settings.');
}

function ownNames({ host, hosts }: WebSettings): readonly string[] {
  const address = host.includes(':') ? `[${host}]` : host;
  const own = isLoopback(host) ? [address, 'localhost', '127.0.0.1', '[::1]'] : [address];
  return [...own, ...hosts].map((name) => name.toLowerCase());
}

/**
 * What changes something has to come from a page of ours: by Sec-Fetch-Site (Fetch Metadata), by Origin where a browser sends
 * none. With `no-referrer` browsers write the Origin of a form as `null`. Who sends neither is no browser of today.
 */
export function requireSameOrigin(request: IncomingMessage, host: string, scheme: 'http' | 'https'): void {
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  const isOwnOrigin = origin?.toLowerCase() === `${scheme}://${host}`;
  const isForeignOrigin = origin !== undefined && origin !== 'null' && !isOwnOrigin;
  const isOurs = site === undefined ? isOwnOrigin : site === 'same-origin' && !isForeignOrigin;
  if (!isOurs) throw new Refused(403, 'This request came from another page.');
}

/** In octets: a form here has a few short fields. */
const longestForm = 16 * 1024;

/** The fields of a form that was sent. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') throw new Refused(415, 'A form, please.');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestForm) throw new Refused(413, 'This is too much.', { connection: 'close' });
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** The name of the cookie: with TLS no other host, and no page in clear, can set one of this name (RFC 6265bis §4.1.3.2). */
function cookieName(isTls: boolean): string {
  return isTls ? '__Host-gatekeeper' : 'gatekeeper';
}

/** The id of the session that a browser says it has. Of two it is none: somebody has put one there. */
export function sessionIdOf(request: IncomingMessage, isTls: boolean): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const prefix = `${cookieName(isTls)}=`;
  const [found, ...others] = pairs.filter((pair) => pair.startsWith(prefix));
  return others.length === 0 ? found?.slice(prefix.length) : undefined;
}

/** Sets the cookie of a session; with an empty id takes it away. */
export function cookieOf(id: string, isTls: boolean): Readonly<Record<string, string>> {
  const end = id === '' ? '; Max-Age=0' : '';
  const secure = isTls ? '; Secure' : '';
  return { 'set-cookie': `${cookieName(isTls)}=${id}; Path=/; HttpOnly; SameSite=Strict${secure}${end}` };
}
