import { oncePerMinute } from '../../once-per-minute.ts';
import { Secret } from '../../secret.ts';
import type { SmartHost } from '../../smart-host/types.ts';
import type { TlsChoice } from '../guarded-socket.ts';
import { guardSmartHost } from '../smart-host-socket.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { rehearsal } from '../rehearsal.ts';
import type { Plugin, QueuedMessage } from '../types.ts';

/** How a message leaves at this try. */
interface Departure {
  readonly host: SmartHost;
  readonly complain: (why: string) => void;
}

const departures = new WeakMap<QueuedMessage, Departure>();

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
            if (departure) {
              const log = (line: string) => {
                this.logprotocol(line);
              };
              guardSmartHost(plugin, departure.host, socket, { complain: departure.complain, log });
            }
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
    return () => restore.forEach((undo) => undo());
  },
  selfTest(plugin) {
    const good = rehearse(plugin, ['235 2.7.0 OK']);
    expect('TLS to be demanded', good.isForced);
    expect('STARTTLS to be said', good.said.includes('STARTTLS'));
    const { servername, rejectUnauthorized, ca } = good.tls ?? {};
    expect('the certificate to be verified', servername === 'smart.invalid' && rejectUnauthorized === true);
    expect('authorities of ours', ca === 'authority');
    expect('a login before MAIL', /^AUTH .*\nMAIL FROM:/m.test(good.said.join('\n')));
    expect('no secret to be known to Haraka', !good.known.includes('pass') && !good.known.includes('cGFzcw'));
    const bad = rehearse(plugin, ['535 5.7.8 No']);
    expect('no MAIL after a login that is refused', !bad.said.some((line) => line.startsWith('MAIL')));
    expect('a login that is refused to defer', bad.outcomes.join() === 'temp_fail');
  },
});

/** Says through which smart host a message leaves at this try; the server that Haraka is told of, which has no secret. */
export function departThrough(plugin: Plugin, message: QueuedMessage, host: SmartHost | undefined): object {
  departures.delete(message);
  if (!host) return {};
  departures.set(message, { host, complain: (why) => complainOf(plugin, host, why) });
  return { priority: 0, exchange: host.host, port: host.port };
}

/** The smart host that a message was to leave through at its last try; `complain` says in the log, once a minute, why it did not. */
export function departureOf(message: QueuedMessage): Departure | undefined {
  return departures.get(message);
}

function complainOf(plugin: Plugin, { name, host, port }: SmartHost, why: string): void {
  const limit = complaints.get(name) ?? oncePerMinute(() => performance.now());
  complaints.set(name, limit);
  limit(() => plugin.logcrit(`smart host ${name} (${host}:${port}): ${why}; its mail waits in the queue`));
}

/** What Haraka does with a message for a smart host that answers a login so. */
interface Rehearsal {
  readonly isForced: boolean;
  /** What the server hears. */
  readonly said: readonly string[];
  /** What the message says of itself, to the log and to others. */
  readonly known: string;
  readonly tls: TlsChoice | undefined;
  readonly outcomes: readonly string[];
}

/** A smart host that is not there: its TLS is verified as soon as it begins. */
function rehearse(plugin: Plugin, replies: readonly string[]): Rehearsal {
  const stage = rehearsal(plugin, ['try_deliver']);
  const { message, socket, hear } = stage;
  const credentials = { user: 'user', password: Secret.fromText('pass') };
  const host = { name: 'none', host: 'smart.invalid', port: 587, verify: true, ca: 'authority', credentials };
  departures.set(message, { host, complain: () => undefined });
  const mx = { exchange: '192.0.2.1', from_dns: 'smart.invalid', port: 587, bind_helo: 'helo.invalid' };
  const isForced = (message.force_tls = message.get_force_tls(mx));
  stage.run(() => {
    message.try_deliver_host_on_socket(mx, mx.exchange, mx.port, socket);
    hear('220 none', '250-none', '250 STARTTLS', '220 Go on');
    socket.emit('secureConnect');
    socket.emit('secure');
    hear('250-none', '250 AUTH PLAIN LOGIN', ...replies);
  });
  const known = stage.logged.join('\n') + JSON.stringify([mx, message.todo]);
  return { isForced, said: stage.said, known, tls: stage.tls(), outcomes: stage.outcomes };
}
