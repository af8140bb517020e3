import { addHook } from '../core/haraka/hook.ts';
import { applyPatch } from '../core/haraka/patch.ts';
import { resultsOfOthers } from '../core/haraka/patches/results-of-others.ts';
import { traceFields, type SentField } from '../core/haraka/patches/trace-fields.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import { throwAwayConnection } from '../core/haraka/throw-away.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Connection, Next, Plugin, Transaction } from '../core/haraka/types.ts';
import { peerAt } from '../core/peers.ts';
import { isForged, type OurNames } from './forged.ts';

/** What a client may not say of itself in a message; where nothing is noted, it is a stranger. */
const noted = new WeakMap<Transaction, OurNames>();

/** Keeps the trace fields of this host its own, in whatever way a message comes. */
export function guardTraceFields(plugin: Plugin): void {
  const note = (next: Next, connection: Connection) => {
    if (connection.transaction) noted.set(connection.transaction, namesFor(connection));
    next();
  };
  addHook(plugin, 'mail', 'gatekeeper_note_names', note, -100);
  const judge = (field: SentField, transaction: Transaction) => {
    try {
      return isForged(field, () => noted.get(transaction) ?? strangers(plugin, transaction));
    } catch (error) {
      plugin.logerror(`a header field is left out: ${String(error)}`);
      return true;
    }
  };
  applyPatch(plugin, traceFields, judge);
  applyPatch(plugin, resultsOfOthers);
}

/** RFC 8601 §5: other hosts of ours may have said something, this host has not said anything yet. */
function namesFor(connection: Connection): OurNames {
  const { policy } = settingsFor(connection);
  const isPeer = peerAt(connection.remote.ip, policy) !== undefined;
  return { host: connection.local.host, domains: isPeer ? [] : policy.protected_domains };
}

function strangers(plugin: Plugin, transaction: Transaction): OurNames {
  const { host } = throwAwayConnection(plugin).connection.local;
  const names = { host, domains: currentSettings().policy.protected_domains };
  noted.set(transaction, names);
  return names;
}
