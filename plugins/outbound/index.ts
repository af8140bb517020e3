import { derived } from '../core/derived.ts';
import { defineCheck } from '../core/haraka/checks/check.ts';
import { demandedClearances, install } from '../core/haraka/checks/installed.ts';
import type { Demand, GateFacts } from '../core/haraka/facts/gate.ts';
import { demandedByRoles } from '../core/haraka/installation.ts';
import { watchMessageEnds } from '../core/haraka/message-end.ts';
import { configDirectory } from '../core/haraka/instance.ts';
import { Suspicion } from '../core/haraka/suspicion.ts';
import { start } from '../core/haraka/startup.ts';
import type { Plugin } from '../core/haraka/types.ts';
import type { Policy } from '../core/settings/settings.ts';
import { smartHostFiles } from '../core/smart-host/open.ts';
import type { Verdict } from '../core/verdict.ts';
import { decideGate, decideOutbound, decideRelay } from './gate.ts';
import { guardDelivery } from './delivery.ts';
import { Counter } from './limits/counter.ts';
import { acceptUntilData } from './provisional.ts';
import { RecipientPolicies } from './recipient-policies.ts';
import { relayForRegistered } from './registered.ts';
import { recorded } from './provenance.ts';
import { queueOurselves } from './queue.ts';
import { decideLocal, offerRequireTls, requireTlsCheck } from './requiretls.ts';
import { sendForInternal } from './send-as.ts';
import { decideSuspended, suspended, unlessSuspended } from './suspended.ts';
import { tellLess } from './received.ts';
import { takeBackReleased } from './released.ts';
import { carryOutRequests } from './requested.ts';
import { SmartHostsInForce } from './smart-hosts-in-force.ts';

/** One clearance of every check that this host must make, and of every other that is installed. */
const demanded = derived((policy: Policy): readonly Demand[] => {
  const byName = new Map<string, Demand>(
    demandedByRoles(policy).map((check) => [check, { check, clears: 'message' }]),
  );
  for (const demand of demandedClearances()) byName.set(demand.check, demand);
  return [...byName.values()];
});

/** The same for mail that does not leave, or not yet: nobody has judged whether it may. */
const demandedHere = derived((policy: Policy): readonly Demand[] =>
  demanded(policy).filter(({ clears }) => clears !== 'departure'),
);

/** How much one identity may send: looked at early, and judged exactly once nothing else speaks against the message. */
function limitChecks(counter: Counter) {
  const common = { judges: 'authenticated', mode: ({ limits }: Policy) => limits.mode } as const;
  const count = (facts: GateFacts, policy: Policy) => counter.limits(facts, policy);
  // Last of all: whoever leaves while the event of the gate is written has sent nothing.
  const last = { ...common, after: ['outbound/inbound', 'outbound/gate', 'audit/stored'] } as const;
  return [
    defineCheck({
      ...{ name: 'outbound/limits', stage: 'mail', isQuiet: true, ...common },
      after: ['sender/envelope'],
      decide: (facts, policy) => counter.message(facts, policy),
    }),
    defineCheck({
      ...{ name: 'outbound/recipients', stage: 'rcpt', isQuiet: true, looksAhead: true, ...common },
      decide: (facts, policy) => counter.recipient(facts, policy),
    }),
    defineCheck({ name: 'outbound/local', stage: 'queue', ...last, decide: count }),
    defineCheck({ name: 'outbound/count', stage: 'gate', ...last, decide: count }),
  ] as const;
}

function checksOf(plugin: Plugin, counter: Counter) {
  return [
    // After auth/required: who has not logged in hears that first. The gate looks again.
    defineCheck({
      name: 'outbound/suspended',
      stage: 'session',
      judges: 'authenticated',
      isQuiet: true,
      after: ['auth/required'],
      decide: decideSuspended,
    }),
    defineCheck({
      ...{ name: 'outbound/requiretls', stage: 'mail', isQuiet: true, looksAt: 'client' },
      before: ['sender/envelope', 'outbound/limits'],
      decide: requireTlsCheck(plugin),
    }),
    defineCheck({ name: 'outbound/relay', stage: 'unclaimed', decide: decideRelay }),
    defineCheck({
      name: 'outbound/accept',
      stage: 'accept',
      decide: (facts, policy) =>
        unlessSuspended(facts, policy, () => decideGate(facts, demandedHere(policy))),
    }),
    defineCheck({
      name: 'outbound/inbound',
      stage: 'queue',
      decide: (facts, policy) =>
        letThrough(facts, policy, () => decideInbound(facts, demandedHere(policy)), counter),
    }),
    defineCheck({
      name: 'outbound/gate',
      stage: 'gate',
      decide: (facts, policy) =>
        letThrough(facts, policy, () => decideOutbound(facts, demanded(policy)), counter),
    }),
  ] as const;
}

/** What others deliver, as far as nobody was promised that they do it by TLS. */
function decideInbound(facts: GateFacts, needed: readonly Demand[]): Verdict {
  return decideLocal(facts) ?? decideGate(facts, needed);
}

/** What would make an account look taken over is counted once nothing else speaks against the message. */
function letThrough(
  facts: GateFacts,
  policy: Policy,
  decide: () => Verdict,
  counter: Counter,
): Verdict | Promise<Verdict> {
  return unlessSuspended(facts, policy, () => {
    const { identity } = facts;
    const verdict = decide();
    if (verdict.kind !== 'pass' || !identity) return recorded(facts, verdict, new Date());
    return counter
      .isStopped(facts, policy)
      .then((isStopped) => (isStopped ? suspended(identity) : recorded(facts, verdict, new Date())));
  });
}

export function register(this: Plugin): void {
  const counter = new Counter(this, new Suspicion(this));
  const hosts = new SmartHostsInForce(this);
  const recipients = new RecipientPolicies(this);
  start(
    this,
    {
      prepare:
        ({ policy }) =>
        () =>
          counter.use(policy),
    },
    {
      files: (policy) => smartHostFiles(policy, configDirectory()),
      prepare: ({ policy }) => hosts.prepare(policy),
      fallback: () => hosts.useLater(),
    },
    { prepare: ({ policy }) => recipients.prepare(policy) },
  );
  install(this, [...checksOf(this, counter), ...limitChecks(counter)]);
  watchMessageEnds(this);
  relayForRegistered(this);
  acceptUntilData(this);
  tellLess(this);
  queueOurselves(this);
  guardDelivery(this, { find: (name) => hosts.find(name), recipients });
  offerRequireTls(this);
  takeBackReleased(this);
  carryOutRequests(this);
  sendForInternal(this, counter);
}
