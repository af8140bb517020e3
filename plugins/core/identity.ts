import type { Account } from './directory/directory.ts';
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
}

export function identityOfAccount(account: Account): Identity {
  return { proof: 'account', name: account.name, id: account.id, addresses: account.addresses };
}
