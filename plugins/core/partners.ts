import { derived } from './derived.ts';
import type { Dns } from './dns/dns.ts';
import { messageOf } from './message-of.ts';
import { networkSet } from './network.ts';
import type { Policy } from './settings/settings.ts';
import { checkHost } from './spf/check-host.ts';

/** An entry of the registry. */
export type Partner = Policy['partners'][number];

const addressesOf = derived(({ addresses }: Partner) => networkSet(addresses));

/** Of which partner a client is. */
export interface Membership {
  readonly partner?: Partner;
  /** Why an entry could not be asked: it might have been one of that. */
  readonly unknown?: string;
}

/** The first of these partners that a client belongs to. Rejects for nothing. */
export async function partnerOf(
  ip: string,
  partners: readonly Partner[],
  dns: Dns,
  timeout: number,
): Promise<Membership> {
  const listed = partners.find((partner) => addressesOf(partner)(ip));
  if (listed) return { partner: listed };
  const asked = await Promise.all(partners.map((partner) => askInclude(ip, partner, dns, timeout)));
  return asked.find(({ partner }) => partner) ?? asked.find(({ unknown }) => unknown !== undefined) ?? {};
}

/** RFC 7208 §5.2, "include" by itself: a pass is a match, and trouble is none. */
async function askInclude(ip: string, partner: Partner, dns: Dns, timeout: number): Promise<Membership> {
  const { include, name } = partner;
  if (include === undefined) return {};
  try {
    const question = { ip, sender: `postmaster@${include}`, helo: include };
    const { result, because = result } = await checkHost(question, dns, { timeout });
    if (result === 'pass') return { partner };
    return result === 'temperror' ? { unknown: `partner ${name}: ${because}` } : {};
  } catch (error) {
    return { unknown: `partner ${name}: ${messageOf(error)}` };
  }
}
