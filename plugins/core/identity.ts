import type { Account } from './directory/directory.ts';
import type { OwnLimits } from './limits/limits.ts';
import { mailboxKey, parseMailbox } from './mailbox.ts';
import { nothingDelegated, type Rights } from './rights.ts';

/** Who is accountable for a session, and what proved it. */
export interface Identity extends Rights {
  /**
   * A login, an address that is registered for a host that cannot log in, a plugin of this Haraka that is registered, or what
   * servers of a provider say of a message.
   */
  readonly proof: 'account' | 'network' | 'internal' | 'tenant';
  /** For people and logs. */
  readonly name: string;
  /**
   * Stable: for LDAP, the distinguished name, and `NAME:` before it where the account is of an entry of `directories`;
   * `network:NAME` for a registered network, `internal:NAME` for an internal sender, `tenant:NAME` for a tenant.
   */
  readonly id: string;
  /** Name of the application password that proved it, where it was one. */
  readonly credential?: string;
  /** Name of its entry of `mail_servers`, where it has one. */
  readonly server?: string;
  /** Limits of its own, in place of those of the settings. */
  readonly limits?: OwnLimits;
  /** Names of entries of `tls_criteria`, or of presets, that its TLS has to meet; whether there are such, nobody has looked. */
  readonly criteria?: readonly string[];
}

/** The same for two texts that are the id or the name of one account. */
export function accountKey(text: string): string {
  return parseMailbox(text) ? mailboxKey(text) : text.toLowerCase();
}

export function identityOfAccount({ name, id, addresses, ...account }: Account): Identity {
  const { credential, limits, criteria, delegated = nothingDelegated } = account;
  const { domains, onBehalf, grants, pairs } = delegated;
  return {
    ...{ proof: 'account', name, id, addresses, forwards: 'off' },
    ...{ domains, onBehalf, grants, pairs },
    ...(credential && { credential: credential.name }),
    ...(limits && { limits }),
    ...(criteria && { criteria }),
  };
}
