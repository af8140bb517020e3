import { bearingOf } from '../core/haraka/bearing.ts';
import { addHook } from '../core/haraka/hook.ts';
import { identityOf } from '../core/haraka/session.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Connection, Next, Plugin } from '../core/haraka/types.ts';

/**
 * Haraka relays for a host that is registered by its address, or known by its certificate, as for one that has logged in: one
 * transaction at a time, so that an entry that is taken away counts no longer for the next. After every check at MAIL.
 */
export function relayForRegistered(plugin: Plugin): void {
  const relay = (next: Next, connection: Connection) => {
    const identity = identityOf(connection, settingsFor(connection).policy);
    const isKnown = identity?.proof === 'network' || bearingOf(connection)?.kind === 'account';
    if (isKnown && connection.transaction) connection.relaying = true;
    next();
  };
  addHook(plugin, 'mail', 'gatekeeper_registered', relay, -80);
}
