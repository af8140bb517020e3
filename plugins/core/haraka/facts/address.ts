import { parseMailbox } from '../../mailbox.ts';
import type { Address } from '../types.ts';
import type { EnvelopeAddress } from './told.ts';

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
