import { EventEmitter } from 'node:events';
import constants from 'haraka-constants';
import { oncePerMinute } from '../../once-per-minute.ts';
import { Secret } from '../../secret.ts';
import { ConnectionGuard } from '../../smart-host/guard.ts';
import type { SmartHost } from '../../smart-host/types.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { stranger, withHooks } from '../throw-away.ts';
import type { Next, OutboundSocket, Plugin, QueuedMessage } from '../types.ts';

/** How a message leaves at this try. */
interface Departure {
  readonly host: SmartHost;
  readonly complain: (why: string) => void;
}

const departures = new WeakMap<QueuedMessage, Departure>();

let isInForce = false;

const complaints = new Map<string, (action: () => void) => void>();

/**
 * Delivers through a smart host: Haraka knows its name alone, and what is said to it before MAIL, the login above all, is
 * said below Haraka.
 */
export const smartHostGuard = definePatch({
  name: 'smart-host',
  reaches:
    '`get_force_tls`, `try_deliver_host_on_socket` and `delivered` of messages in the queue, and `write`, `emit` and `upgrade` of the sockets that they leave by',
  why: 'Haraka logs credentials, sends without a login where none is offered, takes no authority of ours for one server, and bounces mail when a login is refused.',
  fallback: 'mail for smart hosts stays in the queue',
  install(plugin) {
    const { prototype } = plugin.haraka_require('outbound').HMailItem;
    const restore = [
      replaceMethod(
        prototype,
        'get_force_tls',
        (isForced) =>
          function (this: QueuedMessage, mx) {
            return departures.get(this)?.host.verify === true || isForced.call(this, mx);
          },
      ),
      replaceMethod(
        prototype,
        'try_deliver_host_on_socket',
        (deliver) =>
          function (this: QueuedMessage, mx, host, port, socket) {
            const departure = departures.get(this);
            if (departure) guardSocket(plugin, this, departure, socket);
            deliver.call(this, mx, host, port, socket);
          },
      ),
      replaceMethod(
        prototype,
        'delivered',
        (tell) =>
          function (this: QueuedMessage, ...facts) {
            // Haraka itself has not logged in.
            if (departures.get(this)?.host.credentials) facts[9] = true;
            tell.apply(this, facts);
          },
      ),
    ];
    isInForce = true;
    return () => {
      isInForce = false;
      restore.forEach((undo) => undo());
    };
  },
  selfTest(plugin) {
    const good = rehearse(plugin, ['235 2.7.0 OK']);
    expect('TLS to be demanded', good.isForced);
    expect('STARTTLS to be said', good.said.includes('STARTTLS'));
    const { servername, rejectUnauthorized, ca } = good.tls ?? {};
    expect('the certificate to be verified', servername === 'smart.invalid' && rejectUnauthorized === true);
    expect('authorities of ours', ca === 'authority');
    expect('a login before MAIL', /^AUTH .*\nMAIL FROM:/m.test(good.said.join('\n')));
    expect('no secret to be known to Haraka', !good.known.includes('pass') && !/cGFzcw/.test(good.known));
    const bad = rehearse(plugin, ['535 5.7.8 No']);
    expect('no MAIL after a login that is refused', !bad.said.some((line) => line.startsWith('MAIL')));
    expect('a login that is refused to defer', bad.outcomes.join() === 'temp_fail');
  },
});

/** Whether mail can leave through a smart host. */
export function hasSmartHosts(): boolean {
  return isInForce;
}

/** Says through which smart host a message leaves at this try; the server that Haraka is told of, which has no secret. */
export function departThrough(plugin: Plugin, message: QueuedMessage, host: SmartHost | undefined): object {
  departures.delete(message);
  if (!host) return {};
  departures.set(message, { host, complain: (why) => complainOf(plugin, host, why) });
  return { priority: 0, exchange: host.host, port: host.port };
}

function complainOf(plugin: Plugin, { name, host, port }: SmartHost, why: string): void {
  const limit = complaints.get(name) ?? oncePerMinute(() => performance.now());
  complaints.set(name, limit);
  limit(() => plugin.logcrit(`smart host ${name} (${host}:${port}): ${why}; its mail waits in the queue`));
}

/** Puts the guard between Haraka and a socket, before Haraka has a listener there. */
function guardSocket(
  plugin: Plugin,
  message: QueuedMessage,
  { host, complain }: Departure,
  socket: OutboundSocket,
): void {
  const [write, emit, upgrade] = [socket.write, socket.emit, socket.upgrade].map((method) =>
    method.bind(socket),
  ) as [OutboundSocket['write'], OutboundSocket['emit'], OutboundSocket['upgrade']];
  let held: Parameters<typeof write> | undefined;
  const guard = new ConnectionGuard(host, {
    complain,
    say: (line, shown) => {
      message.logprotocol(`C: ${shown}`);
      write(`${line}\r\n`, 'utf8');
    },
    tell: (line) => emit('line', line),
    release: () => held && write(...held),
    log: (line) => {
      message.logprotocol(line);
    },
    isVerified: () => socket.isSecure(),
    close: () => {
      socket.destroy();
    },
  });
  socket.write = (...said) => {
    const passage = guard.isOpen ? 'goes' : guard.say(String(said[0]));
    if (passage === 'held') held = said;
    const isWritten = passage !== 'held' && write(...said);
    if (passage === 'last') socket.end();
    return isWritten;
  };
  socket.emit = (event, ...facts) => {
    if (event === 'secureConnect') guard.secured();
    if (event === 'error') unmarked(guard, host, facts[0] as Error);
    if (event !== 'line') return emit(event, ...facts);
    const heard = guard.hear(String(facts[0]));
    return heard === undefined || emit('line', heard);
  };
  socket.upgrade = (options, done) => {
    guard.upgrading();
    if (host.verify) upgradeVerified(plugin, host, (ours) => upgrade({ ...options, ...ours(options) }, done));
    else upgrade(options, done);
  };
}

/** Haraka notes of a server whose TLS fails that it has none, and would say so to others. */
function unmarked(guard: ConnectionGuard, { verify }: SmartHost, error: Error & { source?: string }): void {
  guard.broken(error.message);
  if (verify && error.source === 'tls') error.source = 'smart-host';
}

type TlsChoice = Readonly<Record<string, unknown>>;

/** For mutual TLS Haraka lays the options of our own listeners over these: their authorities, and whom they trust. */
function upgradeVerified(
  plugin: Plugin,
  { host, ca }: SmartHost,
  upgrade: (ours: (options: TlsChoice) => TlsChoice) => void,
): void {
  const tlsSocket = plugin.haraka_require('tls_socket');
  const before = tlsSocket.tls_valid;
  tlsSocket.tls_valid = false;
  try {
    upgrade(({ minVersion }) => ({
      ...{ servername: host, rejectUnauthorized: true, ca },
      minVersion: minVersion === 'TLSv1.3' ? minVersion : 'TLSv1.2',
    }));
  } finally {
    tlsSocket.tls_valid = before;
  }
}

/** What Haraka does with a message for a smart host that answers a login so. */
interface Rehearsal {
  readonly isForced: boolean;
  /** What the server hears. */
  readonly said: string[];
  /** What the message says of itself, to the log and to others. */
  readonly known: string;
  readonly tls: TlsChoice | undefined;
  readonly outcomes: string[];
}

/** A smart host that is not there: its TLS is verified as soon as it begins. */
function rehearse(plugin: Plugin, replies: readonly string[]): Rehearsal {
  const [said, outcomes, known] = [[] as string[], [] as string[], [] as string[]];
  const message = throwAwayMessage(
    plugin,
    (what) => outcomes.push(what),
    (line) => known.push(line),
  );
  let tls: TlsChoice | undefined;
  let isSecure = false;
  const socket = Object.assign(new EventEmitter(), {
    writable: true,
    write: (line: string) => said.push(line.trimEnd()) > 0,
    upgrade: (options: TlsChoice) => {
      [tls, isSecure] = [options, true];
    },
    isSecure: () => isSecure,
    isEncrypted: () => isSecure,
    end: () => undefined,
    destroy: () => undefined,
  });
  const credentials = { user: 'user', password: Secret.fromText('pass') };
  const host = { name: 'none', host: 'smart.invalid', port: 587, verify: true, ca: 'authority', credentials };
  departures.set(message, { host, complain: () => undefined });
  const mx = { exchange: '192.0.2.1', from_dns: 'smart.invalid', port: 587, bind_helo: 'helo.invalid' };
  const isForced = (message.force_tls = message.get_force_tls(mx));
  const hear = (...lines: readonly string[]) => {
    for (const line of lines) socket.emit('line', `${line}\r\n`);
  };
  withTlsEnabled(plugin, () => {
    message.try_deliver_host_on_socket(mx, mx.exchange, mx.port, socket as unknown as OutboundSocket);
    hear('220 none', '250-none', '250 STARTTLS', '220 Go on');
    socket.emit('secureConnect');
    socket.emit('secure');
    hear('250-none', '250 AUTH PLAIN LOGIN', ...replies);
  });
  return { isForced, said, known: known.join('\n') + JSON.stringify([mx, message.todo]), tls, outcomes };
}

function throwAwayMessage(
  plugin: Plugin,
  end: (what: string) => void,
  log: (line: string) => void,
): QueuedMessage {
  const levels = ['debug', 'info', 'notice', 'warn', 'error', 'crit', 'protocol'];
  const ends = ['temp_fail', 'bounce', 'delivered', 'try_deliver', 'discard'];
  const sender = { format: () => '<throw-away@invalid>' };
  return Object.assign(
    Object.create(plugin.haraka_require('outbound').HMailItem.prototype) as QueuedMessage,
    Object.fromEntries(
      levels.map((level) => [`log${level}`, (...lines: readonly unknown[]) => log(lines.map(String).join())]),
    ),
    Object.fromEntries(ends.map((what) => [what, () => end(what)])),
    { todo: { uuid: '', domain: 'invalid', mail_from: sender, rcpt_to: [], notes: {} }, filename: 'none' },
  );
}

/** As Haraka's settings have it unless an operator says otherwise; nothing is printed meanwhile. */
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
