import { addHook } from '../core/haraka/hook.ts';
import { applyPatch } from '../core/haraka/patch.ts';
import { clientSigns, signsOf, watchClient } from '../core/haraka/patches/client-signs.ts';
import { failedHandshakes } from '../core/haraka/patches/failed-handshakes.ts';
import { recordNoSession, recordSession } from '../core/haraka/session-event.ts';
import { noteTls } from '../core/haraka/session.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import type { Connection, Next, Plugin } from '../core/haraka/types.ts';
import { endOfHandshake, endOfSession, type SessionSeen } from './session-end.ts';

/** Has an event tell of each session when it is over, and of each connection that has become none. */
export function tellSessions(plugin: Plugin): void {
  applyPatch(plugin, clientSigns);
  applyPatch(plugin, failedHandshakes, (failed) => {
    recordNoSession(plugin, failed, currentSettings(), endOfHandshake(failed.fault));
  });
  const begin = (next: Next, connection: Connection) => {
    noteTls(connection);
    watchClient(connection);
    next();
  };
  const end = (next: Next, connection: Connection) => {
    recordSession(plugin, connection, currentSettings(), endOfSession(seenOf(connection)));
    next();
  };
  addHook(plugin, 'connect_init', 'gatekeeper_session_begins', begin, -100);
  addHook(plugin, 'disconnect', 'gatekeeper_session_ends', end, -100);
}

function seenOf(connection: Connection): SessionSeen {
  const { client, tls, hello } = connection;
  const { fault, beganTls } = signsOf(connection);
  return {
    messages: connection.tran_count,
    // Haraka forgets the name after STARTTLS, and not that there was one.
    hasGreeted: hello.verb !== null,
    isEarly: connection.early_talker,
    beganTls: beganTls ?? false,
    startedTls: client.cleartext !== undefined,
    hasTls: tls.enabled,
    fault,
  };
}
