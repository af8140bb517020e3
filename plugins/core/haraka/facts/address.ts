import { parseMailbox, type Mailbox } from '../../mailbox.ts';
import type { Address } from '../types.ts';

/** An address of the envelope. `mailbox` is absent for the null reverse-path and for what is no mailbox. */
export interface EnvelopeAddress {
  readonly text: string;
  readonly isNull: boolean;
  readonly mailbox?: Mailbox;
}

const read = new WeakMap<Address, EnvelopeAddress>();

/** An address of the envelope as it is now: other plugins may rewrite it. */
export function envelopeAddress(address: Address): EnvelopeAddress {
  const text = address.format().slice(1, -1);
  const known = read.get(address);
  if (known?.text === text) return known;
  const mailbox = address.isNull() ? undefined : parseMailbox(text);
  const found = { text, isNull: address.isNull(), ...(mailbox && { mailbox }) };
  read.set(address, found);
  return found;
}
