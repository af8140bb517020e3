import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { Deadline } from './deadline.ts';
import { openRequest, type RequestNeeds } from './http-request.ts';

export interface DownloadOptions extends Pick<RequestNeeds, 'ca' | 'lookup' | 'checkServerIdentity'> {
  /** Media types that are asked for, as the field Accept has them. */
  readonly accept: string;
  /** Octets of the longest answer. */
  readonly longest: number;
  /** For connection, handshake and answer together. */
  readonly milliseconds: number;
}

/** What was brought. */
export interface Download {
  /** As the field Content-Type has it. */
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

/** The certificate of the server does not prove that it is the one that was meant. */
export class UntrustedServer extends Error {}

/**
 * Asks for a small document, past proxies and caches. Rejects with an Error for everything but a whole answer 200 in time: a
 * redirection could lead anywhere.
 */
export async function download(url: URL, options: DownloadOptions): Promise<Download> {
  const late = () => new Error(`no whole answer within ${options.milliseconds / 1000} s`);
  const deadline = new Deadline(options.milliseconds, late);
  const request = ask(url, options);
  // What it dies of is known by then.
  request.on('error', () => undefined);
  try {
    return await deadline.race(answerTo(request, options.longest));
  } catch (error) {
    throw isUntrusted(request) ? new UntrustedServer((error as Error).message, { cause: error }) : error;
  } finally {
    deadline.meet();
    request.destroy();
  }
}

function ask(url: URL, { accept, ca, lookup, checkServerIdentity }: DownloadOptions): ClientRequest {
  const own = { ...(lookup && { lookup }), ...(checkServerIdentity && { checkServerIdentity }) };
  return openRequest(url, { ca, headers: { accept }, ...own }).end();
}

/** Node.js says so of the connection whatever code the error has. */
function isUntrusted({ socket }: ClientRequest): boolean {
  return Boolean((socket as Partial<TLSSocket> | null)?.authorizationError);
}

async function answerTo(request: ClientRequest, longest: number): Promise<Download> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const { statusCode: status = 0, headers } = response;
  const isElsewhere = status >= 300 && status < 400;
  if (status !== 200)
    throw new Error(`HTTP ${status}${isElsewhere ? ': redirections are not followed' : ''}`);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longest) throw new Error(`the answer has more than ${longest / 1024} KiB`);
    chunks.push(chunk);
  }
  return { contentType: headers['content-type'], body: Buffer.concat(chunks) };
}
