import type { Account } from './directory/directory.ts';
import type { OwnLimits } from './limits/limits.ts';
import { mailboxKey, parseMailbox, type Mailbox } from './mailbox.ts';
import type { Mode } from './settings/mode.ts';

/** As whom somebody may send. */
export interface Rights {
  /** Mailboxes of its own. */
  readonly addresses: readonly Mailbox[];
  /** Domains, as A-labels, of which every mailbox is its own; those below them are not. */
  readonly domains: readonly string[];
}

/** Who is accountable for a session, and what proved it. */
export interface Identity extends Rights {
  /** A login, or an address that is registered for a host that cannot log in. */
  readonly proof: 'account' | 'network';
  /** For people and logs. */
  readonly name: string;
  /**
   * Stable: for LDAP, the distinguished name, and `NAME:` before it where the account is of an entry of `directories`;
   * `network:NAME` for a registered network.
   */
  readonly id: string;
  /** Name of the application password that proved it, where it was one. */
  readonly credential?: string;
  /** Limits of its own, in place of those of the settings. */
  readonly limits?: OwnLimits;
  /** What becomes of mail that is of somebody else, whom we do not protect: a mail server may forward it. */
  readonly forwards: Mode;
}

/** The same for two texts that are the id or the name of one account. */
export function accountKey(text: string): string {
  return parseMailbox(text) ? mailboxKey(text) : text.toLowerCase();
}

export function identityOfAccount({ name, id, addresses, credential, limits }: Account): Identity {
  return {
    ...{ proof: 'account', name, id, addresses, domains: [], forwards: 'off' },
    ...(credential && { credential: credential.name }),
    ...(limits && { limits }),
  };
}
