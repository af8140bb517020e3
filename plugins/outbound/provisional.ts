import constants from 'haraka-constants';
import { addHook } from '../core/haraka/hook.ts';
import { identityOf } from '../core/haraka/session.ts';
import { acceptProvisionally, provisionalIn, tenancyOf } from '../core/haraka/tenancy.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Connection, Next, Plugin } from '../core/haraka/types.ts';

/**
 * Whose message it is that a provider brings, its header says. Until then Haraka may not relay it: recipients that nobody else
 * accepted are noted, and the gate refuses the message unless all of it is proven.
 */
export function acceptUntilData(plugin: Plugin): void {
  // Registered behind outbound/relay, which runs before it and has refused whoever may not.
  addHook(plugin, 'rcpt', 'gatekeeper_provisional', accept, 100);
  // Behind the verdict on the tenant, and before the gate.
  addHook(plugin, 'data_post', 'gatekeeper_tenant', relay, 90);
}

function accept(next: Next, connection: Connection): void {
  const { transaction } = connection;
  const isKnown = identityOf(connection, settingsFor(connection).policy) !== undefined;
  if (!transaction || isKnown || tenancyOf(connection)?.kind !== 'provisional') {
    next();
    return;
  }
  acceptProvisionally(transaction);
  next(constants.ok);
}

/** Mail for local recipients alone stays what it is: others deliver it. */
function relay(next: Next, connection: Connection): void {
  const { transaction } = connection;
  const identity = identityOf(connection, settingsFor(connection).policy);
  if (transaction && identity?.proof === 'tenant' && provisionalIn(transaction) > 0) {
    connection.relaying = true;
  }
  next();
}
