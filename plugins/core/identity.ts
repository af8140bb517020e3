import type { Account } from './directory/directory.ts';
import type { OwnLimits } from './limits/limits.ts';
import type { Mailbox } from './mailbox.ts';

/** Who is accountable for a session, and what proved it. */
export interface Identity {
  readonly proof: 'account';
  /** For people and logs. */
  readonly name: string;
  /** Stable: for LDAP, the distinguished name, and `NAME:` before it where the account is of an entry of `directories`. */
  readonly id: string;
  /** The mailboxes that this identity may send as. */
  readonly addresses: readonly Mailbox[];
  /** Name of the application password that proved it, where it was one. */
  readonly credential?: string;
  /** Limits of its own, in place of those of the settings. */
  readonly limits?: OwnLimits;
}

export function identityOfAccount({ name, id, addresses, credential, limits }: Account): Identity {
  return {
    proof: 'account',
    name,
    id,
    addresses,
    ...(credential && { credential: credential.name }),
    ...(limits && { limits }),
  };
}
