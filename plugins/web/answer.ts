import type { ServerResponse } from 'node:http';
import type { Html } from './html.ts';

/** What is answered to a request. */
export interface Answer {
  readonly status: number;
  readonly body?: Html | Buffer;
  /** Of `body`; a page where absent. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Nothing but our own files, no script and no style in the page itself (CSP Level 3 §6); nobody frames it, keeps it, or learns
 * where somebody came from.
 */
const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'x-robots-tag': 'noindex, nofollow',
  'cache-control': 'no-store',
};

/** Sends it, without the body where only the head was asked for. */
export function send(
  response: ServerResponse,
  { status, body, type, headers }: Answer,
  isHead: boolean,
): void {
  const octets =
    body === undefined ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : Buffer.from(String(body));
  response.writeHead(status, {
    ...securityHeaders,
    'content-type': type ?? 'text/html; charset=utf-8',
    'content-length': String(octets.length),
    ...headers,
  });
  response.end(isHead ? undefined : octets);
}

/** RFC 9110 §15.4.4: after a form, so that loading the page again does not send it again. */
export function seeOther(location: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 303, headers: { location, ...headers } };
}

/** A request that cannot be answered as it was asked, in words for whoever asked. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
