import { derived } from './derived.ts';
import { isInForce } from './expiry.ts';
import { accountKey, type Identity } from './identity.ts';
import { readLimits } from './limits/read-limits.ts';
import { parseDomain, parseMailbox, type Mailbox } from './mailbox.ts';
import { networkSet } from './network.ts';
import { nothingDelegated } from './rights.ts';
import type { Policy } from './settings/settings.ts';

export type MailServer = Policy['mail_servers'][number];
type Servers = Pick<Policy, 'mail_servers'>;
export type RegisteredNetwork = Policy['registered_networks'][number];
type InternalSender = Policy['internal_senders'][number];

/** What a client that has not logged in is registered as, by its address. */
export interface Registration {
  readonly name: string;
  /** `in-clear`: it has to use TLS before it counts. */
  readonly standing: 'valid' | 'in-clear' | 'expired';
  /** Why it does not count, in words. */
  readonly lapsed?: string;
  /** Where it counts. */
  readonly identity?: Identity;
}

/** The registered network that a client is in, if any. */
export function registrationAt(
  client: { readonly address: string; readonly inClear: boolean },
  policy: Policy,
  now: Date,
): Registration | undefined {
  if (policy.registered_networks.length === 0) return undefined;
  const known = networksOf(policy).find(({ includes }) => includes(client.address));
  if (!known) return undefined;
  const { entry, identity } = known;
  const { name, tls, expires } = entry;
  const what = `registered network ${name}`;
  if (!isInForce(entry, now)) return { name, standing: 'expired', lapsed: `${what} expired on ${expires}` };
  if (!client.inClear || tls === 'optional') return { name, standing: 'valid', identity };
  return { name, standing: 'in-clear', lapsed: `${what} has to use TLS` };
}

const networksOf = derived(({ registered_networks }: Policy) =>
  registered_networks.map((entry) => ({
    entry,
    includes: addressesOf(entry),
    identity: identityOfNetwork(entry),
  })),
);

/** The registered network of that name, as a client that is in it and may send; `undefined` where none counts. */
export function networkNamed(name: string, policy: Policy, now: Date): Identity | undefined {
  const named = networksOf(policy).find(({ entry }) => entry.name.toLowerCase() === name.toLowerCase());
  return named && isInForce(named.entry, now) ? named.identity : undefined;
}

function identityOfNetwork(entry: RegisteredNetwork): Identity {
  return { ...registeredIdentity(entry, 'network'), forwards: entry.forward_foreign };
}

/** The plugin that is registered by that name, as somebody who may send; in words why none is, where that is so. */
export function internalSenderNamed(name: string, policy: Policy, now: Date): Identity | string {
  const entry = policy.internal_senders.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!entry) return `no entry of internal_senders is called ${name}`;
  if (!isInForce(entry, now)) return `internal sender ${entry.name} expired on ${entry.expires}`;
  return identityOfInternal(entry);
}

const identityOfInternal = derived((entry: InternalSender): Identity => ({
  ...registeredIdentity(entry, 'internal'),
  forwards: 'off',
}));

function registeredIdentity(entry: RegisteredNetwork | InternalSender, proof: 'network' | 'internal') {
  const { name, send_as } = entry;
  return {
    ...{ proof, name, id: `${proof}:${name}` },
    addresses: send_as.map(parseMailbox).filter((each): each is Mailbox => each !== undefined),
    ...nothingDelegated,
    domains: domainsOf(entry),
    ...(entry.limits.length > 0 && { limits: limitsIn(entry) }),
  };
}

/** Whether the account of a mail server may not log in from an address. */
export function isServerElsewhere(
  account: Pick<Identity, 'id' | 'name'>,
  client: string,
  policy: Servers,
  now: Date,
): boolean {
  const server = mailServerOf(account, policy, now);
  return server !== undefined && server.addresses.length > 0 && !addressesOf(server)(client);
}

/** An account with what it may do as a mail server, where it is one. */
export function withRegistration(account: Identity, policy: Policy, now: Date): Identity {
  if (policy.mail_servers.length === 0) return account;
  const server = mailServerOf(account, policy, now);
  if (!server) return account;
  return {
    ...{ ...account, server: server.name, forwards: server.forward_foreign },
    domains: [...account.domains, ...domainsOf(server)],
    // What an entry says wins over what the directory says of its account.
    ...(server.limits.length > 0 && { limits: { ...account.limits, ...limitsIn(server) } }),
  };
}

/** The entry of an account, on a day. */
export function mailServerOf(
  { id, name }: Pick<Identity, 'id' | 'name'>,
  policy: Servers,
  now: Date,
): MailServer | undefined {
  const servers = serversOf(policy);
  const server = servers.get(accountKey(id)) ?? servers.get(accountKey(name));
  return server && isInForce(server, now) ? server : undefined;
}

const serversOf = derived(
  ({ mail_servers }: Servers): ReadonlyMap<string, MailServer> =>
    new Map(mail_servers.map((server) => [accountKey(server.account), server])),
);

type Entry = MailServer | RegisteredNetwork | InternalSender;

const limitsIn = derived(({ limits }: Entry) => readLimits(limits).limits);

const addressesOf = derived(({ addresses }: MailServer | RegisteredNetwork) => networkSet(addresses));

/** As A-labels. */
const domainsOf = derived(({ domains }: Entry): readonly string[] =>
  domains.flatMap((domain) => parseDomain(domain) ?? []),
);
