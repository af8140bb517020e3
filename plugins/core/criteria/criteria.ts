import { derived } from '../derived.ts';
import { isInForce } from '../expiry.ts';
import { accountKey, type Identity } from '../identity.ts';
import { patternKey } from '../domain-pattern.ts';
import { networkSet } from '../network.ts';
import type { Policy } from '../settings/settings.ts';
import { commonSuites } from './cipher-list.ts';
import { newest, presetNamed, presets, type Preset, type PresetName } from './presets.ts';

/** An entry of the list `tls_criteria`. */
export type Criterion = Policy['tls_criteria'][number];

/** Where a client is; its address is unknown where TLS begins before a PROXY line, or anything else, says it. */
export interface Place {
  readonly port: number;
  readonly address?: string;
}

/** What is asked of a connection, and who asks it. */
export interface Demand extends Partial<Preset> {
  /** As events call it. */
  readonly by: string;
  readonly sni?: boolean;
  /** The entry that asks for a certificate of the client. */
  readonly certificate?: Criterion;
}

interface Known {
  readonly entry: Criterion;
  readonly isIn: (address: string) => boolean;
  readonly accounts: ReadonlySet<string>;
  readonly domains: readonly string[];
  readonly demand: Demand;
}

const knownIn = derived(({ tls_criteria }: Policy): readonly Known[] =>
  tls_criteria.map((entry) => ({
    entry,
    isIn: networkSet(entry.networks),
    accounts: new Set(entry.accounts.map(accountKey)),
    domains: entry.sender_domains.map(patternKey),
    demand: demandOf(entry),
  })),
);

function demandOf(entry: Criterion): Demand {
  const { name, min_version, ciphers, forward_secrecy, client_certificate, sni } = entry;
  return {
    by: name,
    ...(min_version && { minVersion: min_version }),
    ...(ciphers !== undefined && { ciphers }),
    ...(forward_secrecy && { forwardSecrecy: true }),
    ...(sni && { sni: true }),
    ...(client_certificate && { certificate: entry }),
  };
}

/** What the section `tls` asks of everybody for whom there is no exception. */
const ofSettings = derived(({ preset, min_version, ciphers }: Policy['tls']): Demand & Preset => {
  const given = presets[preset];
  return {
    ...given,
    by: 'tls',
    ...(min_version && { minVersion: min_version }),
    ...(ciphers !== undefined && { ciphers }),
  };
});

/** The exceptions for a place, whether they are in force or not; of an address that is unknown none counts that needs one. */
function exceptionsAt(place: Place, policy: Policy): Criterion[] {
  return knownIn(policy)
    .filter((known) => known.entry.exception !== undefined && isAt(known, place))
    .map(({ entry }) => entry);
}

/** Whether ports and networks of an entry have a place. */
function isAt({ entry: { ports, networks }, isIn }: Pick<Known, 'entry' | 'isIn'>, { port, address }: Place) {
  const isHere = networks.length === 0 || (address !== undefined && isIn(address));
  return isHere && (ports.length === 0 || ports.includes(port));
}

/** What is asked in general of whoever is there: of several exceptions the strictest counts. */
export function generalDemand(place: Place, policy: Policy, now: Date): Demand & Preset {
  const names = exceptionsAt(place, policy).filter((each) => isInForce(each, now));
  const [first] = names.sort((a, b) => strictness(a) - strictness(b));
  const preset = first?.exception;
  return first && preset ? { ...presets[preset], by: first.name } : ofSettings(policy.tls);
}

const order: readonly PresetName[] = ['modern', 'intermediate', 'legacy-device'];

function strictness({ exception = 'modern' }: Criterion): number {
  return order.indexOf(exception);
}

/** In words: the exceptions for a place that no longer count. Somebody who is refused there may be so for that. */
export function lapsedExceptions(place: Place, policy: Policy, now: Date): string[] {
  return exceptionsAt(place, policy)
    .filter((each) => !isInForce(each, now))
    .map(({ name, expires, owner }) => `TLS exception ${name} expired on ${expires ?? '-'}; ask ${owner}`);
}

/** Who is where: whose address is not known is in no network. */
export interface Session extends Place {
  readonly address: string;
  readonly identity?: Identity | undefined;
}

/** What entries ask of a session, whatever mail comes; exceptions change none of it. */
export function sessionDemands(session: Session, policy: Policy, now: Date): Demand[] {
  return knownIn(policy)
    .filter(({ domains, ...known }) => domains.length === 0 && isFor(known, session, now))
    .map(({ demand }) => demand);
}

/** What entries ask of mail from a domain, an A-label. */
export function domainDemands(domain: string, session: Session, policy: Policy, now: Date): Demand[] {
  return knownIn(policy)
    .filter(({ domains, ...known }) => isAmong(domain, domains) && isFor(known, session, now))
    .map(({ demand }) => demand);
}

/** Whether any entry is about the domains of senders. */
export const asksOfDomains = derived(({ tls_criteria }: Policy): boolean =>
  tls_criteria.some(({ sender_domains }) => sender_domains.length > 0),
);

function isAmong(domain: string, domains: readonly string[]): boolean {
  return domains.some((each) => (each.startsWith('*.') ? domain.endsWith(each.slice(1)) : domain === each));
}

/** The key of an entry that keeps it from a session; `directory`: it is for those alone whom the directory gives it. */
export type Unfit = 'expires' | 'ports' | 'networks' | 'accounts' | 'sender_domains' | 'directory';

type Scope = Omit<Known, 'domains'>;

function isFor(known: Scope, session: Session, now: Date): boolean {
  return known.entry.exception === undefined && unfitFor(known, session, now) === undefined;
}

function unfitFor({ entry, isIn, accounts }: Scope, session: Session, now: Date): Unfit | undefined {
  const { ports, networks, sender_domains } = entry;
  if (!isInForce(entry, now)) return 'expires';
  if (ports.length > 0 && !ports.includes(session.port)) return 'ports';
  if (networks.length > 0 && !isIn(session.address)) return 'networks';
  if (accounts.size > 0) return isOf(session.identity, accounts) ? undefined : 'accounts';
  // Without any scope it is for those whom the directory gives it.
  return ports.length + networks.length + sender_domains.length > 0 ? undefined : 'directory';
}

/** Whether an entry asks anything, and what keeps it from that. */
export interface Standing {
  readonly entry: Criterion;
  readonly demand: Demand;
  readonly unfit?: Unfit | undefined;
}

/** How all entries but exceptions stand to a session, and to its mail from a domain, an A-label, where one is given. */
export function standingsIn(
  session: Session,
  domain: string | undefined,
  policy: Policy,
  now: Date,
): Standing[] {
  return knownIn(policy)
    .filter(({ entry }) => entry.exception === undefined)
    .map(({ domains, ...known }) => {
      const { entry, demand } = known;
      const isOfOthers = domains.length > 0 && !(domain !== undefined && isAmong(domain, domains));
      return {
        entry,
        demand,
        unfit: unfitFor(known, session, now) ?? (isOfOthers ? 'sender_domains' : undefined),
      };
    });
}

/** The entries whose `accounts` have an account, with what they ask; those that have expired too. */
export function entriesOf(identity: Identity, policy: Policy): Pick<Standing, 'entry' | 'demand'>[] {
  return knownIn(policy).filter(({ accounts }) => isOf(identity, accounts));
}

function isOf(identity: Identity | undefined, accounts: ReadonlySet<string>): boolean {
  if (!identity) return false;
  return accounts.has(accountKey(identity.id)) || accounts.has(accountKey(identity.name));
}

/** What the directory asks of an account: demands, and names that mean nothing. */
export interface OfDirectory {
  readonly demands: readonly Demand[];
  readonly unknown: readonly string[];
}

/** What the directory names for an account: one that has expired counts no more, and one without demand means nothing. */
export function namedByDirectory({ criteria = [] }: Pick<Identity, 'criteria'>, policy: Policy, now: Date) {
  return criteria.map((name) => ({ name, demand: demandNamed(name, policy, now) }));
}

/** Entries and presets that the directory names for an account, whatever the scope of an entry. */
export function directoryDemands(identity: Identity, policy: Policy, now: Date): OfDirectory {
  const found = namedByDirectory(identity, policy, now);
  return {
    demands: found.flatMap(({ demand }) => (demand && demand !== 'lapsed' ? [demand] : [])),
    unknown: found.flatMap(({ name, demand }) => (demand ? [] : [name])),
  };
}

function demandNamed(text: string, policy: Policy, now: Date): Demand | 'lapsed' | undefined {
  const preset = presetNamed(text);
  if (preset) return { ...presets[preset], by: preset };
  const known = knownIn(policy).find(({ entry }) => entry.name.toLowerCase() === text.toLowerCase());
  // An exception asks for nothing: whoever named it wanted something else.
  if (!known || known.entry.exception !== undefined) return undefined;
  return isInForce(known.entry, now) ? known.demand : 'lapsed';
}

/** What a handshake may end with: the loosest that anybody in a place may use, as far as it is known before. */
export function handshakeAt(place: Place, policy: Policy, now: Date): Pick<Preset, 'minVersion' | 'ciphers'> {
  const general = generalDemand(place, policy, now);
  const certain = knownIn(policy)
    .filter((known) => isCertain(known, place, now))
    .map(({ demand }) => demand);
  const minVersion = newest([general, ...certain].flatMap((each) => each.minVersion ?? []));
  const lists = certain.flatMap(({ ciphers, forwardSecrecy }) => [
    ...(ciphers === undefined ? [] : [ciphers]),
    ...(forwardSecrecy ? [withForwardSecrecy] : []),
  ]);
  return { minVersion, ciphers: commonSuites(general.ciphers, lists) };
}

/** Places of which each may have another handshake, so that what cannot be kept shows before it is in force. */
export function placesIn({ tls_criteria }: Policy): Place[] {
  const ports = [...new Set([0, ...tls_criteria.flatMap((entry) => entry.ports)])];
  const networks = tls_criteria.flatMap((entry) => entry.networks);
  const addresses = [undefined, ...new Set(networks.flatMap((each) => each.split('/')[0] ?? []))];
  return ports.flatMap((port) =>
    addresses.map((address) => (address === undefined ? { port } : { port, address })),
  );
}

const withForwardSecrecy = 'kECDHE:kDHE';

/** Whether an entry is for everybody in a place, whoever he is and whatever he sends. */
function isCertain(known: Known, place: Place, now: Date): boolean {
  const { entry, accounts, domains } = known;
  const { exception, ports, networks } = entry;
  if (exception !== undefined || accounts.size + domains.length > 0 || !isInForce(entry, now)) return false;
  return ports.length + networks.length > 0 && isAt(known, place);
}

/** Whether an entry may ask a client in a place for a certificate. */
export function asksForCertificate(
  { port, address, isForLogins }: Place & { readonly isForLogins: boolean },
  policy: Policy,
  now: Date,
): boolean {
  return knownIn(policy).some(({ entry, isIn, accounts, domains }) => {
    const { ports, networks } = entry;
    if (!entry.client_certificate || !isInForce(entry, now)) return false;
    if (ports.length > 0 && !ports.includes(port)) return false;
    if (networks.length > 0 && address !== undefined && !isIn(address)) return false;
    const isForSome = ports.length + networks.length + domains.length > 0;
    if (isForSome && accounts.size === 0) return true;
    // Of those alone who have logged in, or whom the directory gives it; some are known by their address.
    return isForLogins || [...accounts].some((account) => /^(?:network|tenant):/.test(account));
  });
}
