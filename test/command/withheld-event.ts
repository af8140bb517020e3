import { eventSchema, type GatekeeperEvent } from '../../plugins/core/event.ts';

/** A refusal of the nth minute that a mode withheld. */
export function withheldEvent(
  minute: number,
  check: string,
  more: Partial<GatekeeperEvent>,
): GatekeeperEvent {
  return eventSchema.parse({
    v: 1,
    time: new Date(Date.UTC(2026, 10, 24, 9, minute)).toISOString(),
    node: 'gw1',
    reference: `UUID-${minute}.1 ${check}`,
    connection: `UUID-${minute}`,
    ...{ check, verdict: 'refuse', mode: 'observe', would_refuse: true },
    ...{ client: '203.0.113.7', port: 25, role: 'mx', revision: '20f89f7da757', latency_ms: 1 },
    ...more,
  });
}
