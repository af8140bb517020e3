import { messageOf } from '../message-of.ts';
import type { SocketGuard } from '../socket-guard.ts';
import type { Plugin, RemoteSocket } from './types.ts';

/** What a guard can do with its socket. */
export interface GuardedWire {
  /** Says a line to the server. */
  readonly say: (line: string) => void;
  /** Has Haraka hear a line. */
  readonly tell: (line: string) => void;
  /** Lets out what was held. */
  readonly release: () => void;
  readonly close: () => void;
}

/** Methods of a socket as they were. */
type Raw = Pick<RemoteSocket, 'write' | 'emit' | 'upgrade'>;

/** Begins TLS in the place of Haraka: with which options, and whom it tells. */
export type Upgrade = (options: TlsChoice, done: Done, begin: Raw['upgrade']) => void;

export type TlsChoice = Readonly<Record<string, unknown>>;
export type Done = (...facts: unknown[]) => void;

/** Puts a guard between Haraka and a socket to a server, before Haraka has a listener there. */
export function guardSocket(
  socket: RemoteSocket,
  make: (wire: GuardedWire) => SocketGuard,
  upgrade: Upgrade,
): void {
  const raw: Raw = {
    write: socket.write.bind(socket),
    emit: socket.emit.bind(socket),
    upgrade: socket.upgrade.bind(socket),
  };
  let held: Parameters<Raw['write']> | undefined;
  const guard = make({
    say: (line) => void raw.write(`${line}\r\n`, 'utf8'),
    tell: (line) => void raw.emit('line', line),
    release: () => held && raw.write(...held),
    close: () => socket.destroy(),
  });
  socket.write = (...said) => {
    const passage = guard.isOpen ? 'goes' : guard.say(String(said[0]));
    if (passage === 'held') held = said;
    if (typeof passage === 'object') said[0] = passage.instead;
    const isWritten = passage !== 'held' && raw.write(...said);
    if (passage === 'last') socket.end();
    return isWritten;
  };
  socket.emit = (event, ...facts) => {
    if (event === 'secureConnect') guard.secured();
    if (event === 'error') {
      tellBroken(guard, facts[0]);
      // Haraka has let go of it: what nobody hears would end the process.
      if (socket.listenerCount('error') === 0) return false;
    }
    if (event !== 'line') return raw.emit(event, ...facts);
    const heard = guard.hear(String(facts[0]));
    return heard === undefined || raw.emit('line', heard);
  };
  socket.upgrade = (options, done) => {
    guard.upgrading();
    upgrade(options, done, raw.upgrade);
  };
}

/** Haraka notes of a server whose TLS fails that it has none, and would say so to others. */
function tellBroken(guard: SocketGuard, error: unknown): void {
  guard.broken(messageOf(error));
  // Of a time limit Haraka makes a text.
  if (guard.demandsTls && error instanceof Error && 'source' in error && error.source === 'tls') {
    error.source = 'guarded';
  }
}

/**
 * For mutual TLS Haraka lays the options of our own listeners over those of a connection: their authorities, and whom they
 * trust. They are kept out of what `begin` does.
 */
export function withoutOwnOptions(plugin: Plugin, begin: () => void): void {
  const tlsSocket = plugin.haraka_require('tls_socket');
  const before = tlsSocket.tls_valid;
  tlsSocket.tls_valid = false;
  try {
    begin();
  } finally {
    tlsSocket.tls_valid = before;
  }
}

/** The least version that is good enough where TLS is demanded (RFC 8996). */
export function leastVersion({ minVersion }: TlsChoice): 'TLSv1.2' | 'TLSv1.3' {
  return minVersion === 'TLSv1.3' ? minVersion : 'TLSv1.2';
}
