import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { openRequest } from '../../core/http-request.ts';
import { messageOf } from '../../core/message-of.ts';
import type { Destination } from './destination.ts';
import { sharedLookup } from './lookup.ts';

/** What a server said to events that it was sent. */
export type Answer =
  | { readonly kind: 'taken' }
  /** It will never take them. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It may take them later; not before so many milliseconds, where it said so. */
  | { readonly kind: 'failed'; readonly why: string; readonly afterMs?: number };

/** Events that are sent together; each try has the same id. */
export interface Parcel {
  readonly id: string;
  readonly body: string;
}

/**
 * Sends events in one request. Never rejects, and reads nothing but status and header fields of the answer: whatever comes
 * behind them, or does not come, costs nothing. It does not keep the process from ending.
 */
export function post(destination: Destination, parcel: Parcel, now: Date): Promise<Answer> {
  const { url, ca, milliseconds } = destination;
  const signal = AbortSignal.timeout(milliseconds);
  return new Promise((resolve) => {
    const fail = (why: string) => {
      resolve({ kind: 'failed', why: signal.aborted ? `no answer within ${milliseconds / 1000} s` : why });
    };
    try {
      const headers = headersOf(destination, parcel, now);
      const request = openRequest(url, { method: 'POST', headers, ca, signal, lookup: sharedLookup });
      request.on('socket', (socket) => socket.unref());
      request.on('response', ({ statusCode = 0, headers: answered }) => {
        resolve(answerOf(statusCode, answered, now));
        request.destroy();
      });
      request.on('error', (error) => fail(messageOf(error)));
      request.on('close', () => fail('the connection was closed'));
      request.end(parcel.body);
    } catch (error) {
      fail(messageOf(error));
    }
  });
}

/** As Standard Webhooks has it: the key signs id, time and body together, so that none can be changed, or said again later. */
function headersOf(
  { key, authorization }: Destination,
  { id, body }: Parcel,
  now: Date,
): OutgoingHttpHeaders {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const sign = (bytes: Buffer) =>
    createHmac('sha256', bytes).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    ...{ 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    ...{ 'user-agent': 'haraka-plugin-gatekeeper', 'webhook-id': id, 'webhook-timestamp': timestamp },
    ...(key && { 'webhook-signature': `v1,${key.reveal(sign)}` }),
    ...(authorization && { authorization: authorization.reveal(String) }),
  };
}

/** Of the codes that blame the client, these do not blame the events: RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4. */
const passing: readonly number[] = [408, 425, 429];

function answerOf(status: number, headers: IncomingHttpHeaders, now: Date): Answer {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const why = `HTTP ${status}`;
  if (status < 400) return { kind: 'refused', why: `${why}: redirections are not followed` };
  if (status < 500 && !passing.includes(status)) return { kind: 'refused', why };
  const afterMs = waitOf(headers['retry-after'], now);
  return { kind: 'failed', why, ...(afterMs !== undefined && { afterMs }) };
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function waitOf(text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined;
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  return wait > 0 ? wait : undefined;
}
