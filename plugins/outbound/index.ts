import { derived } from '../core/derived.ts';
import { defineCheck, demandedClearances, install } from '../core/haraka/check.ts';
import type { GateFacts } from '../core/haraka/facts.ts';
import { demandedByRoles } from '../core/haraka/installation.ts';
import { watchMessageEnds } from '../core/haraka/message-end.ts';
import { configDirectory } from '../core/haraka/instance.ts';
import { Suspicion } from '../core/haraka/suspicion.ts';
import { start } from '../core/haraka/startup.ts';
import type { Plugin } from '../core/haraka/types.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { Verdict } from '../core/verdict.ts';
import { decideGate, decideOutbound, decideRelay } from './gate.ts';
import { guardDelivery } from './delivery.ts';
import { LimitKeeper } from './limits/keeper.ts';
import { relayForRegistered } from './registered.ts';
import { recorded } from './provenance.ts';
import { queueOurselves } from './queue.ts';
import { sendForInternal } from './send-as.ts';
import { decideSuspended, suspended, unlessSuspended } from './suspended.ts';
import { tellLess } from './received.ts';
import { takeBackReleased } from './released.ts';
import { SmartHostsInForce } from './smart-hosts-in-force.ts';
import { smartHostFiles } from './smart-hosts.ts';

/** One clearance of every check that this host must make, and of every other that is installed. */
const demanded = derived((policy: Policy): readonly string[] => [
  ...new Set([...demandedByRoles(policy), ...demandedClearances()]),
]);

/** How much one identity may send: looked at early, and counted once nothing else speaks against the message. */
function limitChecks(keeper: LimitKeeper) {
  const common = { judges: 'authenticated', rank: 1, mode: ({ limits }: Policy) => limits.mode } as const;
  const count = (facts: GateFacts, policy: Policy) => keeper.count(facts, policy);
  return [
    defineCheck({
      ...{ name: 'outbound/limits', stage: 'mail', isLookahead: true, ...common },
      decide: (facts, policy) => keeper.message(facts, policy),
    }),
    defineCheck({
      ...{ name: 'outbound/recipients', stage: 'rcpt', isLookahead: true, ...common },
      decide: (facts, policy) => keeper.recipient(facts, policy),
    }),
    defineCheck({ name: 'outbound/local', stage: 'queue', ...common, decide: count }),
    defineCheck({ name: 'outbound/count', stage: 'outbound', ...common, decide: count }),
  ] as const;
}

function checksOf(suspicion: Suspicion) {
  return [
    // After auth/required: who has not logged in hears that first. The gate looks again.
    defineCheck({
      name: 'outbound/suspended',
      stage: 'session',
      judges: 'authenticated',
      isLookahead: true,
      rank: 2,
      decide: decideSuspended,
    }),
    defineCheck({ name: 'outbound/relay', stage: 'unclaimed', decide: decideRelay }),
    defineCheck({
      name: 'outbound/accept',
      stage: 'accept',
      decide: (facts, policy) => accept(facts, policy, suspicion),
    }),
    defineCheck({
      name: 'outbound/inbound',
      stage: 'queue',
      decide: (facts, policy) =>
        unlessSuspended(facts, policy, () =>
          recorded(facts, decideGate(facts, demanded(policy)), new Date()),
        ),
    }),
    defineCheck({
      name: 'outbound/gate',
      stage: 'outbound',
      decide: (facts, policy) =>
        unlessSuspended(facts, policy, () =>
          recorded(facts, decideOutbound(facts, demanded(policy)), new Date()),
        ),
    }),
  ] as const;
}

/** What would make an account look taken over is counted once nothing else speaks against the message. */
async function accept(facts: GateFacts, policy: Policy, suspicion: Suspicion): Promise<Verdict> {
  const { identity, recipients, revision } = facts;
  const verdict = decideGate(facts, demanded(policy));
  if (verdict.kind !== 'pass' || !identity) return verdict;
  const isStopped = await suspicion.sends(identity, recipients.length, { policy, revision });
  return isStopped ? suspended(identity) : unlessSuspended(facts, policy, () => verdict);
}

export function register(this: Plugin): void {
  const keeper = new LimitKeeper(this);
  const hosts = new SmartHostsInForce(this);
  start(
    this,
    {
      prepare:
        ({ policy }) =>
        () =>
          keeper.use(policy),
    },
    {
      files: (policy) => smartHostFiles(policy, configDirectory()),
      prepare: ({ policy }) => hosts.prepare(policy),
      fallback: () => hosts.useLater(),
    },
  );
  install(this, [...checksOf(new Suspicion(this)), ...limitChecks(keeper)]);
  watchMessageEnds(this);
  relayForRegistered(this);
  tellLess(this);
  queueOurselves(this);
  guardDelivery(this, (name) => hosts.find(name));
  takeBackReleased(this);
  sendForInternal(this, keeper);
}
