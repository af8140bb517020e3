/** What an event is about. Checks of others, which integrators declare, are `check`. */
export const kinds = [
  'connection',
  'tls',
  'login',
  'sender',
  'message',
  'limit',
  'suspension',
  'delivery',
  'settings',
  'operator',
  'check',
] as const;

export type Kind = (typeof kinds)[number];

const byCheck: Readonly<Record<string, Kind>> = {
  'audit/connection': 'connection',
  'audit/settings': 'settings',
  'audit/operator': 'operator',
  'outbound/limits': 'limit',
  'outbound/recipients': 'limit',
  'outbound/local': 'limit',
  'outbound/count': 'limit',
  'outbound/suspended': 'suspension',
  'outbound/suspension': 'suspension',
  'outbound/provenance': 'delivery',
  'outbound/delivery': 'delivery',
  'outbound/tls': 'delivery',
};

const byPlugin: Readonly<Record<string, Kind>> = {
  tls: 'tls',
  auth: 'login',
  sender: 'sender',
  outbound: 'message',
};

/** What the events of a check are about. */
export function kindOf(check: string): Kind {
  return byCheck[check] ?? byPlugin[pluginOf(check)] ?? 'check';
}

/** Whether a check goes by the name of a plugin of ours. */
export function isOurs(check: string): boolean {
  const plugin = pluginOf(check);
  return plugin === 'audit' || Object.hasOwn(byPlugin, plugin);
}

function pluginOf(check: string): string {
  return check.slice(0, check.indexOf('/'));
}
