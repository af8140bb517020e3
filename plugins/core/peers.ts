import { networkSet } from './network.ts';
import type { Policy } from './settings/settings.ts';

/** A host that is known by its address: one of our own, or one that has judged where mail came from before us. */
export interface Peer {
  readonly kind: 'node' | 'trusted_relay';
  readonly name: string;
}

interface KnownPeer extends Peer {
  readonly includes: (address: string) => boolean;
}

const known = new WeakMap<Policy, readonly KnownPeer[]>();

/** The peer that has an address, if any. */
export function peerAt(address: string, policy: Policy): Peer | undefined {
  const found = peersOf(policy).find(({ includes }) => includes(address));
  return found && { kind: found.kind, name: found.name };
}

/** A policy never changes, so that what is made of it is made once. */
function peersOf(policy: Policy): readonly KnownPeer[] {
  const made = known.get(policy);
  if (made) return made;
  const peersIn = (kind: Peer['kind'], list: Policy['nodes']): KnownPeer[] =>
    list.map(({ name, addresses }) => ({ kind, name, includes: networkSet(addresses) }));
  const peers = [...peersIn('node', policy.nodes), ...peersIn('trusted_relay', policy.trusted_relays)];
  known.set(policy, peers);
  return peers;
}
