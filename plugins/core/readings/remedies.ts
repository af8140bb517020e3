import { isInForce } from '../expiry.ts';
import { partnersFor } from '../inbound/partner.ts';
import { protectedDomain } from '../inbound/protected.ts';
import { isAddress, networkSet } from '../network.ts';
import type { Partner } from '../partners.ts';
import type { Policy } from '../settings/settings.ts';
import type { Refusal } from './refusals.ts';

/** What of the settings the remedies name. */
export type Registry = Pick<Policy, 'partners' | 'protected_domains'>;

/** What to do so that such mail would not be refused, in a sentence. */
export function remedyFor(refusal: Refusal, policy: Registry, now: Date): string {
  const { who, check, reason, client } = refusal;
  if (check === 'outbound/tls') return 'whoever runs that server has to mend it: the example names it';
  if (who !== '') return ofIdentity(refusal);
  if (!judgesOrigin(check)) return inGeneral(reason);
  if (check === 'sender/relayed') {
    return 'a trusted relay brought it for another: whoever its Received field names needs a login, or an entry of partners';
  }
  const partner = policy.partners.find(({ addresses }) => networkSet(addresses)(client));
  return partner ? ofPartner(partner, refusal, policy, now) : ofStranger(refusal, policy);
}

/** Checks that a partner may be excused from. */
export function judgesOrigin(check: string): boolean {
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

function ofIdentity({ who, detail, reason }: Refusal): string {
  if (detail === '' || !reason.endsWith('-not-owned')) return inGeneral(reason);
  return `add ${detail} to the account ${who} in the directory, or let it use an address of its own`;
}

function ofPartner(partner: Partner, refusal: Refusal, policy: Registry, now: Date): string {
  const { name, owner, expires } = partner;
  if (!isInForce(partner, now))
    return `partner ${name} expired on ${expires}: ask ${owner}, and change expires`;
  const domain = excusableDomain(refusal, policy);
  if (partnersFor(domain, policy, now).includes(partner)) return `partner ${name} has this address by now`;
  if (domain === undefined) return `partner ${name} has this address: let it forward, with forwarder: true`;
  return `partner ${name} has this address: add ${domain} to its domains`;
}

/** The protected domain that a partner must be allowed to use; SPF of HELO is excused of forwarders only. */
function excusableDomain({ check, domain }: Refusal, policy: Registry): string | undefined {
  return check === 'sender/spf' ? undefined : protectedDomain(domain, policy);
}

function ofStranger(refusal: Refusal, policy: Registry): string {
  const { reason, domain } = refusal;
  const remedies = protectedDomain(domain, policy) === undefined ? ofOthers : ofOurs;
  const remedy = Object.hasOwn(remedies, reason) ? remedies[reason] : undefined;
  return remedy?.(domain === '' ? { ...refusal, domain: 'the domain' } : refusal) ?? inGeneral(reason);
}

type Remedies = Readonly<Record<string, (refusal: Refusal) => string>>;

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

/** What to send to the owner of a program or device that is set up wrongly, by the reason of its refusal. */
const ofDevices: Readonly<Record<string, readonly [reading: string, remedy: string]>> = {
  'auth-in-clear': [
    'login in clear',
    'Your device sends its password without encryption: set its connection security to STARTTLS on port 587, or to SSL/TLS on port 465, and give it a new password, since the old one has crossed in clear.',
  ],
  'tls-missing': [
    'no TLS',
    'Your device sends without encryption: set its connection security to STARTTLS on port 587, or to SSL/TLS on port 465.',
  ],
  'tls-below-criteria': [
    'old TLS',
    'Your device encrypts in a way that is no longer accepted: update it, so that it speaks TLS 1.2 or newer.',
  ],
  'tls-in-use': [
    'wrong port',
    'The port and the connection security of your program do not fit: STARTTLS belongs to port 587, SSL/TLS to port 465.',
  ],
  'relay-denied': [
    'wrong port',
    'Your program sends through the port for other mail servers: use port 587 with STARTTLS or port 465 with SSL/TLS, with a login.',
  ],
  'auth-required': [
    'no login',
    'Your program does not log in: switch on "my outgoing server requires authentication", with the same login as for reading mail.',
  ],
  'auth-mechanism-unknown': [
    'wrong login method',
    'Your program insists on a way to log in that is not offered: set its authentication method to "normal password" or "automatic"; the connection is encrypted.',
  ],
  'sender-not-owned': [
    'wrong From',
    'Your program sends with an address that is not of its account: set its sender address to one that is, or have this one added to the account.',
  ],
  'header-not-owned': [
    'wrong From',
    'Your program writes a From that is not of its account: set its sender address to one that is, or have this one added to the account.',
  ],
  'display-not-owned': [
    'wrong From',
    'Your program shows another address in the name of the sender: put a name there, or an address of its account.',
  ],
  'header-malformed': [
    'broken message',
    'Your program writes messages with a broken header: update it, or let it use a library for mail.',
  ],
  'octets-stray': [
    'broken message',
    'Your program ends lines with something else than CR LF: update it, or let it use a library for mail.',
  ],
  ...Object.fromEntries(
    ['auth-syntax', 'auth-argument-missing', 'auth-out-of-sequence', 'auth-line-too-long'].map((reason) => [
      reason,
      [
        'broken login',
        'Your program puts its login together wrongly: update it, or let it use a library for mail.',
      ],
    ]),
  ),
};

/** What a reason says of a device that is set up wrongly, and the fix in one sentence for its owner; `undefined` for other reasons. */
export function deviceRemedyFor(
  reason: string,
  detail: string,
): { readonly reading: string; readonly remedy: string } | undefined {
  const found = Object.hasOwn(ofDevices, reason) ? ofDevices[reason] : undefined;
  if (!found) return undefined;
  const [reading, remedy] = found;
  // Looked for first: without it the expression is tried from every letter of a text that a client may have chosen.
  const isLapsed = detail.includes(' expired on ');
  const [lapsed] = isLapsed ? (/[\w ]*\S+ expired on \d{4}-\d\d-\d\d/.exec(detail) ?? []) : [];
  if (lapsed === undefined) return { reading, remedy };
  return {
    reading: 'expired exception',
    remedy: `An exception has ended (${lapsed.trim()}): have it renewed. Or: ${remedy}`,
  };
}
