import type { Identity } from '../core/identity.ts';
import { protectedDomain } from '../core/inbound/protected.ts';
import type { Mailbox } from '../core/mailbox.ts';
import type { Policy } from '../core/settings/settings.ts';

/** Whether an identity that has no right to an address may forward mail of it, as far as the address tells. */
export function mayForward({ domain }: Mailbox, { forwards, addresses }: Identity, policy: Policy): boolean {
  if (forwards === 'off') return false;
  // Of its own domain every address is somebody's, whether the settings call that protected or not.
  return protectedDomain(domain, policy) === undefined && !addresses.some((own) => own.domain === domain);
}
