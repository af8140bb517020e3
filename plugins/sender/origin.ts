import type { MailFacts } from '../core/haraka/facts/envelope.ts';
import type { Policy } from '../core/settings/settings.ts';

/** Whose address says where a message comes from. */
export type Origin =
  /** The client's own: it is judged at MAIL. */
  | { readonly kind: 'client' }
  /** The one that a trusted relay names in its Received field: it is judged after DATA. */
  | { readonly kind: 'relayed'; readonly by: string }
  /** Nobody's: who brings it has logged in, or has judged it. */
  | { readonly kind: 'judged'; readonly because: string };

/** Where to judge: at the border only, and nobody by the address at home from which he has logged in. */
export function originOf({ identity, client: { peer } }: MailFacts, { trusted_relays }: Policy): Origin {
  if (identity) return { kind: 'judged', because: 'authenticated' };
  if (!peer) return { kind: 'client' };
  const relay = trusted_relays.find(({ name }) => peer.kind === 'trusted_relay' && name === peer.name);
  if (relay?.spf === 'received') return { kind: 'relayed', by: relay.name };
  return { kind: 'judged', because: `${peer.name} has judged the sender` };
}
