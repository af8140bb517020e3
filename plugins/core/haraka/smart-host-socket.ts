import { ConnectionGuard, type Wire } from '../smart-host/guard.ts';
import type { SmartHost } from '../smart-host/types.ts';
import type { RemoteSocket, Plugin } from './types.ts';

/** What a guard cannot do by the socket itself. */
export type Beside = Pick<Wire, 'complain' | 'log'>;

/** Methods of a socket as they were. */
type Raw = Pick<RemoteSocket, 'write' | 'emit' | 'upgrade'>;

/** Puts a guard between Haraka and a socket to a smart host, before Haraka has a listener there. */
export function guardSocket(plugin: Plugin, host: SmartHost, socket: RemoteSocket, beside: Beside): void {
  const raw: Raw = {
    write: socket.write.bind(socket),
    emit: socket.emit.bind(socket),
    upgrade: socket.upgrade.bind(socket),
  };
  let held: Parameters<Raw['write']> | undefined;
  const guard = new ConnectionGuard(host, {
    ...beside,
    say: (line, shown) => {
      beside.log(`C: ${shown}`);
      raw.write(`${line}\r\n`, 'utf8');
    },
    tell: (line) => raw.emit('line', line),
    release: () => held && raw.write(...held),
    isVerified: () => socket.isSecure(),
    close: () => {
      socket.destroy();
    },
  });
  socket.write = (...said) => {
    const passage = guard.isOpen ? 'goes' : guard.say(String(said[0]));
    if (passage === 'held') held = said;
    const isWritten = passage !== 'held' && raw.write(...said);
    if (passage === 'last') socket.end();
    return isWritten;
  };
  guardNews(guard, host, socket, raw);
  socket.upgrade = (options, done) => {
    guard.upgrading();
    if (host.verify)
      upgradeVerified(plugin, host, (ours) => raw.upgrade({ ...options, ...ours(options) }, done));
    else raw.upgrade(options, done);
  };
}

function guardNews(guard: ConnectionGuard, host: SmartHost, socket: RemoteSocket, { emit }: Raw): void {
  socket.emit = (event, ...facts) => {
    if (event === 'secureConnect') guard.secured();
    if (event === 'error') unmarked(guard, host, facts[0] as Error);
    if (event !== 'line') return emit(event, ...facts);
    const heard = guard.hear(String(facts[0]));
    return heard === undefined || emit('line', heard);
  };
}

/** Haraka notes of a server whose TLS fails that it has none, and would say so to others. */
function unmarked(guard: ConnectionGuard, { verify }: SmartHost, error: Error & { source?: string }): void {
  guard.broken(error.message);
  if (verify && error.source === 'tls') error.source = 'smart-host';
}

export type TlsChoice = Readonly<Record<string, unknown>>;

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
