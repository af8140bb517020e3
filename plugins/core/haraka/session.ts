import constants from 'haraka-constants';
import type { ClientChain } from '../certificate/chain.ts';
import type { Identity } from '../identity.ts';
import { peerAt, type Peer } from '../peers.ts';
import { registrationAt, withRegistration, type Registration } from '../registrations.ts';
import { roleOfPort } from '../roles.ts';
import type { Policy } from '../settings/settings.ts';
import type { Role } from '../words.ts';
import { bearingOf, type Bearing } from './bearing.ts';
import type { TlsFacts } from './facts/told.ts';
import { portReached, tlsSocketOf } from './patches/client-socket.ts';
import { provenTenant, tenancyOf, type Tenancy } from './tenancy.ts';
import type { Clearance } from './transaction.ts';
import type { ClientSocket, Connection } from './types.ts';

/** What is known of a client before it says anything about a message. */
export interface SessionFacts {
  /** `peer` and `registration` when the address is one that the settings know; the latter where nobody has logged in. */
  readonly client: {
    readonly address: string;
    readonly peer?: Peer;
    readonly registration?: Registration;
    /** Of a client that nobody has logged in for, within a message. */
    readonly tenancy?: Tenancy;
    /** What its certificate makes it, where that is no account; within a message. */
    readonly bearing?: Exclude<Bearing, { readonly kind: 'account' }>;
  };
  readonly listener: { readonly port: number; readonly role: Role };
  /** What the client called itself; empty before it has. */
  readonly helo: string;
  /** What this connection negotiated, read from its socket; absent in clear. */
  readonly tls?: TlsFacts;
  readonly identity?: Identity;
}

/** A login of a session, as long as it counts. */
export interface SessionLogin {
  /** What the client logged in as. */
  readonly login: string;
  /** The account, as the directory had it. */
  readonly identity: Identity;
  /** The certificate that it was proven by, where it was one. */
  readonly chain?: ClientChain;
  /** When the directory was asked for it, by `performance.now()`. */
  readonly since: number;
  /** Of checks at `auth`, by name. */
  readonly clearances: ReadonlyMap<string, Clearance>;
  /** Goes on with what the directory says of it now, as of `since`. */
  readonly renew: (identity: Identity, since: number) => void;
  /** Ends it: nobody is known to have logged in any more. */
  readonly end: () => void;
}

class Proof implements SessionLogin {
  identity: Identity;
  readonly login: string;
  readonly chain?: ClientChain;
  readonly clearances: ReadonlyMap<string, Clearance>;
  since: number;
  /** Whom Haraka took the client for at that time: PROXY and XCLIENT change it, and end the proof. */
  readonly #uuid: string;
  readonly #ip: string;
  readonly #port: number | null;
  readonly end: () => void;

  constructor(connection: Connection, identity: Identity, { login, since, chain, clearances }: Proven) {
    this.identity = identity;
    this.login = login;
    this.since = since;
    this.clearances = clearances;
    if (chain) this.chain = chain;
    this.#uuid = connection.uuid;
    this.#ip = connection.remote.ip;
    this.#port = connection.remote.port;
    this.end = () => {
      endLogin(connection, this);
    };
  }

  readonly renew = (identity: Identity, since: number): void => {
    this.identity = identity;
    this.since = since;
  };

  /** XCLIENT draws a new uuid, PROXY and XCLIENT set the remote address. */
  isOf({ uuid, remote }: Connection): boolean {
    return this.#uuid === uuid && this.#ip === remote.ip && this.#port === remote.port;
  }
}

/** Kept outside of Haraka's notes, so that no other plugin writes it by accident. */
const proofs = new WeakMap<Connection, Proof>();

/** How an identity was proven. */
export type Proven = Pick<SessionLogin, 'login' | 'since' | 'chain' | 'clearances'>;

/** Binds a proven identity to the session until the client changes, `forgetIdentity`, or its login ends. */
export function setIdentity(connection: Connection, identity: Identity, proven: Proven): void {
  proofs.set(connection, new Proof(connection, identity, proven));
}

/** The login of a session, where there is one that counts. */
export function loginOf(connection: Connection): SessionLogin | undefined {
  const proof = proofs.get(connection);
  return proof?.isOf(connection) ? proof : undefined;
}

/** As if nobody had logged in, for Haraka as well. */
function endLogin(connection: Connection, proof: Proof): void {
  if (proofs.get(connection) !== proof) return;
  forgetIdentity(connection);
  // Inside a transaction Haraka would set that of the transaction alone.
  connection._relaying = false;
  connection.relaying = false;
  connection.authheader = '';
}

export function forgetIdentity(connection: Connection): void {
  proofs.delete(connection);
}

/** Who answers for what a client does: whoever has logged in, else what its address is registered for, else whose message it is. */
export function identityOf(connection: Connection, policy: Policy): Identity | undefined {
  return partiesOf(connection, policy).identity;
}

interface Parties {
  readonly identity?: Identity | undefined;
  readonly registration?: Registration | undefined;
}

function partiesOf(connection: Connection, policy: Policy): Parties {
  const bearing = bearingOf(connection);
  const borne = bearing?.kind === 'account' ? bearing.identity : undefined;
  const account = loginOf(connection)?.identity ?? borne;
  if (account) return { identity: withRegistration(account, policy, new Date()) };
  const client = { address: connection.remote.ip, inClear: tlsFacts(connection.client) === undefined };
  const registration = registrationAt(client, policy, new Date());
  return { identity: registration?.identity ?? provenTenant(connection), registration };
}

/** What checks have asked to be made once for a connection. */
const made = new WeakMap<Connection, Map<string, unknown>>();

export function madeInSession(connection: Connection): Map<string, unknown> {
  const known = made.get(connection);
  if (known) return known;
  const fresh = new Map<string, unknown>();
  made.set(connection, fresh);
  return fresh;
}

/** Whether the client has left, or is being sent away: nothing can be said to it any more. */
export function isGone(connection: Connection): boolean {
  return connection.state >= constants.connection.state.DISCONNECTING;
}

export function sessionFacts(connection: Connection, policy: Policy): SessionFacts {
  const tls = tlsFacts(connection.client);
  const { identity, registration } = partiesOf(connection, policy);
  const peer = peerAt(connection.remote.ip, policy);
  const port = truePort(connection);
  const tenancy = tenancyOf(connection);
  const bearing = bearingOf(connection);
  return {
    client: {
      address: connection.remote.ip,
      ...(peer && { peer }),
      ...(registration && { registration }),
      ...(tenancy && { tenancy }),
      ...(bearing && bearing.kind !== 'account' && { bearing }),
    },
    listener: { port, role: roleOf(connection, port, policy) },
    helo: connection.hello.host ?? '',
    ...(tls && { tls }),
    ...(identity && { identity }),
  };
}

function truePort(connection: Connection): number {
  return portReached(connection.client) ?? connection.local.port ?? 0;
}

/** `mx` only when the true port and the claimed one both are. */
function roleOf(connection: Connection, reached: number, policy: Policy): Role {
  // XCLIENT without DESTPORT leaves no claim.
  const claimed = connection.local.port ?? reached;
  if (roleOfPort(reached, policy) === 'submission') return 'submission';
  return claimed === reached ? 'mx' : roleOfPort(claimed, policy);
}

/** Keeps in mind what TLS a client has, for when its socket is closed. */
export function noteTls({ client }: Connection): void {
  tlsFacts(client);
}

/** Asked of a socket once: no other suite is negotiated later, and a socket that is closed no longer tells. */
const negotiated = new WeakMap<object, TlsFacts>();

function tlsFacts(client: ClientSocket): TlsFacts | undefined {
  const socket = tlsSocketOf(client);
  if (!socket) return undefined;
  const known = negotiated.get(socket);
  if (known) return known;
  const version = socket.getProtocol();
  // Node.js does not declare that there is none before the two have agreed on one.
  const cipher = (socket.getCipher() as { readonly name: string } | undefined)?.name;
  if (!version || cipher === undefined) return undefined;
  const facts = { version, cipher, ...serverNameOf(socket) };
  negotiated.set(socket, facts);
  return facts;
}

/** Of the side of a server, which Node.js does not declare: `false` where there was none. */
function serverNameOf(socket: object): Pick<TlsFacts, 'serverName'> {
  const { servername: serverName } = socket as { servername?: string | false };
  return typeof serverName === 'string' && serverName !== '' ? { serverName } : {};
}
