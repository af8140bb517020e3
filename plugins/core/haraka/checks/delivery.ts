import type { ProvenanceRecord } from '../../provenance/record.ts';
import type { Mode } from '../../words.ts';
import type { Settings } from '../../settings/settings.ts';
import type { AnyVerdict } from '../../verdict.ts';
import { replyFor } from '../../replies.ts';
import { recordDelivery, type DeliveryCase, type DeliveryVerdict } from '../delivery.ts';
import { deliveryFacts, type DeliveryFacts } from '../facts/delivery.ts';
import type { QueuedMessage } from '../types.ts';
import { deadlineSeconds, decideNow, withDeadline } from './decide.ts';
import { checksOf, type Installed } from './installed.ts';

/** What keeps a message from leaving, and which check says so; it is not recorded yet. */
export interface Stop {
  readonly about: DeliveryCase;
  readonly verdict: Exclude<DeliveryVerdict, { readonly kind: 'pass' }>;
}

/** Decides the stage `delivery` about a proven message: the first stop; at once where there is nothing to decide. */
export function judgeDelivery(
  message: QueuedMessage,
  record: ProvenanceRecord,
  settings: Settings,
): Promise<Stop | undefined> | undefined {
  const installed = checksOf('delivery');
  const facts = installed.length === 0 ? undefined : deliveryFacts(message, record);
  return facts && judgeInTurn(installed, { message, record, settings, facts });
}

interface Departing {
  readonly message: QueuedMessage;
  readonly record: ProvenanceRecord;
  readonly settings: Settings;
  readonly facts: DeliveryFacts;
}

async function judgeInTurn(installed: readonly Installed[], departing: Departing): Promise<Stop | undefined> {
  const { message, record, settings, facts } = departing;
  for (const { check, plugin } of installed) {
    const started = performance.now();
    const { policy } = settings;
    const decided = decideNow(check, { policy, identity: undefined, gather: () => facts });
    const verdict = await new Promise<AnyVerdict>((resolve) => {
      void withDeadline(decided.answer, deadlineSeconds(policy, plugin), resolve);
    });
    const about: DeliveryCase = { check, plugin, message, mode: decided.mode, started, settings };
    const stop = stopIn(verdict, check);
    if (stop && isInForce(decided.mode)) return { about, verdict: stop };
    if (stop || !check.isQuiet) {
      recordDelivery(about, stop ?? { kind: 'pass', record }, { file: message.path });
    }
  }
  return undefined;
}

function isInForce(mode: Mode): boolean {
  return mode === 'enforce';
}

function stopIn(verdict: AnyVerdict, { replies }: Installed['check']): Stop['verdict'] | undefined {
  if (verdict.kind === 'pass' || verdict.kind === 'skip') return undefined;
  const { text } = replyFor(verdict.reason, replies);
  const detail = verdict.kind === 'refuse' ? verdict.detail : verdict.because;
  return {
    kind: verdict.kind,
    reason: verdict.reason,
    detail: detail === undefined ? text : `${text}: ${detail}`,
  };
}
