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

/** A policy never changes, so that what is made of it is made once. */
const known = new WeakMap<Policy, readonly KnownPeer[]>();

/** The peer that has an address, if any. */
export function peerAt(address: string, policy: Policy): Peer | undefined {
  const peers = known.get(policy) ?? peersOf(policy);
  known.set(policy, peers);
  const found = peers.find(({ includes }) => includes(address));
  return found && { kind: found.kind, name: found.name };
}

function peersOf({ nodes, trusted_relays }: Policy): readonly KnownPeer[] {
  const peers = (kind: Peer['kind'], list: Policy['nodes']): KnownPeer[] =>
    list.map(({ name, addresses }) => ({ kind, name, includes: networkSet(addresses) }));
  return [...peers('node', nodes), ...peers('trusted_relay', trusted_relays)];
}
