import { EventEmitter } from 'node:events';
import constants from 'haraka-constants';
import type { Done, TlsChoice } from './guarded-socket.ts';
import { stranger, withHooks } from './throw-away.ts';
import type { Next, Plugin, QueuedMessage, RemoteSocket } from './types.ts';

/** A message without a file, and a server that is not there, for self-tests of how Haraka hands mail on. */
export interface Rehearsed {
  readonly message: QueuedMessage;
  readonly socket: RemoteSocket;
  /** What the server heard. */
  readonly said: readonly string[];
  /** What the message wrote to the log. */
  readonly logged: readonly string[];
  /** What became of the message. */
  readonly outcomes: readonly string[];
  /** With what TLS was begun. */
  readonly tls: () => TlsChoice | undefined;
  /** Haraka hears these lines. */
  readonly hear: (...lines: readonly string[]) => void;
  /** The handshake ends: whether the certificate is accepted, and why not. */
  readonly secure: (isAccepted: boolean, code?: string) => void;
  /** Does it as Haraka's settings have it unless an operator says otherwise; nothing is printed meanwhile. */
  readonly run: (work: () => void) => void;
}

/** TLS of the server is there as soon as it begins. `ends` are methods that end what is rehearsed, beside those that always do. */
export function rehearsal(plugin: Plugin, ends: readonly string[] = []): Rehearsed {
  const [said, outcomes, logged] = [[] as string[], [] as string[], [] as string[]];
  let tls: TlsChoice | undefined;
  let done: Done | undefined;
  const socket = Object.assign(new EventEmitter(), {
    writable: true,
    write: (line: string) => said.push(line.trimEnd()) > 0,
    upgrade: (options: TlsChoice, then: Done) => {
      [tls, done] = [options, then];
    },
    isSecure: () => tls !== undefined,
    isEncrypted: () => tls !== undefined,
    end: () => undefined,
    destroy: () => undefined,
  });
  return {
    message: throwAwayMessage(
      plugin,
      [...ends, 'temp_fail', 'bounce', 'delivered', 'discard'],
      (what) => outcomes.push(what),
      (line) => logged.push(line),
    ),
    ...{ socket, said, logged, outcomes },
    tls: () => tls,
    hear: (...lines) => {
      for (const line of lines) socket.emit('line', `${line}\r\n`);
    },
    secure: (isAccepted, code) => {
      done?.(isAccepted, code, {}, undefined);
      socket.emit('secureConnect');
      socket.emit('secure');
    },
    run: (work) => withTlsEnabled(plugin, work),
  };
}

function throwAwayMessage(
  plugin: Plugin,
  ends: readonly string[],
  end: (what: string) => void,
  log: (line: string) => void,
): QueuedMessage {
  const levels = ['debug', 'info', 'notice', 'warn', 'error', 'crit', 'protocol'];
  const sender = { format: () => '<throw-away@invalid>' };
  const message = Object.create(plugin.haraka_require('outbound').HMailItem.prototype) as QueuedMessage;
  Object.assign(
    message,
    Object.fromEntries(
      levels.map((level) => [`log${level}`, (...lines: readonly unknown[]) => log(lines.map(String).join())]),
    ),
    Object.fromEntries(ends.map((what) => [what, () => end(what)])),
    { todo: { uuid: '', domain: 'invalid', mail_from: sender, rcpt_to: [], notes: {} }, filename: 'none' },
    { mxlist: [] },
  );
  return message;
}

function withTlsEnabled(plugin: Plugin, work: () => void): void {
  const { cfg } = plugin.haraka_require('outbound/config');
  const before = cfg.enable_tls;
  cfg.enable_tls = true;
  try {
    withHooks(plugin, { log: [{ of: stranger, run: (next: Next) => next(constants.ok) }] }, work);
  } finally {
    cfg.enable_tls = before;
  }
}
