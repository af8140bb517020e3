import { publish, type GatekeeperEvent } from '../event.ts';
import { baseId, type Unproven } from '../provenance/judge.ts';
import type { ProvenanceRecord } from '../provenance/record.ts';
import type { TemporaryReason } from '../replies.ts';
import type { Mode } from '../settings/mode.ts';
import type { Settings } from '../settings/settings.ts';
import { fieldsLine, node } from './outcome.ts';
import type { Plugin, QueuedMessage } from './types.ts';

/** What was found out about a message that is about to leave: no client hears of it. */
export type DeliveryVerdict =
  | { readonly kind: 'pass'; readonly record: ProvenanceRecord }
  | ({ readonly kind: 'refuse' } & Unproven)
  | { readonly kind: 'defer'; readonly reason: TemporaryReason; readonly detail: string };

/** A verdict on a message in the queue, and the circumstances under which it fell. */
export interface DeliveryDecision {
  readonly check: { readonly name: string };
  readonly plugin: Plugin;
  readonly message: QueuedMessage;
  readonly verdict: DeliveryVerdict;
  readonly mode: Mode;
  /** `performance.now()` when the check began. */
  readonly started: number;
  readonly settings: Settings;
  /** Where the message lies. */
  readonly file: string;
  /** Name of the smart host that it is to leave through. */
  readonly smartHost?: string | undefined;
}

/** Publishes the event of a decision, and raises an alarm in the log unless it is a pass. Never throws. */
export function recordDelivery(decision: DeliveryDecision): void {
  const { plugin, verdict, message, file } = decision;
  const complain = (error: unknown) => {
    plugin.logerror(`an event was not recorded: ${String(error)}`);
  };
  try {
    const event = eventOf(decision);
    publish(event, complain);
    if (verdict.kind === 'pass') return;
    const { reference: ref, check, reason, sender = '', detail: value = '-' } = event;
    const recipients = message.todo.rcpt_to.length;
    plugin.logcrit(
      `${wordFor(event)} ${fieldsLine({ ref, check, reason, value, sender, recipients, file })}`,
    );
  } catch (error) {
    complain(error);
  }
}

function wordFor({ would_refuse, verdict }: GatekeeperEvent): string {
  if (would_refuse) return 'would hold';
  return verdict === 'refuse' ? 'hold' : 'cannot hold';
}

function eventOf(decision: DeliveryDecision): GatekeeperEvent {
  const { check, message, verdict, mode, started, settings, smartHost } = decision;
  return {
    v: 1,
    time: new Date().toISOString(),
    node,
    reference: `${message.todo.uuid} ${check.name}`,
    check: check.name,
    verdict: verdict.kind,
    mode,
    ...(verdict.kind === 'refuse' && mode !== 'enforce' && { would_refuse: true as const }),
    ...(verdict.kind === 'pass'
      ? partiesIn(verdict.record)
      : { reason: verdict.reason, detail: verdict.detail }),
    sender: senderOf(message),
    ...(smartHost !== undefined && { smart_host: smartHost }),
    revision: settings.revision,
    latency_ms: Math.round((performance.now() - started) * 1000) / 1000,
  };
}

/** Who it came from: believed where the record is. */
function partiesIn({ id, origin, client }: ProvenanceRecord): Partial<GatekeeperEvent> {
  const connection = client === undefined ? undefined : baseId(id);
  return {
    ...(connection !== undefined && { connection }),
    ...(client !== undefined && { client }),
    ...(origin.kind === 'identity' && { identity: origin.name, identity_id: origin.id }),
    ...(origin.kind === 'identity' && origin.credential !== undefined && { credential: origin.credential }),
  };
}

/** In a file that was changed there may be anything. */
function senderOf({ todo }: QueuedMessage): string {
  try {
    return todo.mail_from.format().slice(1, -1);
  } catch {
    return '?';
  }
}
