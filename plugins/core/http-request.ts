import { request as requestClear, type ClientRequest, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

/** What differs from one use to another. */
export interface RequestNeeds
  extends
    Pick<RequestOptions, 'method' | 'headers' | 'signal' | 'lookup'>,
    Pick<ConnectionOptions, 'checkServerIdentity'> {
  /** Certificates (PEM) of the authorities that are trusted with https; those of Node.js where absent. */
  readonly ca: string | undefined;
}

/** Begins a request on a connection of its own, past proxies and caches; a redirection is an answer like any other. */
export function openRequest(url: URL, { ca, checkServerIdentity, ...needs }: RequestNeeds): ClientRequest {
  const common = { ...needs, agent: false } as const;
  if (url.protocol !== 'https:') return requestClear(url, common);
  // Explicit, because an environment variable can turn the default off.
  const tls = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;
  const whom = { ...(ca !== undefined && { ca }), ...(checkServerIdentity && { checkServerIdentity }) };
  return requestTls(url, { ...common, ...tls, ...whom });
}
