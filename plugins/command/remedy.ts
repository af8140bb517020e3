import { isInForce } from '../core/expiry.ts';
import { partnersFor } from '../core/inbound/partner.ts';
import { protectedDomain } from '../core/inbound/protected.ts';
import { isAddress, networkSet } from '../core/network.ts';
import type { Partner } from '../core/partners.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { Group } from './withheld.ts';

/** What to do so that such mail would not be refused, in a sentence. */
export function remedyFor(group: Group, policy: Policy, now: Date): string {
  const { identity, check, reason, client = '', peer } = group;
  if (identity !== undefined) return ofIdentity(group);
  if (!judgesOrigin(check)) return inGeneral(reason);
  if (peer !== undefined) {
    return `${peer} brought it for another: whoever its Received field names needs a login, or an entry of partners`;
  }
  const partner = policy.partners.find(({ addresses }) => networkSet(addresses)(client));
  return partner ? ofPartner(partner, group, policy, now) : ofStranger(group, policy);
}

/** Checks that a partner may be excused from. */
function judgesOrigin(check: string): boolean {
  return [
    'sender/impersonation',
    'sender/spf',
    'sender/relayed',
    'sender/author',
    'sender/late_impersonation',
    'sender/late_spf',
  ].includes(check);
}

function inGeneral(reason: string): string {
  return `what to do stands in docs/refusals.md, under ${reason}`;
}

function ofIdentity({ identity, address, reason }: Group): string {
  if (address === undefined) return inGeneral(reason);
  return `add ${address} to the account ${identity} in the directory, or let it use an address of its own`;
}

function ofPartner(partner: Partner, group: Group, policy: Policy, now: Date): string {
  const { name, owner, expires } = partner;
  if (!isInForce(partner, now))
    return `partner ${name} expired on ${expires}: ask ${owner}, and change expires`;
  const domain = excusableDomain(group, policy);
  if (partnersFor(domain, policy, now).includes(partner)) return `partner ${name} has this address by now`;
  if (domain === undefined) return `partner ${name} has this address: let it forward, with forwarder: true`;
  return `partner ${name} has this address: add ${domain} to its domains`;
}

/** The protected domain that a partner must be allowed to use; SPF of HELO is excused of forwarders only. */
function excusableDomain({ check, domain = '' }: Group, policy: Policy): string | undefined {
  return check === 'sender/spf' ? undefined : protectedDomain(domain, policy);
}

function ofStranger(group: Group, policy: Policy): string {
  const { reason, domain = '' } = group;
  const remedies = protectedDomain(domain, policy) === undefined ? ofOthers : ofOurs;
  const remedy = Object.hasOwn(remedies, reason) ? remedies[reason] : undefined;
  return remedy?.({ domain: 'the domain', client: '', ...group }) ?? inGeneral(reason);
}

type Remedies = Readonly<
  Record<string, (group: Group & { readonly client: string; readonly domain: string }) => string>
>;

const ofAll: Remedies = {
  'sender-not-owned': ({ domain }) => loginAs(domain),
  'header-not-owned': ({ domain }) => `sign with DKIM as ${domain}, or list the address under partners`,
  'spf-temperror': ({ client, domain }) =>
    `the DNS did not answer: ${commandFor(client, domain)} says whether it does now`,
};

/** Where the domain is a protected one. */
const ofOurs: Remedies = {
  ...ofAll,
  'spf-fail': ({ check, domain, client }) =>
    check === 'sender/spf'
      ? `it calls itself ${domain} in EHLO: let the SPF record of ${domain} name ${client}`
      : loginAs(domain),
  'spf-permerror': ({ client, domain }) =>
    `mend the SPF record of ${domain}: ${commandFor(client, domain)} says where`,
};

const forwarder =
  'a forwarder? list it under partners with forwarder: true; else the domain has to mend its SPF record';

const ofOthers: Remedies = {
  ...ofAll,
  'spf-fail': () => forwarder,
  'spf-softfail': () => forwarder,
  'spf-permerror': ({ client, domain }) =>
    `the domain has to mend its SPF record: ${commandFor(client, domain)} says where`,
};

/** It may be copied to a shell, and who sends chooses the domain. */
function commandFor(client: string, domain: string): string {
  const isName = /^[a-z0-9.-]+$/.test(domain);
  return isName && isAddress(client) ? `gatekeeper spf ${client} ${domain}` : 'gatekeeper spf';
}

function loginAs(domain: string): string {
  return `this system sends as ${domain} without AUTH: give it a login, or list its address under partners`;
}
