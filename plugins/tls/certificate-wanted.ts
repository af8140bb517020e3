import { asksForCertificate } from '../core/criteria/criteria.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { Role } from '../core/words.ts';

/** A listener, and whom it has before it; with TLS from the start nobody knows the address yet. */
export interface Asking {
  readonly port: number;
  readonly role: Role;
  readonly address?: string;
}

/**
 * Where a client is asked for a certificate: where what it shows may decide something. From people, whose programs may ask them to
 * choose one, none is wanted beyond that. Whoever has none goes on without.
 */
export function isCertificateWanted({ role, ...place }: Asking, policy: Policy, now: Date): boolean {
  const { external, implicit } = policy.certificates;
  if (implicit !== 'none' || (role === 'submission' && external === 'on')) return true;
  // A tenant is known by the certificate of its provider's servers.
  if (role === 'mx' && policy.tenants.length > 0) return true;
  return asksForCertificate({ ...place, isForLogins: role === 'submission' }, policy, now);
}
