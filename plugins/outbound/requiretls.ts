import { addHook } from '../core/haraka/hook.ts';
import type { CommandFacts } from '../core/haraka/facts/envelope.ts';
import type { GateFacts } from '../core/haraka/facts/gate.ts';
import { applyPatch, isInstalled } from '../core/haraka/patch.ts';
import { bouncesHeaderOnly } from '../core/haraka/patches/bounces-header-only.ts';
import { bouncesKnown } from '../core/haraka/patches/bounces-known.ts';
import { deliveryGuard } from '../core/haraka/patches/delivery-guard.ts';
import { outgoingTls } from '../core/haraka/patches/outgoing-tls.ts';
import { othersAtQueue } from '../core/haraka/queue-hooks.ts';
import { sessionFacts } from '../core/haraka/session.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import { whenServing } from '../core/haraka/startup.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Connection, Next, Plugin } from '../core/haraka/types.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, type Verdict } from '../core/verdict.ts';

/** What of this Haraka bears on whether a promise to require TLS can be kept. */
export interface Host {
  /** Plugins of others that can take a message which is to be relayed. */
  readonly others: readonly string[];
  /** Patches that have been left out. */
  readonly missing: readonly string[];
  /** Whether Haraka begins TLS with other servers at all. */
  readonly beginsTls: boolean;
}

/** Why REQUIRETLS is offered to nobody; `undefined` where it is offered. */
export function whyNotOffered(
  { others, missing, beginsTls }: Host,
  { outbound }: Pick<Policy, 'outbound'>,
): string | undefined {
  if (outbound.requiretls === 'off') return 'outbound.requiretls is off';
  if (outbound.unproven_mail !== 'enforce') {
    return 'outbound.unproven_mail is observe, so that mail may leave without a look at what it needs';
  }
  if (missing.length > 0) return `this Haraka is another than it needs: ${missing.join(', ')}`;
  if (!beginsTls) return 'outbound.ini has enable_tls=false';
  const unknown = others.filter((name) => !outbound.requiretls_beside.includes(name));
  if (unknown.length === 0) return undefined;
  return `another plugin can take mail at queue_outbound, and would not know of it: ${unknown.join(', ')}; if it only looks on, name it in outbound.requiretls_beside`;
}

type Said = Pick<CommandFacts, 'requireTls' | 'isExtended' | 'listener' | 'tls'>;

/**
 * Whether a client may ask for it with MAIL. It has to be offered to be said: 555 where it is not (RFC 5321 §4.1.1.11), and 530
 * where it only lacks TLS (RFC 8689 §2).
 */
export function decideRequireTls(said: Said, why: string | undefined): Verdict {
  const { requireTls, isExtended, listener, tls } = said;
  if (requireTls === 'absent') return pass;
  if (listener.role === 'mx') return refuse('requiretls-not-offered', mxWhy);
  if (why !== undefined) return refuse('requiretls-not-offered', why);
  if (!isExtended) return refuse('requiretls-not-offered', 'the client has said HELO');
  if (!tls) return refuse('tls-missing', 'REQUIRETLS in clear');
  return requireTls === 'malformed' ? refuse('requiretls-syntax') : pass;
}

const mxWhy = 'a port for mx takes mail for local recipients, which others deliver';

/** What is handed to other plugins for local recipients leaves this gateway by a way that it does not see. */
export function decideLocal(facts: Pick<GateFacts, 'tlsOption' | 'recipients'>): Verdict | undefined {
  if (facts.tlsOption() !== 'require') return undefined;
  const who = facts.recipients.map(({ text }) => text);
  return refuse('requiretls-unsupported', `for local recipients: ${who.join(', ')}`, localText);
}

const localText = 'These recipients are local: another server delivers, which cannot be asked for TLS.';

/** The verdict on MAIL, kept with the message. */
export function requireTlsCheck(plugin: Plugin): (facts: CommandFacts, policy: Policy) => Verdict {
  return (facts, policy) => {
    if (facts.requireTls === 'absent') return pass;
    const verdict = decideRequireTls(facts, whyNotOffered(hostOf(plugin), policy));
    if (verdict.kind === 'pass') facts.keepToTls();
    return verdict;
  };
}

/** Offers REQUIRETLS, where the promise can be kept, and says in the log why it is not. */
export function offerRequireTls(plugin: Plugin): void {
  applyPatch(plugin, bouncesHeaderOnly);
  const isOffered = isOfferedIn(plugin);
  const offer = (next: Next, connection: Connection) => {
    const { policy } = settingsFor(connection);
    const { tls, listener } = sessionFacts(connection, policy);
    if (tls && listener.role === 'submission' && isOffered(policy)) {
      connection.capabilities?.push('REQUIRETLS');
    }
    next();
  };
  // Before AUTH, by which many a client knows the end.
  addHook(plugin, 'capabilities', 'gatekeeper_offer_requiretls', offer, -10);
  whenServing(plugin, () => {
    const { policy } = currentSettings();
    if (policy.roles.includes('submission')) isOffered(policy);
  });
}

/** Says each reason once, until there is another. */
function isOfferedIn(plugin: Plugin): (policy: Policy) => boolean {
  let told: string | undefined;
  return (policy) => {
    const why = whyNotOffered(hostOf(plugin), policy);
    if (why !== undefined && why !== told && policy.outbound.requiretls === 'offer') {
      plugin.lognotice(`REQUIRETLS is not offered: ${why}`);
    }
    told = why;
    return why === undefined;
  };
}

function hostOf(plugin: Plugin): Host {
  const needed = [deliveryGuard, outgoingTls, bouncesKnown, bouncesHeaderOnly] as const;
  return {
    others: othersAtQueue(plugin),
    missing: needed.filter((patch) => !isInstalled(patch)).map(({ name }) => name),
    beginsTls: plugin.haraka_require('outbound/config').cfg.enable_tls !== false,
  };
}
