import { randomUUID } from 'node:crypto';
import { publish, type EventDraft } from '../events/event.ts';
import type { Identity } from '../identity.ts';
import type { ProvenanceRecord } from '../provenance/record.ts';
import type { Settings } from '../settings/settings.ts';
import type { Verdict } from '../verdict.ts';
import { fieldsLine, node } from './outcome.ts';
import { acceptedFields } from './record-fields.ts';
import { recording } from './recording.ts';
import type { Plugin } from './types.ts';

const check = { name: 'outbound/send-as' } as const;

/** A message that a plugin of this Haraka wants to send, without a client. */
export interface Sending {
  readonly plugin: Plugin;
  /** What it calls itself. */
  readonly name: string;
  readonly settings: Settings;
  readonly from: string;
  /** `performance.now()` when it asked. */
  readonly started: number;
}

interface Judged extends Sending {
  readonly verdict: Verdict;
  readonly identity?: Identity;
  /** Of a message that is queued, and its octets. */
  readonly record?: ProvenanceRecord;
  readonly bytes?: number;
}

/** Publishes the event of a verdict, and a line in the log unless it is a pass; gives the reference. Never throws. */
export function recordSending(judged: Judged): string {
  const { plugin, verdict, record } = judged;
  const reference = `${record?.id ?? randomUUID().toUpperCase()} ${check.name}`;
  recording(plugin, (complain) => {
    const event = eventOf(judged, reference);
    publish(event, complain);
    const { reason, detail: value = '-', login: identity, sender } = event;
    if (verdict.kind !== 'pass') {
      plugin.logwarn(
        `${verdict.kind} ${fieldsLine({ ref: reference, check: check.name, reason, identity, value, sender })}`,
      );
    }
  });
  return reference;
}

function eventOf(
  { verdict, name, from, settings, started, bytes = 0, ...about }: Judged,
  reference: string,
): EventDraft {
  const { identity, record } = about;
  const detail =
    verdict.kind === 'refuse' ? verdict.detail : 'because' in verdict ? verdict.because : undefined;
  return {
    ...{ v: 1, time: new Date().toISOString(), node, reference, check: check.name },
    ...{ verdict: verdict.kind, mode: 'enforce' },
    ...('reason' in verdict && { reason: verdict.reason }),
    ...(detail !== undefined && { detail }),
    ...(identity && { identity: identity.name, identity_id: identity.id }),
    // What it calls itself, until it is known to be that.
    ...(!identity && { login: name }),
    sender: from,
    ...(record && acceptedFields(record, bytes)),
    revision: settings.revision,
    latency_ms: Math.round((performance.now() - started) * 1000) / 1000,
  };
}
