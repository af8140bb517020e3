import { defineCheck, type Check } from '../core/haraka/checks/check.ts';
import { install } from '../core/haraka/checks/installed.ts';
import { configDirectory } from '../core/haraka/instance.ts';
import { start } from '../core/haraka/startup.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { expiring, isInForce } from '../core/expiry.ts';
import type { deceptions } from '../core/settings/deceptions.ts';
import type { Policy, Settings } from '../core/settings/settings.ts';
import { Border } from './border.ts';
import { decideEnvelope } from './envelope.ts';
import { hardeningProblems } from './harden.ts';
import { decideForward, forwardMode } from './forward.ts';
import {
  decideOctets,
  foldedAuthor,
  foreignDisplay,
  hiddenCharacters,
  judgedBy,
  lookalikeDomain,
  protectedName,
  unannouncedUtf8,
} from './hardening.ts';
import { decideHeader } from './header.ts';
import { Resolver } from '../core/dns/resolver.ts';
import { decideTenant } from './tenant.ts';
import { tenantFiles, tenantProblems, Tenants } from './tenants.ts';
import { guardTraceFields } from './trace.ts';

const mode = ({ sender }: Policy) => sender.mode;
const spfMode = ({ spf }: Policy) => spf.mode;

const resolver = new Resolver();
const border = new Border(() => resolver.dns);
const tenants = new Tenants(() => resolver.dns);

interface Deception {
  readonly name: string;
  readonly setting: 'mode' | Exclude<keyof typeof deceptions, 'protected_names'>;
  readonly rule: Parameters<typeof judgedBy>[0];
}

/** After sender/header: that its addresses are right is what matters most. */
function deception({ name, setting, rule }: Deception): Check<'message'> {
  const mode = ({ sender }: Policy) => sender[setting];
  const common = {
    judges: 'authenticated',
    stage: 'message',
    isQuiet: true,
    after: ['sender/header'],
  } as const;
  return defineCheck({ name, mode, decide: judgedBy(rule), ...common });
}

const checks = [
  defineCheck({
    name: 'sender/envelope',
    judges: 'authenticated',
    stage: 'mail',
    mode,
    decide: decideEnvelope,
  }),
  defineCheck({
    name: 'sender/provider',
    stage: 'mail',
    looksAt: 'client',
    judges: 'unauthenticated',
    isQuiet: true,
    // Before what is put off until DATA for whoever may be a tenant's.
    before: ['sender/envelope', 'sender/impersonation', 'sender/spf'],
    decide: (facts, policy) => tenants.provider(facts, policy),
  }),
  defineCheck({
    name: 'sender/impersonation',
    stage: 'mail',
    judges: 'unauthenticated',
    refusesAt: 'rcpt',
    after: ['sender/envelope'],
    mode,
    decide: (facts, policy) => border.impersonation(facts, policy),
  }),
  defineCheck({
    name: 'sender/spf',
    stage: 'mail',
    judges: 'unauthenticated',
    refusesAt: 'rcpt',
    after: ['sender/impersonation'],
    mode: spfMode,
    decide: (facts, policy) => border.spf(facts, policy),
  }),
  // Before all that asks whose message it is.
  defineCheck({
    name: 'sender/tenant',
    stage: 'message',
    judges: 'provisional',
    before: ['sender/header', 'tls/author_domain'],
    decide: (facts, policy) => decideTenant(facts, policy, new Date()),
  }),
  defineCheck({
    name: 'sender/late_impersonation',
    stage: 'message',
    looksAt: 'sender',
    judges: 'provisional',
    after: ['sender/header'],
    mode,
    decide: (facts, policy) => border.lateImpersonation(facts, policy),
  }),
  defineCheck({
    name: 'sender/late_spf',
    stage: 'message',
    looksAt: 'sender',
    judges: 'provisional',
    after: ['sender/header'],
    mode: spfMode,
    decide: (facts, policy) => border.lateSpf(facts, policy),
  }),
  defineCheck({
    name: 'sender/header',
    judges: 'authenticated',
    stage: 'message',
    after: ['sender/tenant'],
    mode,
    decide: decideHeader,
  }),
  deception({ name: 'sender/display', setting: 'foreign_display', rule: foreignDisplay }),
  deception({ name: 'sender/name', setting: 'mode', rule: protectedName }),
  deception({ name: 'sender/lookalike', setting: 'lookalike_domains', rule: lookalikeDomain }),
  deception({ name: 'sender/utf8', setting: 'unannounced_utf8', rule: unannouncedUtf8 }),
  deception({ name: 'sender/hidden', setting: 'hidden_characters', rule: hiddenCharacters }),
  deception({ name: 'sender/folded', setting: 'folded_author', rule: foldedAuthor }),
  defineCheck({
    name: 'sender/octets',
    judges: 'unauthenticated',
    stage: 'message',
    isQuiet: true,
    after: ['sender/header'],
    mode: ({ sender }) => sender.stray_octets,
    decide: decideOctets,
  }),
  defineCheck({
    name: 'sender/forward',
    judges: 'forwarding',
    stage: 'message',
    after: ['sender/header'],
    mode: forwardMode,
    decide: decideForward,
  }),
  defineCheck({
    name: 'sender/relayed',
    judges: 'relayed',
    stage: 'message',
    after: ['sender/header'],
    mode: spfMode,
    decide: (facts, policy) => border.relayed(facts, policy),
  }),
  defineCheck({
    name: 'sender/author',
    judges: 'unauthenticated',
    stage: 'message',
    after: ['sender/octets', 'sender/relayed', 'sender/late_impersonation', 'sender/late_spf'],
    mode: ({ sender }) => sender.unproven_author,
    decide: (facts, policy) => border.author(facts, policy),
  }),
] as const;

export function register(this: Plugin): void {
  start(this, {
    problems: (settings) => [
      ...hardeningProblems(this, settings, () => resolver.dns),
      ...tenantProblems(this, settings),
    ],
    files: (policy) => tenantFiles(policy, configDirectory()),
    prepare: (settings) => {
      const commits = [
        resolver.prepare(settings.policy),
        tenants.prepare(settings.policy, configDirectory()),
      ];
      return () => {
        for (const commit of commits) commit();
        warnOfExpired(this, settings);
      };
    },
  });
  guardTraceFields(this);
  install(this, checks);
}

function warnOfExpired(plugin: Plugin, { policy }: Settings): void {
  for (const { what, name, expires, owner } of expiring(policy).filter(
    (each) => !isInForce(each, new Date()),
  )) {
    plugin.logwarn(`${what} ${name} expired on ${expires} and no longer counts; ask ${owner}`);
  }
}
