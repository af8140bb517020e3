import { publish, type EventDraft } from '../events/event.ts';
import { whenEnded, type MessageEnd } from './message-end.ts';
import type { Transaction } from './types.ts';

const check = 'outbound/not-queued';

/**
 * Has an event follow that of an accepted message if it is not queued after all: what was accepted, less what was taken back, is
 * what clients heard to be queued, and what was queued for those that did not stay to hear it.
 */
export function takeBackUnlessQueued(
  accepted: EventDraft,
  transaction: Transaction,
  complain: (error: unknown) => void,
): void {
  whenEnded(transaction, (end) => {
    if (end !== 'queued') publish(takenBack(accepted, reasonOf(end, transaction)), complain);
  });
}

function takenBack(accepted: EventDraft, detail: string): EventDraft {
  const { queue_id: id = '' } = accepted;
  const time = new Date().toISOString();
  return {
    ...accepted,
    ...{ time, reference: `${id} ${check}`, check, verdict: 'skip', accepted: false, detail, latency_ms: 0 },
  };
}

function reasonOf(end: MessageEnd, { msg_status: status }: Transaction): string {
  // A plugin that is not ours may have been about to queue it: neither the client nor anybody here has heard of that.
  if (end === 'unknown') return 'the client left before it was queued';
  if (status === undefined) return 'outbound/queue could not queue it';
  return `it was refused ${status === 'rejected' ? 'for good' : 'for now'} after it was accepted`;
}
