import { derived } from '../core/derived.ts';
import { parseDomain } from '../core/mailbox.ts';
import type { Origin, ProvenanceRecord } from '../core/provenance/record.ts';
import type { Policy } from '../core/settings/settings.ts';
import {
  anyRecipient,
  anySender,
  domainSelector,
  identitySelector,
  routeKey,
  routeKeys,
  type SmartHostSettings,
} from '../core/settings/smart-hosts.ts';

/** A message, or the piece of one for one domain, that is about to leave. */
export interface Departing {
  /** `undefined` where nobody can say. */
  readonly origin: Origin | undefined;
  /** Domain of the envelope sender; `undefined` for the null reverse-path. */
  readonly senderDomain: string | undefined;
  readonly recipientDomains: readonly string[];
  /** What its sender wants of TLS (RFC 8689). */
  readonly tlsOption?: ProvenanceRecord['tls_option'];
}

type Hosts = Pick<Policy, 'smart_hosts'>;

/**
 * The smart host that a message leaves through, `undefined` where it goes its ordinary way. Of several that would take it
 * the nearest does: by the id of the identity, by its name, by the domain of the sender, by the recipients alone; and at
 * each of these one for the domain of the recipients before one for all. Settings name no two that are equally near.
 */
export function decideRoute(message: Departing, policy: Hosts): SmartHostSettings | undefined {
  if (policy.smart_hosts.length === 0) return undefined;
  const known = routesOf(policy);
  const domains = new Set(message.recipientDomains.map((each) => parseDomain(each) ?? each));
  // Haraka splits by domain: what has several is for none of them.
  const recipients = domains.size === 1 ? [...domains, anyRecipient] : [anyRecipient];
  const keys = selectorsOf(message).flatMap((selector) => recipients.map((each) => routeKey(selector, each)));
  return keys.map((key) => known.get(key)).find((host) => host !== undefined);
}

/**
 * What a message may be chosen by, nearest first. The sender of what nobody has logged in for is what a stranger says: he
 * shall not have the use of an account of ours.
 */
function selectorsOf({ origin, senderDomain }: Departing): string[] {
  const byDomain = senderDomain === undefined ? [] : [domainSelector(senderDomain)];
  // The settings name the sender of a report.
  if (origin?.kind === 'released' || origin?.kind === 'tls-report') return [...byDomain, anySender];
  if (origin?.kind !== 'identity') return [anySender];
  return [identitySelector(origin.id), identitySelector(origin.name), ...byDomain, anySender];
}

const routesOf = derived(
  ({ smart_hosts }: Hosts): ReadonlyMap<string, SmartHostSettings> =>
    new Map(smart_hosts.flatMap((host) => routeKeys(host).map(({ key }) => [key, host] as const))),
);
