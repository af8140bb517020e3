import { sameMailbox, withoutSubaddress, type Mailbox } from './mailbox.ts';

/** By which rule an address may be used: it is owned itself, or is an owned one with a sub-address (RFC 5233). */
export type Rule = 'owned' | 'subaddress';

/** Why a mailbox may be used: which owned address gives the right, and by which rule. */
export interface Right {
  readonly owned: Mailbox;
  readonly rule: Rule;
}

/** The right of an identity to write as a mailbox, in the envelope and in the header; `undefined` when it has none. */
export function rightTo(
  mailbox: Mailbox,
  { addresses }: { readonly addresses: readonly Mailbox[] },
  separator: string,
): Right | undefined {
  const itself = addresses.find((owned) => sameMailbox(owned, mailbox));
  if (itself) return { owned: itself, rule: 'owned' };
  const base = withoutSubaddress(mailbox, separator);
  const owned = addresses.find((each) => sameMailbox(each, base));
  return owned && { owned, rule: 'subaddress' };
}
