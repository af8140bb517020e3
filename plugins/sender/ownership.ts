import type { Identity } from '../core/identity.ts';
import { sameMailbox, withoutSubaddress, type Mailbox } from '../core/mailbox.ts';

/** Whether an identity may use a mailbox: one that it owns, with or without a sub-address (RFC 5233). */
export function owns(identity: Identity, mailbox: Mailbox, separator: string): boolean {
  const base = withoutSubaddress(mailbox, separator);
  return identity.addresses.some((owned) => sameMailbox(owned, mailbox) || sameMailbox(owned, base));
}
