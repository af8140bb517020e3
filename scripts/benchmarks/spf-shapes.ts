import type { SpfResult } from '../../plugins/core/spf/result.ts';
import type { Zone } from '../demo/dns-zone.ts';

/** A record to evaluate, and what everybody must find. */
export interface Shape {
  readonly name: string;
  readonly title: string;
  readonly result: SpfResult;
  /** In its own corner of the names: resolvers share what is asked for at the same time. */
  readonly zone: (domain: string) => Zone;
}

/** Who sends, in all evaluations. */
export const client = { ip: '192.0.2.1', helo: 'mail.example' } as const;

const tenHosts = Array.from({ length: 10 }, (_, index) => `h${index}`);

export const shapes: readonly Shape[] = [
  {
    name: 'ip4',
    title: 'one ip4',
    result: 'pass',
    zone: (domain) => ({ [domain]: [{ TXT: 'v=spf1 ip4:192.0.2.0/24 -all' }] }),
  },
  {
    name: 'include',
    title: 'includes three levels deep',
    result: 'pass',
    zone: (domain) => ({
      [domain]: [{ TXT: `v=spf1 ip4:203.0.113.0/24 include:a.${domain} -all` }],
      [`a.${domain}`]: [{ TXT: `v=spf1 include:b.${domain} ip4:198.51.100.0/24 ~all` }],
      [`b.${domain}`]: [{ TXT: `v=spf1 ip4:198.18.0.0/15 a:mx.${domain} exists:%{ir}.c.${domain} ~all` }],
      [`mx.${domain}`]: [{ A: '192.0.2.9' }],
      [`1.2.0.192.c.${domain}`]: [{ A: '127.0.0.2' }],
    }),
  },
  {
    name: 'ten',
    title: 'ten lookups',
    // The tenth: haraka-plugin-spf takes what comes after ten lookups for one too many.
    result: 'pass',
    zone: (domain) => ({
      [domain]: [{ TXT: `v=spf1 ${tenHosts.map((host) => `a:${host}.${domain}`).join(' ')} -all` }],
      ...Object.fromEntries(
        tenHosts.map((host) => [`${host}.${domain}`, [{ A: host === 'h9' ? client.ip : '198.51.100.1' }]]),
      ),
    }),
  },
];

/** How many evaluations run at once at most, each with a domain of its own. */
export const mostAtOnce = 64;

export function domainOf(shape: Shape, slot: number): string {
  return `${shape.name}${slot}.example`;
}

/** All that is asked for. */
export function zoneOfShapes(): Zone {
  const slots = Array.from({ length: mostAtOnce }, (_, slot) => slot);
  return Object.assign(
    {},
    ...shapes.flatMap((shape) => slots.map((slot) => shape.zone(domainOf(shape, slot)))),
  ) as Zone;
}
