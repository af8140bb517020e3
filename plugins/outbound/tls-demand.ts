import { derived } from '../core/derived.ts';
import { patternKey, patternsFor } from '../core/domain-pattern.ts';
import { accountKey } from '../core/identity.ts';
import { parseDomain } from '../core/mailbox.ts';
import type { TlsRule } from '../core/outgoing-tls/rule.ts';
import { tlsLevels, type TlsLevel } from '../core/settings/require-tls.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { Departing } from './route.ts';

type Demands = Pick<Policy, 'require_tls'>;

/** What TLS a message needs to leave, whoever it is for: by `require_tls`, and by REQUIRETLS. Empty where it may leave in clear. */
export function rulesOf(message: Departing, policy: Demands): readonly TlsRule[] {
  return [...byRequireTls(message, policy), ...byRequiretls(message)];
}

/** What the nearest entry demands for the domain of its recipients, or that for all mail, and what is demanded for its sender, whichever is stricter. */
function byRequireTls(message: Departing, policy: Demands): readonly TlsRule[] {
  if (policy.require_tls.length === 0) return [];
  const { forAll, byDomain, byIdentity } = demandsOf(policy);
  const domains = message.recipientDomains.map((each) => parseDomain(each) ?? each.toLowerCase());
  const wanted = domains.map((domain) => nearest(byDomain, domain) ?? { level: forAll, by: 'require_tls' });
  const { origin } = message;
  const names = origin?.kind === 'identity' ? [origin.id, origin.name] : [];
  const ofSender = names.flatMap((name) => {
    const level = byIdentity.get(accountKey(name));
    return level ? [{ level, by: `require_tls of ${name}` }] : [];
  });
  const [strictest] = [...wanted, ...ofSender].sort((one, other) => rankOf(other.level) - rankOf(one.level));
  if (!strictest || strictest.level === 'may') return [];
  const certificate = strictest.level === 'verify' ? 'valid' : 'any';
  return [{ by: strictest.by, isEnforced: true, certificate }];
}

/** RFC 8689 §4.2.1; of what has no sender §5 says that it had better arrive without. */
function byRequiretls({ tlsOption, senderDomain }: Departing): readonly TlsRule[] {
  if (tlsOption !== 'require') return [];
  const common = { by: 'REQUIRETLS', requiretls: true } as const;
  return senderDomain === undefined
    ? [{ ...common, isEnforced: false, certificate: 'any' }]
    : [{ ...common, isEnforced: true, certificate: 'valid' }];
}

interface Wanted {
  readonly level: TlsLevel;
  readonly by: string;
}

function nearest(byDomain: ReadonlyMap<string, TlsLevel>, domain: string): Wanted | undefined {
  for (const pattern of patternsFor(domain)) {
    const level = byDomain.get(pattern);
    if (level) return { level, by: `require_tls of ${pattern}` };
  }
  return undefined;
}

function rankOf(level: TlsLevel): number {
  return tlsLevels.indexOf(level);
}

const demandsOf = derived(({ require_tls }: Demands) => {
  const byDomain = new Map<string, TlsLevel>();
  const byIdentity = new Map<string, TlsLevel>();
  let forAll: TlsLevel = 'may';
  for (const { level, recipient_domains, identities } of require_tls) {
    for (const each of recipient_domains) byDomain.set(patternKey(each), level);
    for (const each of identities) byIdentity.set(accountKey(each), level);
    if (recipient_domains.length + identities.length === 0) forAll = level;
  }
  return { forAll, byDomain, byIdentity };
});
