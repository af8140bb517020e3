import { ConnectionGuard, type Wire } from '../smart-host/guard.ts';
import type { SmartHost } from '../smart-host/types.ts';
import { guardSocket, leastVersion, withoutOwnOptions } from './guarded-socket.ts';
import type { Plugin, RemoteSocket } from './types.ts';

/** What a guard cannot do by the socket itself. */
export type Beside = Pick<Wire, 'complain' | 'log'>;

/** Puts a guard between Haraka and a socket to a smart host. */
export function guardSmartHost(plugin: Plugin, host: SmartHost, socket: RemoteSocket, beside: Beside): void {
  guardSocket(
    socket,
    (wire) =>
      new ConnectionGuard(host, {
        ...wire,
        ...beside,
        say: (line, shown) => {
          beside.log(`C: ${shown}`);
          wire.say(line);
        },
        isVerified: () => socket.isSecure(),
      }),
    (options, done, begin) => {
      if (!host.verify) {
        begin(options, done);
        return;
      }
      const { host: servername, ca } = host;
      const ours = { servername, rejectUnauthorized: true, ca, minVersion: leastVersion(options) };
      withoutOwnOptions(plugin, () => begin({ ...options, ...ours }, done));
    },
  );
}
