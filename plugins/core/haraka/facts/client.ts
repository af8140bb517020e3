import type { ClientChain } from '../../certificate/chain.ts';
import type { Identity } from '../../identity.ts';
import { clientChain } from '../client-certificate.ts';
import { sessionFacts, type SessionFacts } from '../session.ts';
import type { Source } from './source.ts';

/** What is known before the envelope is. */
export interface ConnectionFacts extends SessionFacts {
  /** The certificate that the client has shown; nobody has looked at it. */
  readonly certificate: () => ClientChain | undefined;
}

/** A login that is right, of a client that is not told so yet. */
export interface AuthFacts extends ConnectionFacts {
  /** Who it would be from here on. */
  readonly identity: Identity;
  /** What the client logged in as; absent where its certificate spoke for it without AUTH. */
  readonly login?: string;
  /** As AUTH names it (RFC 4422 §3.1); absent likewise. */
  readonly mechanism?: string;
}

/** What `AuthFacts` say beside the client. */
export type Candidate = Pick<AuthFacts, 'identity' | 'login' | 'mechanism'>;

export function connectionFacts({ connection, policy }: Source): ConnectionFacts {
  return { certificate: () => clientChain(connection), ...sessionFacts(connection, policy) };
}

export function authFacts({ params, ...source }: Source): AuthFacts {
  return { ...connectionFacts({ params, ...source }), ...(params[0] as Candidate) };
}
