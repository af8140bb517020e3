import { once } from 'node:events';
import { request as requestClear, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { Deadline } from '../../core/deadline.ts';

export interface DownloadOptions {
  /** Certificates (PEM) of the authorities that are trusted with https; those of Node.js where absent. */
  readonly ca: string | undefined;
  /** For connection, handshake and answer together. */
  readonly milliseconds: number;
}

/** Octets of an answer; a set of ten keys has less than 20 KiB, with the certificates that some put into it. */
const longestAnswer = 256 * 1024;

/**
 * Asks for a small document, past proxies and caches. Rejects with an Error for everything but a whole answer 200 in time: a
 * redirection could lead anywhere.
 */
export async function download(url: URL, options: DownloadOptions): Promise<string> {
  const late = () => new Error(`no whole answer within ${options.milliseconds / 1000} s`);
  const deadline = new Deadline(options.milliseconds, late);
  const request = ask(url, options);
  // What it dies of is known by then.
  request.on('error', () => undefined);
  try {
    return await deadline.race(answerTo(request));
  } finally {
    deadline.meet();
    request.destroy();
  }
}

function ask(url: URL, { ca }: DownloadOptions): ClientRequest {
  const common = { agent: false, headers: { accept: 'application/jwk-set+json, application/json' } } as const;
  const request =
    url.protocol === 'https:'
      ? // Explicit, because an environment variable can turn the default off.
        requestTls(url, {
          ...common,
          rejectUnauthorized: true,
          minVersion: 'TLSv1.2',
          ...(ca !== undefined && { ca }),
        })
      : requestClear(url, common);
  return request.end();
}

async function answerTo(request: ClientRequest): Promise<string> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const { statusCode: status = 0 } = response;
  const isElsewhere = status >= 300 && status < 400;
  if (status !== 200)
    throw new Error(`HTTP ${status}${isElsewhere ? ': redirections are not followed' : ''}`);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestAnswer) throw new Error(`the answer has more than ${longestAnswer / 1024} KiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
