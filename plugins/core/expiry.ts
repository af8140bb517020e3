import type { Policy } from './settings/settings.ts';

/** An entry of a registry with a last day, `YYYY-MM-DD` in UTC; absent: it has none. */
interface Dated {
  readonly expires?: string | undefined;
}

/** An entry that has a last day, whatever registry it is in. */
export interface Expiring {
  /** As people call such an entry. */
  readonly what: string;
  readonly name: string;
  readonly owner: string;
  readonly expires: string;
}

/** All entries that have a last day. */
export function expiring(policy: Policy): readonly Expiring[] {
  const { partners, mail_servers, registered_networks, internal_senders, tenants, tls_criteria } = policy;
  return [
    ...partners.map((entry) => ({ what: 'partner', ...entry })),
    ...registered_networks.map((entry) => ({ what: 'registered network', ...entry })),
    ...internal_senders.map((entry) => ({ what: 'internal sender', ...entry })),
    ...tenants.map((entry) => ({ what: 'tenant', ...entry })),
    ...mail_servers.flatMap(({ name, owner, expires }) =>
      expires === undefined ? [] : [{ what: 'mail server', name, owner, expires }],
    ),
    ...tls_criteria.flatMap(({ name, owner, expires, exception }) => {
      const what = exception === undefined ? 'TLS criterion' : 'TLS exception';
      return expires === undefined ? [] : [{ what, name, owner, expires }];
    }),
  ];
}

const dayMs = 24 * 3600 * 1000;

/** How many days an entry still counts after this one: less than 0 once it no longer does, and for ever without a last day. */
export function daysLeft({ expires }: Dated, now: Date): number {
  if (expires === undefined) return Infinity;
  return Date.parse(expires) / dayMs - Math.floor(now.getTime() / dayMs);
}

/** Whether an entry counts on a day. */
export function isInForce(entry: Dated, now: Date): boolean {
  return daysLeft(entry, now) >= 0;
}
