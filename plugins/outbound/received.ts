import { resolve } from 'node:path';
import { harakaDirectory } from '../core/haraka/instance.ts';
import { applyPatch } from '../core/haraka/patch.ts';
import { receivedLine, withHash, withoutClient } from '../core/haraka/patches/received-line.ts';
import { identityOf } from '../core/haraka/session.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { loginHash, loginKey } from '../core/login-hash.ts';
import { messageOf } from '../core/message-of.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';

/** Has the Received field of mail from an account say so much of it as the settings let it. */
export function tellLess(plugin: Plugin): void {
  const hashOf = hashes(plugin);
  applyPatch(plugin, receivedLine, (connection, value) => {
    const { policy } = settingsFor(connection);
    const identity = identityOf(connection, policy);
    if (!identity) return value;
    const { received_client: client, received_login: login } = policy.outbound;
    const shown = client === 'hide' ? withoutClient(value) : value;
    const hash = login === 'hash' ? hashOf(policy.data_directory, identity.id) : undefined;
    return hash === undefined ? shown : withHash(shown, hash);
  });
}

/** Reads the key when it is needed first: by then Haraka is the user that it stays. Without one there is no hash, but mail. */
function hashes(plugin: Plugin): (dataDirectory: string, id: string) => string | undefined {
  const complain = oncePerMinute(() => performance.now());
  const keys = new Map<string, Buffer>();
  return (dataDirectory, id) => {
    try {
      const directory = resolve(harakaDirectory(), dataDirectory);
      const key = keys.get(directory) ?? loginKey(directory);
      keys.set(directory, key);
      return loginHash(key, id);
    } catch (error) {
      complain(() => plugin.logcrit(`Received fields have no hash of the account: ${messageOf(error)}`));
      return undefined;
    }
  };
}
