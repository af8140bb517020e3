import { handshakeAt, placesIn } from '../core/criteria/criteria.ts';
import type { Handshakes } from '../core/haraka/patches/tls-context.ts';
import { roleOfPort } from '../core/roles.ts';
import type { Policy } from '../core/settings/settings.ts';
import { isCertificateWanted } from './certificate-wanted.ts';

/** What handshakes may end with under a policy; `now` is asked each time, since exceptions expire. */
export function handshakesUnder(policy: Policy, now: () => Date): Handshakes {
  const placeOf = (port: number, address?: string) => ({ port, ...(address !== undefined && { address }) });
  return {
    at: (port, address) => handshakeAt(placeOf(port, address), policy, now()),
    all: placesIn(policy).map((place) => handshakeAt(place, policy, now())),
    isCertificateWanted: (port, address) => {
      const asking = { role: roleOfPort(port, policy), ...placeOf(port, address) };
      return isCertificateWanted(asking, policy, now());
    },
  };
}

/** The ports whose clients are known before TLS begins are all but one: an exception that counts on their addresses counts there never. */
export function unseenExceptions({ tls_criteria: entries }: Policy, implicitPort: number): readonly string[] {
  return entries.flatMap(({ name, exception, ports, networks }) => {
    if (exception === undefined || networks.length === 0 || !ports.includes(implicitPort)) return [];
    const isOpen = entries.some(
      (other) =>
        other.exception === exception && other.networks.length === 0 && other.ports.includes(implicitPort),
    );
    if (isOpen) return [];
    return [
      `tls_criteria: ${name} is for networks on port ${implicitPort}, where TLS begins before the address of a client counts: name the port in an exception without networks, or have these clients use STARTTLS`,
    ];
  });
}
