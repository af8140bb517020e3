import { addHook } from '../hook.ts';
import { definePatch, expect } from '../patch.ts';
import { installedHook, throwAwayConnection, withHooks } from '../throw-away.ts';
import type { Connection, Next } from '../types.ts';

const method = 'gatekeeper_proxy_once';

/** A client behind a trusted proxy could send a second PROXY line and become anyone: one is enough. */
export const proxyOnce = definePatch({
  name: 'proxy-once',
  reaches: '`connection.proxy`, which `cmd_proxy` asks',
  why: 'Haraka takes a PROXY line wherever a command may stand, also from the client behind the proxy.',
  install: (plugin) => {
    const close = (next: Next, connection: Connection) => {
      if (connection.proxy.type) connection.proxy.allowed = false;
      next();
    };
    addHook(plugin, 'connect_init', method, close, -100);
    return undefined;
  },
  selfTest(plugin) {
    const { connection, said } = throwAwayConnection(plugin);
    Object.assign(connection, { connect_init_respond: () => undefined });
    connection.proxy.allowed = true;
    const line = 'TCP4 192.0.2.1 192.0.2.2 1025 25';
    withHooks(plugin, { connect_init: [installedHook(plugin, 'connect_init', method)] }, () => {
      connection.cmd_proxy(line);
      expect('a first PROXY line to be taken', said.length === 0 && connection.proxy.type !== null);
      connection.cmd_proxy(line);
    });
    expect('a second PROXY line to be refused', said[0] === 421);
  },
});
