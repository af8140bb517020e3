import type { GatekeeperEvent } from '../../core/events/event.ts';
import {
  effectOf,
  endingOf,
  isAdverse,
  isOfMessage,
  recipientsIn,
  tlsVersionOf,
} from '../../core/events/fields.ts';
import type { Counts } from './counts.ts';
import { none } from './table.ts';

/** Counts an event. The numbers of messages and recipients are those of the tallies, but that none is ever taken back. */
export function countEvent(counts: Counts, event: GatekeeperEvent): void {
  const { kind, check, verdict, reason = none, role = none, latency_ms: milliseconds } = event;
  counts.add('gatekeeper_events_total', [kind, verdict]);
  counts.add('gatekeeper_decisions_total', [check, verdict, reason]);
  counts.observe('gatekeeper_decision_seconds', [kind], milliseconds / 1000);
  if (kind === 'connection') counts.add('gatekeeper_sessions_total', [role, tlsVersionOf(event)]);
  if (check === 'auth/login' && verdict !== 'skip') countLogin(counts, event);
  if (event.outcome !== undefined) countDelivery(counts, event, event.outcome);
  else if (event.accepted !== undefined) countMessage(counts, event, event.accepted);
  if (isAdverse(event) && isOfMessage(event)) {
    counts.add('gatekeeper_messages_total', [role, effectOf(event)]);
  }
}

function countLogin(counts: Counts, { mechanism = none, verdict, reason = none }: GatekeeperEvent): void {
  counts.add('gatekeeper_logins_total', [mechanism, verdict === 'pass' ? 'ok' : reason]);
}

/** One that was accepted and is not queued after all is also counted as what its client hears. */
function countMessage(counts: Counts, event: GatekeeperEvent, isAccepted: boolean): void {
  const { role = none, bytes = 0 } = event;
  const result = isAccepted ? 'accepted' : 'withdrawn';
  counts.add('gatekeeper_messages_total', [role, result]);
  counts.add('gatekeeper_recipients_total', [result], recipientsIn(event));
  counts.add('gatekeeper_message_bytes_total', [result], bytes);
}

function countDelivery(counts: Counts, event: GatekeeperEvent, outcome: string): void {
  const result = endingOf(outcome);
  counts.add('gatekeeper_deliveries_total', [result]);
  counts.add('gatekeeper_recipients_total', [result], recipientsIn(event));
}
