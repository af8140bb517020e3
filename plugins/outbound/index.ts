import { defineCheck, demandedClearances, install } from '../core/haraka/check.ts';
import { isStarted, start } from '../core/haraka/startup.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { decideGate, decideOutbound, decideRelay } from './gate.ts';
import { queueOurselves } from './queue.ts';

/** What no message leaves without, whichever plugins are loaded: the plugin that clears it, by check. */
const clearedBy = {
  'tls/required': 'gatekeeper/tls',
  'auth/required': 'gatekeeper/auth',
  'sender/envelope': 'gatekeeper/sender',
  'sender/header': 'gatekeeper/sender',
} as const;

function demanded(): readonly string[] {
  return [...new Set([...Object.keys(clearedBy), ...demandedClearances()])];
}

const checks = [
  defineCheck({ name: 'outbound/relay', stage: 'unclaimed', decide: decideRelay }),
  defineCheck({ name: 'outbound/accept', stage: 'accept', decide: (facts) => decideGate(facts, demanded()) }),
  defineCheck({ name: 'outbound/inbound', stage: 'queue', decide: (facts) => decideGate(facts, demanded()) }),
  defineCheck({
    name: 'outbound/gate',
    stage: 'outbound',
    decide: (facts) => decideOutbound(facts, demanded()),
  }),
] as const;

export function register(this: Plugin): void {
  start(this, [missingPlugins]);
  install(this, checks);
  queueOurselves(this);
}

function missingPlugins(): readonly string[] {
  const plugins = [...new Set(Object.values(clearedBy))].filter((plugin) => !isStarted(plugin));
  return plugins.map((plugin) => `gatekeeper/outbound needs ${plugin}, which config/plugins does not load`);
}
