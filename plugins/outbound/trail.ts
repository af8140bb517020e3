import { recordOutcome } from '../core/haraka/delivery.ts';
import { applyPatch } from '../core/haraka/patch.ts';
import { deliveryOutcomes } from '../core/haraka/patches/delivery-outcomes.ts';
import { policyMet } from '../core/haraka/patches/outgoing-tls.ts';
import { departureOf } from '../core/haraka/patches/smart-host.ts';
import { policyFields } from '../core/haraka/record-fields.ts';
import { Suspicion } from '../core/haraka/suspicion.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import type { Plugin, QueuedMessage } from '../core/haraka/types.ts';
import { identityOfAccount, type Identity } from '../core/identity.ts';
import type { ProvenanceRecord } from '../core/provenance/record.ts';
import { withRegistration } from '../core/registrations.ts';
import type { Policy } from '../core/settings/settings.ts';
import { resultsOf, triesOf, unreached, type Result } from './outcomes.ts';

const check = { name: 'outbound/delivery' } as const;

/** Says of a message in the queue who sent it, where that is believed. */
type Origin = (message: QueuedMessage) => ProvenanceRecord | undefined;

/** Has an event tell what becomes of each recipient, at each try, and looks whose mail bounces. */
export function keepTrail(plugin: Plugin, originOf: Origin): void {
  const suspicion = new Suspicion(plugin);
  applyPatch(plugin, deliveryOutcomes, (message, ending) => {
    const record = originOf(message);
    const settings = currentSettings();
    const [first, ...others] = resultsOf(ending, new Date());
    const departure = departureOf(message);
    const through = departure ? { smart_host: departure.host.name } : {};
    // It is one session, however many answers there were.
    const results = first
      ? [
          { ...first, ...through, ...metFields(policyMet(message)) },
          ...others.map((each) => ({ ...each, ...through })),
        ]
      : [];
    const why = ending.outcome === 'deferred' ? unreached(ending) : undefined;
    if (why !== undefined) departure?.complain(`cannot be reached: ${why}`);
    recordOutcome({
      ...{ check, plugin, message, started: ending.started, settings, results },
      ...(record && { record }),
      tries: triesOf(ending, message.num_failures),
    });
    const sender = record && accountIn(record, settings.policy);
    const outcomes = countsOf(results);
    if (sender && outcomes.all > 0) void suspicion.delivered(sender, outcomes, settings);
  });
}

/** By which policy of the recipient its server had the TLS that it has to have. */
function metFields(policy: ReturnType<typeof policyMet>): Partial<Result> {
  if (policy === undefined) return {};
  return policy === 'none' ? { tls_policy: 'no-policy-found' } : policyFields(policy);
}

/** The account that a message came from, as the settings know it now. */
function accountIn({ origin }: ProvenanceRecord, policy: Policy): Identity | undefined {
  if (origin.kind !== 'identity' || origin.proof !== 'account') return undefined;
  const { id, name } = origin;
  return withRegistration(identityOfAccount({ id, name, addresses: [] }), policy, new Date());
}

/** Recipients for whom it is over, and how many of them will never get it. */
function countsOf(results: readonly Result[]): { readonly all: number; readonly bounced: number } {
  const of = (...outcomes: readonly (Result['outcome'] | undefined)[]) =>
    results
      .filter(({ outcome }) => outcomes.includes(outcome))
      .reduce((sum, { recipients }) => sum + (recipients?.length ?? 0), 0);
  return { all: of('delivered', 'bounced'), bounced: of('bounced') };
}
