import { parseDomain } from '../mailbox.ts';
import { networkSet } from '../network.ts';
import { parseClient } from '../spf/address.ts';
import type { Counted } from './ask.ts';
import type { Registry } from './remedies.ts';

/** Mail that an entry of partners excused. */
export type PartnerMail = Counted<'partner'>;

/** A system that sends as one of our domains, and is refused. */
interface System {
  readonly domain: string;
  readonly clients: readonly string[];
  readonly first: number;
}

/** What is known of a partner of a domain, by the settings or by its mail. */
interface Candidate {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly mail: readonly PartnerMail[];
}

/**
 * The partner that a system seems to be of: it is at its addresses, or beside them; or it began when the mail of the partner
 * ended; or nobody else may send as this domain.
 */
export function partnerBehind(
  { domain, clients, first }: System,
  mail: readonly PartnerMail[],
  { partners }: Registry,
): { readonly name: string } | undefined {
  const candidates = candidatesFor(domain, mail, partners);
  return (
    candidates.find(({ addresses }) => clients.some(networkSet(addresses))) ??
    candidates.find(({ addresses, mail: theirs }) =>
      isBeside(clients, [...addresses, ...theirs.map((each) => each.client)]),
    ) ??
    candidates.find(({ mail: theirs }) => theirs.length > 0 && theirs.every(({ last }) => last < first)) ??
    (candidates.length === 1 ? candidates[0] : undefined)
  );
}

function candidatesFor(
  domain: string,
  mail: readonly PartnerMail[],
  partners: Registry['partners'],
): readonly Candidate[] {
  const mailOf = (name: string) => mail.filter((each) => each.partner === name && each.domain === domain);
  const listed = partners
    .filter(({ domains }) => domains.some((each) => parseDomain(each) === domain))
    .map(({ name, addresses }) => ({ name, addresses, mail: mailOf(name) }));
  const names = new Set([...listed, ...partners].map(({ name }) => name));
  const seen = new Set(mail.filter((each) => each.domain === domain).map(({ partner }) => partner));
  const others = [...seen].filter((name) => !names.has(name));
  return [...listed, ...others.map((name) => ({ name, addresses: [], mail: mailOf(name) }))];
}

/** In the same /16 of IPv4 or /32 of IPv6, as one provider has. */
function isBeside(clients: readonly string[], addresses: readonly string[]): boolean {
  const around = new Set(addresses.map(surroundings));
  return clients.some((client) => around.has(surroundings(client)));
}

function surroundings(text: string): string {
  const address = parseClient(text.split('/')[0] ?? '');
  if (!address) return text;
  const { family, groups } = address;
  return JSON.stringify([family, ...groups.slice(0, family === 4 ? 1 : 2)]);
}
