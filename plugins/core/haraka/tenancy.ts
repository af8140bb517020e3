import type { Identity } from '../identity.ts';
import type { Connection, Transaction } from './types.ts';

/** Whether a client that nobody has logged in for may speak for tenants, as far as its connection tells. */
export type Tenancy =
  | { readonly kind: 'stranger'; readonly because: string }
  /** That cannot be told now. */
  | { readonly kind: 'unknown'; readonly because: string }
  /** It may speak for these, by their names: of whom the message is, is decided after DATA. */
  | { readonly kind: 'provisional'; readonly tenants: readonly string[] };

interface State {
  readonly tenancy: Tenancy;
  /** Whom Haraka took the client for: PROXY and XCLIENT change it. */
  readonly client: Client;
  identity?: Identity;
}

interface Client {
  readonly uuid: string;
  readonly ip: string;
  readonly port: number | null;
}

/** Of one message: the next one on the same connection may be of another tenant, or of nobody. */
const states = new WeakMap<Transaction, State>();

/** Recipients that were accepted although nobody takes them for local; never fewer, whatever becomes of the list. */
const provisional = new WeakMap<Transaction, number>();

/** Notes what the client of a message may be. */
export function presume(connection: Connection, tenancy: Tenancy): void {
  const { transaction } = connection;
  if (!transaction) throw new Error('there is no transaction');
  states.set(transaction, { tenancy, client: clientOf(connection) });
}

export function tenancyOf(connection: Connection): Tenancy | undefined {
  return stateOf(connection)?.tenancy;
}

/** Notes that a recipient was accepted who must be relayed to, or refused, after DATA. */
export function acceptProvisionally(transaction: Transaction): void {
  provisional.set(transaction, provisionalIn(transaction) + 1);
}

export function provisionalIn(transaction: Transaction): number {
  return provisional.get(transaction) ?? 0;
}

/** Binds a tenant to the open transaction, whose client has to be one that may speak for it. */
export function proveTenant(connection: Connection, identity: Identity): void {
  const state = stateOf(connection);
  if (state?.tenancy.kind !== 'provisional') throw new Error(`${identity.name} cannot be proven here`);
  state.identity = identity;
}

/** The tenant that the message of the open transaction is proven to be of. */
export function provenTenant(connection: Connection): Identity | undefined {
  return stateOf(connection)?.identity;
}

function stateOf(connection: Connection): State | undefined {
  const state = connection.transaction ? states.get(connection.transaction) : undefined;
  const { uuid, ip, port } = clientOf(connection);
  const isSame = state?.client.uuid === uuid && state.client.ip === ip && state.client.port === port;
  return isSame ? state : undefined;
}

function clientOf({ uuid, remote }: Connection): Client {
  return { uuid, ip: remote.ip, port: remote.port };
}
