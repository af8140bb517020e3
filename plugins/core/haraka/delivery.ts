import { isIP } from 'node:net';
import { publish, type EventDraft } from '../events/event.ts';
import type { AppliedPolicy } from '../outgoing-tls/rule.ts';
import type { ProvenanceRecord } from '../provenance/record.ts';
import { someRecipients } from '../recipients.ts';
import type { Mode } from '../words.ts';
import type { Settings } from '../settings/settings.ts';
import { fieldsLine, node } from './outcome.ts';
import { addOrigin, policyFields } from './record-fields.ts';
import { recording } from './recording.ts';
import { currentSettings } from './settings-in-force.ts';
import type { Plugin, QueuedMessage } from './types.ts';

/** What was found out about a message that is about to leave: no client hears of it. */
export type DeliveryVerdict =
  | { readonly kind: 'pass'; readonly record: ProvenanceRecord }
  /** `detail` in words. */
  | { readonly kind: 'refuse' | 'defer'; readonly reason: string; readonly detail: string };

/** The circumstances of a verdict on a message in the queue. */
export interface DeliveryCase {
  readonly check: { readonly name: string };
  readonly plugin: Plugin;
  readonly message: QueuedMessage;
  readonly mode: Mode;
  /** `performance.now()` when the check began. */
  readonly started: number;
  readonly settings: Settings;
}

/** What becomes of the message. */
export interface Whereabouts {
  /** Where it lies. */
  readonly file: string;
  /** Name of the smart host that it is to leave through. */
  readonly smartHost?: string | undefined;
}

/** Publishes the event of a decision, and raises an alarm in the log unless it is a pass. Never throws. */
export function recordDelivery(
  about: DeliveryCase,
  verdict: DeliveryVerdict,
  { file, smartHost }: Whereabouts,
): void {
  const { plugin, message } = about;
  recording(plugin, (complain) => {
    const event = eventOf(about, verdict, smartHost);
    publish(event, complain);
    if (verdict.kind === 'pass') return;
    const { reference: ref, check, reason, sender = '', detail: value = '-' } = event;
    const recipients = message.todo.rcpt_to.length;
    plugin.logcrit(
      `${wordFor(event)} ${fieldsLine({ ref, check, reason, value, sender, recipients, file })}`,
    );
  });
}

/** The same of a file of the queue that nobody can tell a sender or recipients of. */
export function recordUnreadable(
  { check, plugin, message, settings, file }: Omit<DeliveryCase, 'mode' | 'started'> & Whereabouts,
  detail: string,
): void {
  const reason = 'unreadable-file';
  const reference = `${message.filename} ${check.name}`;
  const event: EventDraft = {
    ...{ v: 1, time: new Date().toISOString(), node, reference, check: check.name },
    ...{ verdict: 'refuse', mode: 'enforce', reason, detail, revision: settings.revision, latency_ms: 0 },
  };
  recording(plugin, (complain) => {
    publish(event, complain);
  });
  plugin.logcrit(`hold ${fieldsLine({ ref: reference, check: check.name, reason, value: detail, file })}`);
}

/** What became of some recipients of a message at one try. */
export interface DeliveryOutcome {
  readonly check: { readonly name: string };
  readonly plugin: Plugin;
  readonly message: QueuedMessage;
  /** Who sent it, where that is believed. */
  readonly record?: ProvenanceRecord;
  /** `performance.now()` when the try began. */
  readonly started: number;
  readonly settings: Settings;
  /** How many there were, this one included. */
  readonly tries: number;
  /** One event for each: the recipients, and what is to be told of them. */
  readonly results: readonly (Pick<EventDraft, 'outcome' | 'recipients'> & Partial<EventDraft>)[];
}

/** Publishes an event for each result. Never throws: mail must not wait for its trail. */
export function recordOutcome({ check, plugin, message, record, ...about }: DeliveryOutcome): void {
  recording(plugin, (complain) => {
    const { todo } = message;
    for (const result of about.results) {
      const event: EventDraft = {
        ...basicFields(check.name, message),
        ...{ verdict: 'pass', mode: 'enforce' },
        ...(record && addOrigin({}, record)),
        ...{ sender: senderOf(message), queue_id: todo.uuid },
        ...result,
        tries: about.tries,
        ...(todo.queue_time > 0 && { delay_seconds: (Date.now() - todo.queue_time) / 1000 }),
        revision: about.settings.revision,
        latency_ms: millisecondsSince(about.started),
      };
      publish(event, complain);
    }
  });
}

/** The circumstances of a server that did not have the TLS that is demanded. */
export interface TlsFailureCase {
  readonly check: { readonly name: string };
  readonly plugin: Plugin;
  readonly message: QueuedMessage;
  /** Who sent it, where that is believed. */
  readonly record: ProvenanceRecord | undefined;
}

/** What it did not have, and who demands that. */
export interface ToldTlsFailure {
  /** As RFC 8460 §4.3 calls it. */
  readonly reason: string;
  readonly detail: string;
  /** Whether the server is given up for that. */
  readonly isEnforced: boolean;
  readonly remote?: string;
  readonly address?: string;
  readonly policy?: AppliedPolicy;
}

/** Publishes the event of a failure. Never throws. */
export function recordTlsFailure(
  { check, plugin, message, record }: TlsFailureCase,
  { reason, detail, isEnforced, remote, address, policy }: ToldTlsFailure,
): void {
  recording(plugin, (complain) => {
    const recipients = someRecipients(message.todo.rcpt_to.map((each) => each.format().slice(1, -1)));
    const event: EventDraft = {
      ...basicFields(check.name, message),
      ...{ verdict: 'refuse', mode: isEnforced ? 'enforce' : 'observe' },
      ...(!isEnforced && { would_refuse: true }),
      ...{ reason, detail },
      ...(record && addOrigin({}, record)),
      ...{ sender: senderOf(message), queue_id: message.todo.uuid, recipients: [...recipients] },
      ...(remote !== undefined && isIP(remote) === 0 && { remote }),
      ...(address !== undefined && { remote_address: address }),
      ...(policy && policyFields(policy)),
      ...{ revision: currentSettings().revision, latency_ms: 0 },
    };
    publish(event, complain);
  });
}

function wordFor({ would_refuse, verdict, reason }: EventDraft): string {
  if (would_refuse) return 'would hold';
  if (reason === 'account-dropped') return 'drop';
  return verdict === 'refuse' ? 'hold' : 'cannot hold';
}

/** Filled in field by field: spreading what may be absent takes microseconds. */
function eventOf(
  { check, message, mode, started, settings }: DeliveryCase,
  verdict: DeliveryVerdict,
  smartHost: string | undefined,
): EventDraft {
  const event: Partial<EventDraft> = basicFields(check.name, message);
  event.verdict = verdict.kind;
  event.mode = mode;
  if (verdict.kind === 'refuse' && mode !== 'enforce') event.would_refuse = true;
  if (verdict.kind === 'pass') {
    addOrigin(event, verdict.record);
  } else {
    event.reason = verdict.reason;
    event.detail = verdict.detail;
  }
  event.sender = senderOf(message);
  event.queue_id = message.todo.uuid;
  if (smartHost !== undefined) event.smart_host = smartHost;
  event.revision = settings.revision;
  event.latency_ms = millisecondsSince(started);
  return event as EventDraft;
}

function basicFields(check: string, { todo }: QueuedMessage) {
  const time = new Date().toISOString();
  return { v: 1, time, node, reference: `${todo.uuid} ${check}`, check } as const;
}

function millisecondsSince(started: number): number {
  return Math.round((performance.now() - started) * 1000) / 1000;
}

/** In a file that was changed there may be anything. */
function senderOf({ todo }: QueuedMessage): string {
  try {
    return todo.mail_from.format().slice(1, -1);
  } catch {
    return '?';
  }
}
