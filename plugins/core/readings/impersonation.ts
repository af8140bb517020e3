import { isInForce } from '../expiry.ts';
import { protectedDomain } from '../inbound/protected.ts';
import { ask, type AskTallies, type Counted, type Period } from './ask.ts';
import { partnerBehind, type PartnerMail } from './drift.ts';
import { judgesOrigin, remedyFor, type Registry } from './remedies.ts';
import { latest, refusalOf, totalOf, type AdverseTally, type Refusal } from './refusals.ts';
import type { Finding, Row, Section, Table } from './report.ts';
import { thresholds } from './thresholds.ts';
import { count, few, firstAndLast, groupsBy, mostFirst, so, span, sum, tableOf, text } from './words.ts';
import { dayMs } from '../events/tallies.ts';

/** What is asked of mail that an entry of partners excused, with its past. */
export function askPartnerMail(
  tallies: AskTallies,
  { since, until }: Period,
): Promise<readonly PartnerMail[]> {
  const period = { since: since - thresholds.pastDays * dayMs, until };
  return ask(tallies, 'partner', period, { most: thresholds.mostTallies, amounts: ['last'] });
}

/** Mail of one domain from one network that nothing proves. */
interface Claim {
  readonly tallies: readonly Counted<'adverse'>[];
  readonly refusals: readonly Refusal[];
  readonly domain: string;
  readonly network: string;
  readonly isOurs: boolean;
  readonly total: ReturnType<typeof totalOf>;
}

/** Who claimed to be us, from where, and which partners send from elsewhere by now. */
export function readImpersonation(
  adverse: readonly AdverseTally[],
  mail: readonly PartnerMail[],
  registry: Registry,
  now: Date,
): Section {
  const claims = claimsIn(adverse, registry);
  const ours = claims.filter(({ isOurs }) => isOurs);
  const steady = ours.filter(isSteady);
  const forged = ours.filter((claim) => !isSteady(claim));
  return {
    name: 'impersonation',
    title: 'Impersonation and SPF',
    about:
      'Mail that claims a domain which nothing proves: forged, of a system that nobody listed, or of a partner that moved.',
    series: [],
    findings: mostFirst([...systemFindings(steady, mail, registry, now), ...forgeries(forged)]),
    noFindings: 'Nobody claimed to be one of your domains without proof.',
    tables: [
      claimTable(
        'claims',
        'Who claimed to be us',
        'Mail of protected domains that nothing proves, by network.',
        ours,
      ),
      claimTable(
        'spf',
        'SPF of other domains',
        'Mail of other domains that SPF does not let their clients send, by network.',
        claims.filter(({ isOurs }) => !isOurs),
      ),
    ],
  };
}

function claimsIn(adverse: readonly AdverseTally[], registry: Registry): Claim[] {
  const judged = adverse
    .filter(({ check, who }) => judgesOrigin(check) && who === '')
    .map((tally) => ({ tally, refusal: refusalOf(tally) }));
  const groups = groupsBy(judged, ({ refusal: { domain, network } }) => `${domain} ${network}`);
  return [...groups.values()].map((group) => {
    const { domain = '', network = '' } = group[0]?.refusal ?? {};
    const tallies = group.map(({ tally }) => tally);
    const isProtected = protectedDomain(domain, registry) !== undefined;
    // Without settings: these checks judge protected domains, and nothing else.
    const isOurs =
      registry.protected_domains.length > 0
        ? isProtected
        : tallies.some(({ check }) => check.endsWith('impersonation') || check === 'sender/author');
    return {
      tallies,
      refusals: group.map(({ refusal }) => refusal),
      domain,
      network,
      isOurs,
      total: totalOf(tallies),
    };
  });
}

/** As a system comes that has something to send, not as somebody who forges. */
function isSteady({ total: { hours, days, count: messages } }: Claim): boolean {
  const { drift } = thresholds;
  return hours >= drift.hours && days >= drift.days && messages >= drift.messages;
}

function systemFindings(
  claims: readonly Claim[],
  mail: readonly PartnerMail[],
  registry: Registry,
  now: Date,
): Finding[] {
  const groups = groupsBy(claims, ({ domain, network, refusals, total }) => {
    const partner = partnerBehind(
      { domain, clients: refusals.map(({ client }) => client), first: total.first },
      mail,
      registry,
    );
    return partner === undefined ? `network ${network}` : `partner ${partner.name}`;
  });
  return [...groups].map(([key, group]) => {
    const [kind = '', name = ''] = key.split(' ', 2);
    return kind === 'partner' ? driftOf(name, group, mail, registry, now) : unlisted(group, registry, now);
  });
}

function driftOf(
  name: string,
  claims: readonly Claim[],
  mail: readonly PartnerMail[],
  registry: Registry,
  now: Date,
): Finding {
  const partner = registry.partners.find((entry) => entry.name === name);
  const isExpired = partner !== undefined && !isInForce(partner, now);
  const theirs = mail.filter((each) => each.partner === name);
  const clients = clientsOf(claims);
  const before = theirs.toSorted((one, other) => other.last - one.last).slice(0, 3);
  return {
    reading: isExpired ? 'expired partner' : 'drift',
    subject: name,
    says: isExpired
      ? `The entry of partner ${name} expired on ${partner.expires}, and its mail goes on.`
      : `Partner ${name} seems to send from other addresses than its entry has.`,
    evidence: [
      ...factsOf(claims),
      ...before.map(
        ({ client, last }) => `its entry last let through ${client}, at ${new Date(last).toISOString()}`,
      ),
    ],
    remedy: isExpired
      ? `Ask ${partner.owner} whether ${name} is still needed, and change expires.`
      : `Ask ${partner?.owner ?? 'its owner'} whether ${few(clients)} is ${name}; if so, add it to addresses, or let its include have it. gatekeeper partners compares the entry with the DNS.`,
    networks: claims.map(({ network }) => network),
    ...totalOf(claims.flatMap(({ tallies }) => tallies)),
  };
}

function unlisted(claims: readonly Claim[], registry: Registry, now: Date): Finding {
  const { domain = '', network = '' } = claims[0] ?? {};
  const last = latest(claims.flatMap(({ tallies }) => tallies));
  const remedy = last ? remedyFor(refusalOf(last), registry, now) : '';
  return {
    reading: 'unlisted system',
    subject: network,
    says: `A system in ${network} sends as ${domain} again and again, and nothing proves that it may.`,
    evidence: factsOf(claims),
    remedy: `If you know it: ${remedy}. If nobody does, it is forged, and right to refuse.`,
    ...totalOf(claims.flatMap(({ tallies }) => tallies)),
  };
}

/** One finding for each domain: who forges does not stay in one place. */
function forgeries(claims: readonly Claim[]): Finding[] {
  return [...groupsBy(claims, ({ domain }) => domain)].map(([domain, group]) => ({
    reading: 'impersonation',
    subject: domain,
    says: `Mail claimed to be of ${domain}, from ${so(group.length, 'network')}, and nothing proves it.`,
    evidence: factsOf(group),
    remedy: isAllWithheld(group)
      ? `It was let through: switch its policy from observe to enforce (sender.mode, spf.mode), once the section of what would have been refused names nobody that you want.`
      : `It was refused, and there is nothing to do; a DMARC record of ${domain} lets other servers refuse it, too.`,
    networks: group.map(({ network }) => network).slice(0, thresholds.mostNetworks),
    ...totalOf(group.flatMap(({ tallies }) => tallies)),
  }));
}

function isAllWithheld(claims: readonly Claim[]): boolean {
  return claims.every(({ tallies }) => tallies.every(({ effect }) => effect === 'withheld'));
}

function factsOf(claims: readonly Claim[]): string[] {
  const tallies = claims.flatMap((claim) => claim.tallies);
  const last = latest(tallies);
  const total = totalOf(tallies);
  const withheld = sum(
    tallies.filter(({ effect }) => effect === 'withheld'),
    (each) => each.count,
  );
  return [
    `${so(total.count, 'message')}, ${span(total.first, total.last)}, on ${so(total.days, 'day')}`,
    `clients: ${few(clientsOf(claims))}`,
    `domains: ${few([...new Set(claims.map(({ domain }) => domain))])}`,
    ...(withheld > 0 ? [`${withheld} of them were let through, in observe mode`] : []),
    `the last one: ${last?.sample ?? ''}`,
  ];
}

function clientsOf(claims: readonly Claim[]): string[] {
  return [...new Set(claims.flatMap(({ refusals }) => refusals.map(({ client }) => client)))];
}

function claimTable(name: string, title: string, about: string, claims: readonly Claim[]): Table {
  const rows = claims.map(({ domain, network, tallies, total }): Row => {
    const { reason = '' } = latest(tallies) ?? {};
    const withheld = sum(
      tallies.filter(({ effect }) => effect === 'withheld'),
      (each) => each.count,
    );
    return { domain, network, reason, count: total.count, withheld, first: total.first, last: total.last };
  });
  return tableOf(
    { name, title, about, empty: 'Nothing of this kind has come.' },
    [
      ...['domain', 'network', 'reason'].map((key) => text(key, key)),
      count('count', 'messages'),
      count('withheld', 'of them let through'),
      ...firstAndLast,
    ],
    rows.sort((one, other) => Number(other['count']) - Number(one['count'])),
  );
}
