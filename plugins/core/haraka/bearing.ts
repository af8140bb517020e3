import type { Identity } from '../identity.ts';
import type { Connection, Transaction } from './types.ts';

/** What the certificate of a client makes it, that has not logged in. */
export type Bearing =
  | { readonly kind: 'account'; readonly identity: Identity }
  /** It is a stranger like any other. */
  | { readonly kind: 'nobody'; readonly because: string }
  /** That cannot be told now. */
  | { readonly kind: 'unknown'; readonly because: string };

interface State {
  readonly bearing: Bearing;
  /** Whom Haraka took the client for: PROXY and XCLIENT change it. */
  readonly uuid: string;
  readonly ip: string;
}

/** Of one message: an account that is taken away counts no longer for the next. */
const states = new WeakMap<Transaction, State>();

export function bear(connection: Connection, bearing: Bearing): void {
  const { transaction, uuid, remote } = connection;
  if (!transaction) throw new Error('there is no transaction');
  states.set(transaction, { bearing, uuid, ip: remote.ip });
}

export function bearingOf({ transaction, uuid, remote }: Connection): Bearing | undefined {
  const state = transaction ? states.get(transaction) : undefined;
  return state?.uuid === uuid && state.ip === remote.ip ? state.bearing : undefined;
}
