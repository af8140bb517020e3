import { InvalidArgumentError } from 'commander';

import type { EventFields } from '../core/trail/fields.ts';

export type { EventFields };

/** Which events are shown: those for which every given option holds. */
export interface EventFilter {
  readonly check?: string;
  readonly verdict?: string;
  readonly reason?: string;
  readonly identity?: string;
  readonly login?: string;
  readonly credential?: string;
  readonly client?: string;
  readonly reference?: string;
  readonly refused?: true;
  readonly since?: Date;
}

const tests: { readonly [Name in keyof EventFilter]-?: (event: EventFields, value: string) => boolean } = {
  check: ({ check }, value) => check === value,
  verdict: ({ verdict }, value) => verdict === value,
  reason: ({ reason }, value) => reason === value,
  identity: ({ identity, identity_id }, value) => isSame(identity, value) || isSame(identity_id, value),
  login: ({ login }, value) => isSame(login, value),
  credential: ({ credential }, value) => credential === value,
  client: ({ client }, value) => isSame(client, value),
  reference: ({ reference }, value) => String(reference).includes(value),
  refused: ({ verdict, would_refuse }) => (verdict === 'refuse' || verdict === 'defer') && !would_refuse,
  since: ({ time }, value) => String(time) >= value,
};

/** Whether an event is one of those that were asked for. */
export function matches(event: EventFields, filter: EventFilter): boolean {
  const names = Object.keys(tests) as (keyof EventFilter)[];
  return names.every((name) => {
    const value = filter[name];
    if (value === undefined) return true;
    return tests[name](event, value instanceof Date ? value.toISOString() : String(value));
  });
}

/** A time as ISO 8601, or a span before `now`: `90s`, `10m`, `2h`, `3d`. */
export function parseSince(text: string, now = new Date()): Date {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (unit !== undefined)
    return new Date(now.getTime() - Number(count) * unitMs[unit as keyof typeof unitMs]);
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError(
    'Expected a time such as 2026-11-24T09:30:00Z, or a span such as 10m, 2h, 3d.',
  );
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function isSame(value: unknown, wanted: string): boolean {
  return typeof value === 'string' && value.toLowerCase() === wanted.toLowerCase();
}
