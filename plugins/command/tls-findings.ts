import {
  generalDemand,
  handshakeAt,
  lapsedExceptions,
  namedByDirectory,
  standingsIn,
  type Demand,
  type Place,
  type Session,
  type Standing,
} from '../core/criteria/criteria.ts';
import { peerAt } from '../core/peers.ts';
import { registrationAt } from '../core/registrations.ts';
import { isTlsRequired, roleOfPort } from '../core/roles.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { Role } from '../core/words.ts';
import { scopeInWords } from './demands.ts';

/** What is asked, and by what setting. */
export interface Asked {
  readonly demand: Demand;
  readonly because: string;
}

export interface Findings {
  readonly session: Session;
  readonly from: string | undefined;
  readonly role: string;
  readonly asked: readonly Asked[];
  /** Names in the directory that mean nothing. */
  readonly unknown: readonly string[];
  /** Entries that ask nothing here, each with the reason. */
  readonly others: readonly string[];
  readonly handshake: ReturnType<typeof handshakeAt>;
  readonly notes: readonly string[];
}

/** What TLS is asked of a session, and of its mail from a domain, an A-label, where one is given. */
export function findingsOf(session: Session, from: string | undefined, policy: Policy, now: Date): Findings {
  const { port, address, identity } = session;
  const place = address === '' ? { port } : { port, address };
  const role = roleOfPort(port, policy);
  const peer = peerAt(address, policy);
  const domain = peer?.kind === 'node' ? undefined : from;
  const standings = standingsIn(session, domain, policy, now);
  const named = identity ? namedByDirectory(identity, policy, now) : [];
  const asked = [...askedByEntries(standings), ...askedByDirectory(named)];
  const isAsked = ({ entry }: Standing) => asked.some(({ demand }) => demand.by === entry.name);
  return {
    ...{ session, from, role },
    asked: isTlsRequired(role, policy) ? [askedOfAll(place, role, policy, now), ...asked] : asked,
    unknown: named.flatMap(({ name, demand }) => (demand ? [] : [name])),
    others: standings.filter((each) => !isAsked(each)).map(unfitInWords),
    handshake: handshakeAt(place, policy, now),
    notes: [
      ...lapsedExceptions(place, policy, now),
      ...(asked.length === 0 ? mayBeInClear(address, policy, now) : []),
      ...(domain === from ? [] : [`${peer?.name ?? ''} has judged domains of senders when it took the mail`]),
    ],
  };
}

function askedOfAll(place: Place, role: Role, policy: Policy, now: Date): Asked {
  const demand = generalDemand(place, policy, now);
  const because = role === 'submission' ? `port ${place.port} is for submission` : 'tls.mx is required';
  return { demand, because: demand.by === 'tls' ? because : `${because}, and this is an exception` };
}

function askedByEntries(standings: readonly Standing[]): Asked[] {
  return standings
    .filter(({ unfit }) => unfit === undefined)
    .map(({ entry, demand }) => ({ demand, because: scopeInWords(entry) }));
}

function askedByDirectory(named: ReturnType<typeof namedByDirectory>): Asked[] {
  return named.flatMap(({ demand }) =>
    demand && demand !== 'lapsed' ? [{ demand, because: 'directory.tls_attribute' }] : [],
  );
}

function mayBeInClear(address: string, policy: Policy, now: Date): string[] {
  const registration = registrationAt({ address, inClear: true }, policy, now);
  if (registration?.standing !== 'valid') return [];
  return [`registered network ${registration.name} may send in clear, too`];
}

function unfitInWords({ entry, unfit }: Standing): string {
  const { name, expires } = entry;
  if (unfit === 'expires') return `${name}: expired on ${expires ?? '-'}`;
  if (unfit === 'directory') return `${name}: the directory (tls_attribute) does not name it`;
  return `${name}: its ${unfit ?? 'scope'} are others (${scopeInWords(entry)})`;
}
