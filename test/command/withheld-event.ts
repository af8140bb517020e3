import { completed, type GatekeeperEvent } from '../../plugins/core/events/event.ts';

/** A refusal of the nth minute that a mode withheld. */
export function withheldEvent(
  minute: number,
  check: string,
  more: Partial<GatekeeperEvent>,
): GatekeeperEvent {
  return completed({
    v: 1 as const,
    time: new Date(Date.UTC(2026, 10, 24, 9, minute)).toISOString(),
    node: 'gw1',
    reference: `UUID-${minute}.1 ${check}`,
    connection: `UUID-${minute}`,
    ...{ check, verdict: 'refuse' as const, mode: 'observe' as const, would_refuse: true as const },
    ...{ client: '203.0.113.7', port: 25, role: 'mx' as const, revision: '20f89f7da757', latency_ms: 1 },
    ...more,
  });
}
