import type { Plugin } from './types.ts';

/** Names of the plugins of others that have a say where Haraka relays a message: each of them can take it. */
export function othersAtQueue(plugin: Plugin): readonly string[] {
  const { registered_hooks: hooks } = plugin.haraka_require('plugins');
  const others = (hooks['queue_outbound'] ?? []).filter(({ method }) => !method.startsWith('gatekeeper_'));
  return [...new Set(others.map(({ plugin: name }) => name))];
}
