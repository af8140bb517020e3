import type { Directory, Verification } from '../core/directory/directory.ts';
import { identityOf } from '../core/haraka/session.ts';
import { Suspicion } from '../core/haraka/suspicion.ts';
import { suspensionsOf } from '../core/haraka/suspensions.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Connection, Plugin } from '../core/haraka/types.ts';
import { decidePlace } from './decide.ts';
import type { Credentials } from './mechanisms/step.ts';

/** Before it counts as a login: a network where it may not be used must not become one where the account is known. */
export function inPlace(connection: Connection, verification: Verification): Verification {
  const { policy } = settingsFor(connection);
  const suspensions = suspensionsOf(policy);
  return decidePlace(verification, connection.remote.ip, policy, new Date(), (id) =>
    suspensions.isSuspended(id),
  );
}

/** Looks whether an account that has logged in now does so from too many networks; nobody waits for that. */
export function watchLogin(plugin: Plugin, connection: Connection): void {
  const settings = settingsFor(connection);
  const identity = identityOf(connection, settings.policy);
  if (identity) void new Suspicion(plugin).logsIn(identity, connection.remote.ip, settings);
}

/** Asks a directory for a login with a password, here and now. Rejects as the directory does. */
export async function verifyPassword(
  connection: Connection,
  { authzid, login, password }: Credentials,
  directory: Directory,
): Promise<Verification> {
  // RFC 4616 §2: to act for another identity needs a right that nobody has.
  if (authzid !== '' && authzid !== login) return { kind: 'refused', cause: 'foreign-authzid' };
  return inPlace(connection, await directory.verify(login, password));
}
