import { derived } from '../derived.ts';
import type { Policy, Settings } from '../settings/settings.ts';
import { isTlsRequired } from '../roles.ts';
import type { Plugin } from './types.ts';

interface Demand {
  /** The check whose clearance every message needs. */
  readonly check: string;
  readonly plugin: string;
  readonly isNeeded: (policy: Policy) => boolean;
}

/** What no message leaves without, and which roles need it. */
const demands: readonly Demand[] = [
  {
    check: 'tls/required',
    plugin: 'gatekeeper/tls',
    isNeeded: (policy) => policy.roles.some((role) => isTlsRequired(role, policy)) || hasCriteria(policy),
  },
  ...['sender_domain', 'author_domain'].map((name) => ({
    check: `tls/${name}`,
    plugin: 'gatekeeper/tls',
    isNeeded: hasCriteria,
  })),
  {
    check: 'auth/required',
    plugin: 'gatekeeper/auth',
    isNeeded: ({ roles }) => roles.includes('submission'),
  },
  ...[
    ...['envelope', 'provider', 'impersonation', 'spf', 'tenant', 'header', 'relayed', 'author'],
    ...['late_impersonation', 'late_spf'],
  ].map((name) => ({
    check: `sender/${name}`,
    plugin: 'gatekeeper/sender',
    isNeeded: () => true,
  })),
];

/** Somebody is asked for more than the section `tls` asks of all. */
function hasCriteria({ tls_criteria, directory, directories }: Policy): boolean {
  const all = [...(directory ? [directory] : []), ...directories];
  return tls_criteria.length > 0 || all.some(({ tls_attribute }) => tls_attribute !== '');
}

/** The last gate, which asks for all of these; without it a login would be good for anything. */
const gate = 'gatekeeper/outbound';

/** Checks whose clearance every message needs, whichever plugins are loaded. */
export function demandedByRoles(policy: Policy): readonly string[] {
  return demandsOf(policy).map(({ check }) => check);
}

const demandsOf = derived((policy: Policy): readonly Demand[] => {
  return demands.filter(({ isNeeded }) => isNeeded(policy));
});

/** What is missing or wrong in Haraka's own configuration, without which ours would not hold. */
export function hostProblems(plugin: Plugin): string[] {
  const problems: string[] = [];
  const { max } = plugin.haraka_require('connection').cfg as { max?: unknown };
  if (max === undefined)
    problems.push('config/connection.ini is missing: Haraka dies at the first connection');
  if (!plugin.config.get('internalcmd_key')) {
    problems.push('config/internalcmd_key is missing or empty: any local client could stop Haraka');
  }
  const { ignore_bad_plugins: ignore } = (plugin.config.get('smtp.ini') as { main: Record<string, unknown> })
    .main;
  // Haraka takes every text for yes, `false` included.
  if (ignore) {
    problems.push(
      'config/smtp.ini: ignore_bad_plugins is set: mail would flow past a plugin of ours that fails',
    );
  }
  return problems;
}

/** Our plugins that called `start`, with the seconds after which Haraka answers in their place. */
export type Started = ReadonlyMap<string, number>;

/** What speaks against these settings on this Haraka, with the plugins that it has loaded. */
export function installationProblems(plugin: Plugin, started: Started, { policy }: Settings): string[] {
  return [
    ...missingPlugins(started, policy),
    ...delayedRefusals(plugin),
    ...timeoutProblems(started, policy),
  ];
}

function missingPlugins(started: Started, policy: Policy): string[] {
  const needed = demandsOf(policy).map(({ plugin }) => plugin);
  const missing = [...new Set([...needed, gate])].filter((plugin) => !started.has(plugin));
  const roles = `roles [${policy.roles.join(', ')}]`;
  return missing.map((plugin) => `${roles} need ${plugin}, which config/plugins does not load`);
}

function delayedRefusals(plugin: Plugin): string[] {
  if (!plugin.haraka_require('plugins').registered_plugins['delay_deny']) return [];
  return ['config/plugins loads delay_deny: it puts refusals off, and drops them for whoever has logged in'];
}

function timeoutProblems(started: Started, { deadline_seconds: deadline }: Policy): string[] {
  const bySeconds = new Map<number, string[]>();
  for (const [name, timeout] of started) {
    if (timeout <= deadline) bySeconds.set(timeout, [...(bySeconds.get(timeout) ?? []), name]);
  }
  return [...bySeconds].map(([seconds, names]) => {
    const why =
      seconds === 0
        ? 'a plugin that hangs would hang for ever'
        : `Haraka would answer before our own deadline_seconds, ${deadline}`;
    return `config/plugin_timeout is ${seconds} s for ${names.join(', ')}: ${why}`;
  });
}
