import { derived } from '../derived.ts';
import { isInForce } from '../expiry.ts';
import type { Identity } from '../identity.ts';
import { readLimits } from '../limits/read-limits.ts';
import { parseDomain } from '../mailbox.ts';
import { nothingDelegated } from '../rights.ts';
import type { Policy } from '../settings/settings.ts';
import type { Tenant } from './claims.ts';

/** What a tenant may do whose message it is. Its name is not one that an account or a network could have. */
export const identityOfTenant = derived(({ name, domains, forward_foreign, limits }: Tenant): Identity => ({
  ...nothingDelegated,
  ...{ proof: 'tenant', name: `tenant:${name}`, id: `tenant:${name}`, addresses: [] },
  domains: domains.flatMap((each) => parseDomain(each) ?? []),
  forwards: forward_foreign,
  ...(limits.length > 0 && { limits: readLimits(limits).limits }),
}));

/** The tenant that is called `tenant:NAME`; `undefined` where none counts. */
export function tenantNamed(name: string, { tenants }: Policy, now: Date): Identity | undefined {
  const named = tenants.find((each) => `tenant:${each.name}`.toLowerCase() === name.toLowerCase());
  return named && isInForce(named, now) ? identityOfTenant(named) : undefined;
}
