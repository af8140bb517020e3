import type { Connection, Next, Plugin } from '../types.ts';

const method = 'gatekeeper_proxy_once';

/** A client behind a trusted proxy could send a second PROXY line and become anyone: one is enough. */
export function acceptOneProxyLine(plugin: Plugin): void {
  const close = (next: Next, connection: Connection) => {
    if (connection.proxy.type) connection.proxy.allowed = false;
    next();
  };
  Object.assign(plugin, { [method]: close });
  plugin.register_hook('connect_init', method, -100);
}
