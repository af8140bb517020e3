import type { Policy, Role } from '../core/settings/settings.ts';

/**
 * Whether clients of a listener are asked for a certificate: only where a setting has a use for one, because some mail programs
 * then have their user choose.
 */
export function isCertificateWanted(listener: { readonly role: Role }, policy: Policy): boolean {
  const { external, implicit } = policy.certificates;
  if (implicit !== 'none') return true;
  return listener.role === 'mx' ? policy.tenants.length > 0 : external === 'on';
}
