import { accountSourcesOf, directoriesOf, knowsCertificates } from '../directory/sources.ts';
import { isOurs } from '../events/kind.ts';
import { accountKey } from '../identity.ts';
import { parseDomain } from '../mailbox.ts';
import { overlaps } from '../network.ts';
import { fieldNameIn } from '../tenant/claims.ts';
import type { Policy } from './settings.ts';
import { routeKeys, smartHostVariable } from './smart-hosts.ts';
import { ofDeparture } from './departure-contradictions.ts';
import { ofDirectories, takenBy } from './directory-contradictions.ts';
import { ofTls } from './tls-contradictions.ts';
import { ofWeb } from './web-contradictions.ts';

/** What is wrong, and with which key of the settings. */
export interface Contradiction {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Settings of which each may be meant, but not all of them together. */
export function contradictions(policy: Policy): readonly Contradiction[] {
  return [
    ...ofRoles(policy),
    ...ofChecks(policy),
    ...ofListeners(policy),
    ...ofPeers(policy),
    ...ofPartners(policy),
    ...ofMailServers(policy),
    ...ofNetworks(policy),
    ...ofInternalSenders(policy),
    ...ofTenants(policy),
    ...ofTls(policy),
    ...ofSmartHosts(policy),
    ...ofDeparture(policy),
    ...ofDirectories(policy),
    ...ofCertificates(policy),
    ...ofAudit(policy),
    ...ofWeb(policy),
  ];
}

function ofRoles(policy: Policy): Contradiction[] {
  const { roles, oauth } = policy;
  const found: Contradiction[] = [];
  if (new Set(roles).size < roles.length) found.push({ path: ['roles'], message: 'names a role twice' });
  const hasDirectory = accountSourcesOf(policy).length > 0;
  if (roles.includes('submission') && !hasDirectory) {
    found.push({ path: ['directory'], message: 'is missing: the role submission needs it' });
  }
  if (oauth && !hasDirectory) {
    found.push({ path: ['oauth'], message: 'needs a directory, which knows the accounts of tokens' });
  }
  return found;
}

/** Modes of our own checks stand in the sections that they are of. */
function ofChecks({ checks }: Policy): Contradiction[] {
  const names = checks.map(({ name }) => name);
  return checks.flatMap(({ name }, at) => {
    const path = ['checks', at, 'name'];
    if (isOurs(name))
      return [{ path, message: 'is a check of the gateway, which has its mode in a section of its own' }];
    return names.indexOf(name) < at ? [{ path, message: 'is there twice' }] : [];
  });
}

/** Who says where events are to be means them to be there. */
function ofAudit({
  audit: { store, postgresql, clear_days: clear, keep_days: keep },
}: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const add = (key: string, message: string) => found.push({ path: ['audit', key], message });
  if (store === 'postgresql' && !postgresql) add('postgresql', 'is missing: store is postgresql');
  if (store !== 'postgresql' && postgresql)
    add('store', 'is not postgresql, where postgresql says that it is');
  if (clear > keep) add('clear_days', 'is more than keep_days, after which nothing is left to clear');
  return found;
}

/** Who relies on certificates that nobody is found by is mistaken. */
function ofCertificates(policy: Policy): Contradiction[] {
  const { certificates, mail_servers, roles } = policy;
  const { external, implicit } = certificates;
  const sources = directoriesOf(policy);
  const isUsed = external === 'on' || implicit !== 'none';
  const found: [key: string, message: string][] = [];
  if (isUsed && !sources.some(({ settings }) => knowsCertificates(settings))) {
    const message = 'needs certificate_attribute or certificate_match in the section directory';
    found.push([external === 'on' ? 'external' : 'implicit', message]);
  }
  if (implicit === 'mail_servers' && mail_servers.length === 0) {
    found.push(['implicit', 'is for mail_servers, of which there are none']);
  }
  if (external === 'on' && !roles.includes('submission')) {
    found.push(['external', 'is for the role submission, which roles does not name']);
  }
  const isNameNeeded = isUsed && sources.some(({ settings }) => settings.certificate_match !== '');
  return [...found, ...ofAuthorities(certificates, isNameNeeded)].map(([key, message]) => ({
    path: ['certificates', key],
    message,
  }));
}

function ofAuthorities(
  { authorities_file, revocations_file }: Policy['certificates'],
  isNameNeeded: boolean,
): [key: string, message: string][] {
  if (authorities_file !== undefined) return [];
  if (revocations_file !== undefined) {
    return [['revocations_file', 'needs authorities_file: nobody else can revoke']];
  }
  if (!isNameNeeded) return [];
  return [
    ['authorities_file', 'is missing: certificate_match finds nobody whose names no authority has signed'],
  ];
}

function ofListeners({ roles, listeners }: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  listeners.forEach(({ port, role }, index) => {
    const path = ['listeners', index];
    if (!roles.includes(role)) {
      found.push({ path: [...path, 'role'], message: `roles does not name ${role}` });
    }
    if (listeners.findIndex((other) => other.port === port) < index) {
      found.push({ path: [...path, 'port'], message: `port ${port} is listed already` });
    }
  });
  return found;
}

/** A name or an address that stands twice would make the events say the wrong one. */
function ofPeers(policy: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const seen = new Set<string>();
  const once = (path: readonly PropertyKey[], text: string) => {
    if (seen.has(text.toLowerCase())) found.push({ path, message: `${text} is listed already` });
    seen.add(text.toLowerCase());
  };
  for (const kind of ['nodes', 'trusted_relays'] as const) {
    policy[kind].forEach(({ name, addresses }, index) => {
      once([kind, index, 'name'], name);
      addresses.forEach((address, at) => {
        once([kind, index, 'addresses', at], address);
      });
    });
  }
  return found;
}

/** An entry that cannot count is a mistake: somebody relies on it. */
function ofPartners({ partners, protected_domains }: Policy): Contradiction[] {
  const ours = new Set(protected_domains.map(parseDomain));
  return partners.flatMap(({ name, domains, addresses, include, forwarder }, index) => {
    const found: Contradiction[] = [];
    const add = (key: string, message: string) => found.push({ path: ['partners', index, key], message });
    const isTwice = partners.findIndex((other) => other.name.toLowerCase() === name.toLowerCase()) < index;
    if (isTwice) add('name', `${name} is listed already`);
    if (addresses.length === 0 && include === undefined) {
      add('addresses', 'is missing: an entry needs addresses, or include');
    }
    if (domains.length === 0 && !forwarder) {
      add('domains', 'is missing: an entry needs domains, or forwarder');
    }
    domains.forEach((domain, at) => {
      if (ours.has(parseDomain(domain))) return;
      found.push({ path: ['partners', index, 'domains', at], message: `${domain} is no protected domain` });
    });
    return found;
  });
}

/** An account or an address that stands twice would have the rights of one entry, and nobody could say of which. */
function ofMailServers({ mail_servers, protected_domains }: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const seen = new Set<string>();
  mail_servers.forEach(({ name, account, forward_foreign }, index) => {
    const add = (key: string, message: string) => found.push({ path: ['mail_servers', index, key], message });
    for (const [key, text] of [
      ['name', name.toLowerCase()],
      ['account', accountKey(account)],
    ] as const) {
      if (seen.has(`${key} ${text}`)) add(key, `${key === 'name' ? name : account} is listed already`);
      seen.add(`${key} ${text}`);
    }
    if (forward_foreign !== 'off' && protected_domains.length === 0) add('forward_foreign', whoIsForeign);
  });
  return found;
}

const whoIsForeign = 'needs protected_domains: nobody else says which addresses are foreign';

function ofInternalSenders({ internal_senders: senders }: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  senders.forEach(({ name, send_as, domains }, index) => {
    const add = (key: string, message: string) =>
      found.push({ path: ['internal_senders', index, key], message });
    const isTwice = senders.findIndex((other) => other.name.toLowerCase() === name.toLowerCase()) < index;
    if (isTwice) add('name', `${name} is listed already`);
    if (send_as.length === 0 && domains.length === 0)
      add('send_as', 'is missing: an entry needs send_as, or domains');
  });
  return found;
}

function ofNetworks(policy: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const { registered_networks, nodes, trusted_relays, protected_domains } = policy;
  registered_networks.forEach((entry, index) => {
    const { name, addresses, send_as, domains, forward_foreign } = entry;
    const add = (key: string, message: string) =>
      found.push({ path: ['registered_networks', index, key], message });
    const before = registered_networks.slice(0, index);
    if (before.some((other) => other.name.toLowerCase() === name.toLowerCase()))
      add('name', `${name} is listed already`);
    if (send_as.length === 0 && domains.length === 0)
      add('send_as', 'is missing: an entry needs send_as, or domains');
    if (forward_foreign !== 'off' && protected_domains.length === 0) add('forward_foreign', whoIsForeign);
    for (const other of [...before, ...nodes, ...trusted_relays]) {
      const common = addresses.find((one) => other.addresses.some((address) => overlaps(one, address)));
      if (common !== undefined) add('addresses', `${common} is in ${other.name} too`);
    }
  });
  return found;
}

/** An id that stands twice would be of two tenants, of which each could send as the other. */
function ofTenants({ tenants, protected_domains }: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const seen = new Set<string>();
  tenants.forEach((entry, index) => {
    const { name, provider, ids, addresses, address_header, inside, outside, forward_foreign } = entry;
    const add = (below: readonly PropertyKey[], message: string) =>
      found.push({ path: ['tenants', index, ...below], message });
    const once = (below: readonly PropertyKey[], text: string) => {
      const key = `${String(below[0])} ${text.toLowerCase()}`;
      if (seen.has(key)) add(below, `${text} is listed already`);
      seen.add(key);
    };
    once(['name'], name);
    ids.forEach((id, at) => {
      once(['ids', at], id);
      if (provider === 'microsoft365' && !guid.test(id)) add(['ids', at], `${id} is no GUID`);
    });
    const fields = new Set(inside.map(fieldNameIn));
    outside.forEach((text, at) => {
      if (!fields.has(fieldNameIn(text))) add(['outside', at], `inside has no ${fieldNameIn(text)}`);
    });
    if (addresses.length > 0 && address_header === undefined)
      add(['addresses'], 'needs address_header: nothing else names them');
    if (forward_foreign !== 'off' && protected_domains.length === 0) add(['forward_foreign'], whoIsForeign);
  });
  return found;
}

const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** A message that two entries would take alike would leave through either. */
function ofSmartHosts({ smart_hosts }: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const variables = new Map<string, string>();
  const routes = new Map<string, string>();
  smart_hosts.forEach((host, index) => {
    const { name } = host;
    const add = (below: readonly PropertyKey[], message: string) =>
      found.push({ path: ['smart_hosts', index, ...below], message });
    const variable = smartHostVariable(name);
    const before = variables.get(variable);
    if (before !== undefined) add(['name'], takenBy(name, before, variable));
    variables.set(variable, name);
    for (const { key, text, path } of routeKeys(host)) {
      const other = routes.get(key);
      if (other !== undefined) add(path, `${text} leaves through ${other} already`);
      else routes.set(key, name);
    }
  });
  return found;
}
