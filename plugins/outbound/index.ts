import { derived } from '../core/derived.ts';
import { defineCheck, demandedClearances, install } from '../core/haraka/check.ts';
import { demandedByRoles } from '../core/haraka/installation.ts';
import { configDirectory } from '../core/haraka/instance.ts';
import { start } from '../core/haraka/startup.ts';
import type { Plugin } from '../core/haraka/types.ts';
import type { Policy } from '../core/settings/settings.ts';
import { decideGate, decideOutbound, decideRelay } from './gate.ts';
import { guardDelivery } from './delivery.ts';
import { relayForRegistered } from './registered.ts';
import { recorded } from './provenance.ts';
import { queueOurselves } from './queue.ts';
import { takeBackReleased } from './released.ts';
import { SmartHostsInForce } from './smart-hosts-in-force.ts';
import { smartHostFiles } from './smart-hosts.ts';

/** One clearance of every check that this host must make, and of every other that is installed. */
const demanded = derived((policy: Policy): readonly string[] => [
  ...new Set([...demandedByRoles(policy), ...demandedClearances()]),
]);

const checks = [
  defineCheck({ name: 'outbound/relay', stage: 'unclaimed', decide: decideRelay }),
  defineCheck({
    name: 'outbound/accept',
    stage: 'accept',
    decide: (facts, policy) => decideGate(facts, demanded(policy)),
  }),
  defineCheck({
    name: 'outbound/inbound',
    stage: 'queue',
    decide: (facts, policy) => recorded(facts, decideGate(facts, demanded(policy)), new Date()),
  }),
  defineCheck({
    name: 'outbound/gate',
    stage: 'outbound',
    decide: (facts, policy) => recorded(facts, decideOutbound(facts, demanded(policy)), new Date()),
  }),
] as const;

export function register(this: Plugin): void {
  const hosts = new SmartHostsInForce(this);
  start(this, {
    files: (policy) => smartHostFiles(policy, configDirectory()),
    prepare: ({ policy }) => hosts.prepare(policy),
    fallback: () => hosts.useLater(),
  });
  install(this, checks);
  relayForRegistered(this);
  queueOurselves(this);
  guardDelivery(this, (name) => hosts.find(name));
  takeBackReleased(this);
}
