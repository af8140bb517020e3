import type { Rights } from './identity.ts';
import { sameMailbox, withoutSubaddress, type Mailbox } from './mailbox.ts';

/** By which rule an address may be used: it is owned itself, is an owned one with a sub-address (RFC 5233), or of an owned domain. */
export type Rule = 'owned' | 'subaddress' | 'domain';

/** Why a mailbox may be used: which owned address gives the right, and by which rule; by its domain it is owned itself. */
export interface Right {
  readonly owned: Mailbox;
  readonly rule: Rule;
}

/** The right of an identity to write as a mailbox, in the envelope and in the header; `undefined` when it has none. */
export function rightTo(
  mailbox: Mailbox,
  { addresses, domains }: Rights,
  separator: string,
): Right | undefined {
  const itself = addresses.find((owned) => sameMailbox(owned, mailbox));
  if (itself) return { owned: itself, rule: 'owned' };
  const base = withoutSubaddress(mailbox, separator);
  const owned = addresses.find((each) => sameMailbox(each, base));
  if (owned) return { owned, rule: 'subaddress' };
  return domains.includes(mailbox.domain) ? { owned: mailbox, rule: 'domain' } : undefined;
}
