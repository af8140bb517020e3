import { recordOutcome } from '../core/haraka/delivery.ts';
import { applyPatch } from '../core/haraka/patch.ts';
import { deliveryOutcomes, type Ending } from '../core/haraka/patches/delivery-outcomes.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import type { Plugin, QueuedMessage } from '../core/haraka/types.ts';
import type { ProvenanceRecord } from '../core/provenance/record.ts';
import { resultsOf, triesOf } from './outcomes.ts';

const check = { name: 'outbound/delivery' } as const;

/** Says of a message in the queue who sent it, where that is believed. */
type Origin = (message: QueuedMessage) => ProvenanceRecord | undefined;

/** Has an event tell what becomes of each recipient, at each try. */
export function keepTrail(plugin: Plugin, originOf: Origin): void {
  applyPatch(plugin, deliveryOutcomes, (message, ending) => tell(plugin, message, ending, originOf));
}

function tell(plugin: Plugin, message: QueuedMessage, ending: Ending, originOf: Origin): void {
  const record = originOf(message);
  recordOutcome({
    ...{ check, plugin, message, started: ending.started, settings: currentSettings() },
    ...(record && { record }),
    tries: triesOf(ending, message.num_failures),
    results: resultsOf(ending, new Date()),
  });
}
