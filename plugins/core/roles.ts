import type { Policy } from './settings/settings.ts';
import type { Role } from './words.ts';

/** What a port is for: as the settings say, else the only role of the host, else `mx` for port 25 and `submission` for every other. */
export function roleOfPort(port: number, { listeners, roles }: Policy): Role {
  const listed = listeners.find((listener) => listener.port === port);
  if (listed) return listed.role;
  const [only, ...more] = roles;
  if (only && more.length === 0) return only;
  return port === 25 ? 'mx' : 'submission';
}

/** On submission always (RFC 8314 §3.3); a public MX must not require it (RFC 3207 §4), unless it is set. */
export function isTlsRequired(role: Role, { tls }: Policy): boolean {
  return role === 'submission' || tls.mx === 'required';
}
