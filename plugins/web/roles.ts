import type { Account } from '../core/directory/directory.ts';
import { isAmong } from '../core/directory/role-groups.ts';
import type { Policy } from '../core/settings/settings.ts';

/** An admin sees all and may act; a viewer sees no recipients but their domains. */
export type Role = 'admin' | 'viewer';

/** What an account may do here; `undefined` where it may not even look. Application passwords are for devices. */
export function roleOf(account: Account, policy: Policy): Role | undefined {
  if (!policy.web || account.credential) return undefined;
  if (isAmong(policy.web.admins, account, policy)) return 'admin';
  return isAmong(policy.web.viewers, account, policy) ? 'viewer' : undefined;
}
