import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import constants from 'haraka-constants';
import { messageOf } from '../../message-of.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { stranger, withHooks } from '../throw-away.ts';
import type { Deferral, Mx, Plugin, QueuedMessage, RemoteSocket, Tried } from '../types.ts';
import { isVerified } from '../outgoing-socket.ts';
import { letPass } from './delivery-guard.ts';

/** A server that a message was to be handed to, as far as it was come. */
export interface Attempt {
  readonly mx: Mx;
  port?: number;
  address?: string;
  tls?: { readonly version: string; readonly cipher: string; readonly isVerified: boolean };
  /** Code of the last reply, and the status where Haraka takes it out of the text. */
  head?: string;
  /** Why there was no connection, or no more. */
  fault?: string;
}

/** One try to deliver a message: its servers, in their order. */
interface Try {
  /** `performance.now()`. */
  readonly started: number;
  readonly attempts: Attempt[];
}

/** What became of some recipients of a message. */
export interface Ending extends Try {
  readonly outcome: 'delivered' | 'deferred' | 'bounced' | 'dropped';
  readonly recipients: readonly Tried[];
  /** Whether each recipient has a `reason` of its own. */
  readonly isByRecipient: boolean;
  /** Reply of the server, or why there is none, in Haraka's words. */
  readonly words: string;
  /** Seconds until the next try. */
  readonly again?: number;
  /** Why the sender is not told that it is bounced. */
  readonly untold?: 'by a plugin' | 'null sender';
}

type Visitor = (message: QueuedMessage, ending: Ending) => void;

const byMessage = new WeakMap<QueuedMessage, Try>();
const byMx = new WeakMap<Mx, { readonly of: Try; readonly attempt: Attempt }>();

/** What the self-test hears, by the message that it is made with. */
const trials = new WeakMap<QueuedMessage, Visitor>();

/**
 * Tells what becomes of each recipient, at each try, whatever the hooks for that answer. It only looks on: it stays in place
 * when it is taken out, silent, since `delivery-guard` stands around it.
 */
export const deliveryOutcomes = definePatch({
  name: 'delivery-outcomes',
  reaches:
    '`get_mx`, `try_deliver`, `try_deliver_host_on_socket`, `delivered`, `deferred_respond` and `bounce_respond` of messages in the queue, `get_client` of outbound/client_pool.js, and events of the socket',
  why: 'At `delivered`, `deferred` and `bounce` any answer of a plugin that was loaded earlier keeps ours from running, and none of them tells of TLS, or why no server could be reached.',
  fallback:
    'the events `outbound/delivery` are missing, and `gatekeeper trace` does not know where mail went',
  install(plugin, visit: Visitor) {
    let isOn = true;
    const watch: Watch = (look) => {
      try {
        if (isOn) look();
      } catch (error) {
        plugin.logerror(`the trail: ${messageOf(error)}`);
      }
    };
    const tell: Visitor = (message, ending) => (trials.get(message) ?? visit)(message, ending);
    watchTries(plugin, watch);
    watchEndings(plugin, watch, tell);
    return () => {
      isOn = false;
    };
  },
  selfTest(plugin) {
    const [alice, bob] = ['alice', 'bob'].map((user) => ({ user, host: 'invalid', format: () => '<x>' }));
    const delivered = endingOf(plugin, talk);
    expectEnding('a delivery', delivered, { outcome: 'delivered', isByRecipient: false, words: 'Taken' });
    expect('the code of the last reply', delivered?.attempts[0]?.head === '250 2.0.0 ');
    const dropped = endingOf(plugin, (message) => message.temp_fail('Later', { fail_recips: [alice] }));
    expectEnding('a deferral', dropped, { outcome: 'dropped', isByRecipient: true, words: 'Later' });
    expect('whom it is about', dropped?.recipients[0] === alice);
    const bounced = endingOf(plugin, (message) => bounce(message, { bounce_recips: [bob] }));
    expectEnding('a bounce', bounced, { outcome: 'bounced', isByRecipient: true, words: '550 No' });
    expect('who is bounced', bounced?.recipients[0] === bob);
  },
});

function expectEnding(
  what: string,
  ending: Ending | undefined,
  wanted: Pick<Ending, 'outcome' | 'isByRecipient' | 'words'>,
): void {
  const { outcome, isByRecipient, words, recipients } = ending ?? {};
  expect(`${what} to be told`, isDeepStrictEqual({ outcome, isByRecipient, words }, wanted));
  expect(`${what} to have one recipient`, recipients?.length === 1);
}

type Watch = (look: () => void) => void;

/** Notes which servers are tried, and what is known of the connections. */
function watchTries(plugin: Plugin, watch: Watch): void {
  const { prototype } = plugin.haraka_require('outbound').HMailItem;
  before(prototype, 'get_mx', watch, (message) => beginTry(message));
  before(prototype, 'try_deliver', watch, (message) => {
    const [mx] = message.mxlist;
    if (mx) noteServer(message, mx);
  });
  replaceMethod(
    prototype,
    'try_deliver_host_on_socket',
    (original) =>
      function (this: QueuedMessage, mx, host, port, socket) {
        original.call(this, mx, host, port, socket);
        watch(() => listen(byMx.get(mx)?.attempt, port, socket));
      },
  );
  replaceMethod(plugin.haraka_require('outbound/client_pool'), 'get_client', (original) => (mx, done) => {
    original(mx, (error, socket) => {
      watch(() => {
        const attempt = byMx.get(mx)?.attempt;
        if (attempt && error) attempt.fault = messageOf(error);
      });
      done(error, socket);
    });
  });
}

function beginTry(message: QueuedMessage): Try {
  const begun = { started: performance.now(), attempts: [] };
  byMessage.set(message, begun);
  return begun;
}

function noteServer(message: QueuedMessage, mx: Mx): void {
  const attempt = { mx };
  const of = byMessage.get(message) ?? beginTry(message);
  of.attempts.push(attempt);
  byMx.set(mx, { of, attempt });
}

/** Before what Haraka itself does at these events: that may be the end of the try. */
function listen(attempt: Attempt | undefined, port: number, socket: RemoteSocket): void {
  if (!attempt) return;
  attempt.port = port;
  if (socket.remoteAddress !== undefined) attempt.address = socket.remoteAddress;
  socket.prependListener('secure', () => {
    const { cleartext } = socket;
    const version = cleartext?.getProtocol();
    if (!cleartext || !version) return;
    attempt.tls = { version, cipher: cleartext.getCipher().name, isVerified: isVerified(socket) };
  });
  socket.prependListener('line', (line: string) => {
    const [, code, status = ''] = /^(\d{3})[ -]#?(\d\.\d\.\d\s)?/.exec(line) ?? [];
    if (code !== undefined) attempt.head = `${code} ${status}`;
  });
  socket.prependListener('error', (error: unknown) => {
    attempt.fault ??= messageOf(error);
  });
  socket.prependListener('close', () => {
    attempt.fault ??= 'the server closed the connection';
  });
}

function watchEndings(plugin: Plugin, watch: Watch, tell: Visitor): void {
  const { prototype } = plugin.haraka_require('outbound').HMailItem;
  before(prototype, 'delivered', watch, (message, ...[, , , , words, recipients]) => {
    tell(message, { ...tryOf(message), outcome: 'delivered', recipients, isByRecipient: false, words });
  });
  before(prototype, 'deferred_respond', watch, (message, code, seconds, params) => {
    // Of a file that cannot be read nothing is known: it stays where it is.
    if (message.todo as unknown) tell(message, deferral(message, code, seconds, params));
  });
  before(prototype, 'bounce_respond', watch, (message, code) => tell(message, bounceOf(message, code)));
}

function deferral(message: QueuedMessage, code: number, seconds: unknown, params: Deferral): Ending {
  const isKept = code === constants.cont || code === constants.denysoft;
  const again = code === constants.denysoft ? Number.parseInt(String(seconds), 10) : params.delay;
  return {
    ...tryOf(message, params.mx),
    outcome: isKept ? 'deferred' : 'dropped',
    ...whom(message, params.fail_recips),
    words: messageOf(params.err),
    ...(isKept && Number.isFinite(again) && { again }),
  };
}

function bounceOf(message: QueuedMessage, code: number): Ending {
  const { bounce_error: error, todo } = message;
  const untold =
    code !== constants.cont ? 'by a plugin' : todo.mail_from.user === '' ? 'null sender' : undefined;
  return {
    ...tryOf(message, error?.mx),
    outcome: 'bounced',
    ...whom(message, error?.bounced_rcpt ?? error?.deferred_rcpt),
    words: error ? messageOf(error) : '',
    ...(untold && { untold }),
  };
}

/** Those that are named, or all that the message has. */
function whom({ todo }: QueuedMessage, named: readonly Tried[] | undefined) {
  return { recipients: named ?? todo.rcpt_to, isByRecipient: named !== undefined };
}

/** What Haraka splits off a message has been tried as a part of it: the server tells. */
function tryOf(message: QueuedMessage, mx?: Mx): Try {
  return byMessage.get(message) ?? (mx && byMx.get(mx)?.of) ?? { started: performance.now(), attempts: [] };
}

type Method = 'get_mx' | 'try_deliver' | 'delivered' | 'deferred_respond' | 'bounce_respond';

/** Has `look` see what a method is called with, before it does anything. */
function before<Name extends Method>(
  prototype: QueuedMessage,
  name: Name,
  watch: Watch,
  look: (message: QueuedMessage, ...given: Parameters<QueuedMessage[Name]>) => void,
): void {
  replaceMethod(prototype, name, (original) => {
    const call = original as (this: QueuedMessage, ...given: Parameters<QueuedMessage[Name]>) => unknown;
    function watched(this: QueuedMessage, ...given: Parameters<QueuedMessage[Name]>): unknown {
      watch(() => {
        look(this, ...given);
      });
      return call.apply(this, given);
    }
    return watched as QueuedMessage[Name];
  });
}

/** What is told of a message without a file while `work` ends it; every hook answers as no plugin should. */
function endingOf(plugin: Plugin, work: (message: QueuedMessage) => void): Ending | undefined {
  let told: Ending | undefined;
  const levels = ['debug', 'info', 'notice', 'warn', 'error', 'crit', 'protocol', 'data'];
  const nothing = () => undefined;
  const recipient = { user: 'bob', host: 'invalid', format: () => '<bob@invalid>' };
  const message = Object.assign(
    Object.create(plugin.haraka_require('outbound').HMailItem.prototype) as QueuedMessage,
    Object.fromEntries(levels.map((level) => [`log${level}`, nothing])),
    { ...{ path: '/dev/null/none', filename: 'none', refcount: 1, num_failures: -1 }, next_cb: nothing },
    { todo: { domain: 'invalid', mail_from: recipient, rcpt_to: [recipient], queue_time: 0, notes: {} } },
  );
  letPass(message);
  trials.set(message, (_message, ending) => {
    told = ending;
  });
  const [hook] = [{ of: stranger, run: (next: (code: number) => void) => next(constants.ok) }];
  withHooks(plugin, { delivered: [hook], deferred: [hook], bounce: [hook], log: [hook] }, () => {
    work(message);
  });
  trials.delete(message);
  return told;
}

function bounce(message: QueuedMessage, more: object): void {
  (message.bounce as (reason: string, more: object) => void)('550 No', more);
}

/** A server says what it has to, and takes a message without a line. */
function talk(message: QueuedMessage): void {
  const nothing = () => undefined;
  const socket = Object.assign(new EventEmitter(), {
    ...{ writable: true, write: () => true, upgrade: nothing },
    ...{ end: nothing, destroy: nothing, isSecure: () => false },
  });
  const mx = { exchange: 'invalid', port: 25, bind_helo: 'invalid' };
  const content = {
    on: (event: string, run: () => void) => {
      if (event === 'end') run();
    },
    pipe: nothing,
  };
  Object.assign(message, { data_stream: () => content });
  noteServer(message, mx);
  message.try_deliver_host_on_socket(mx, 'invalid', 25, socket);
  for (const line of ['220 x', '250 x', '250 OK', '250 OK', '354 x', '250 2.0.0 Taken']) {
    socket.emit('line', line);
  }
}
