import { derived } from './derived.ts';
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

/** The peer that has an address, if any. */
export function peerAt(address: string, policy: Policy): Peer | undefined {
  const found = peersOf(policy).find(({ includes }) => includes(address));
  return found && { kind: found.kind, name: found.name };
}

const peersOf = derived(({ nodes, trusted_relays }: Policy): readonly KnownPeer[] => {
  const peersIn = (kind: Peer['kind'], list: Policy['nodes']): KnownPeer[] =>
    list.map(({ name, addresses }) => ({ kind, name, includes: networkSet(addresses) }));
  return [...peersIn('node', nodes), ...peersIn('trusted_relay', trusted_relays)];
});
