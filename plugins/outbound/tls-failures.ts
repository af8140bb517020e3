import { recordTlsFailure, type TlsFailureCase } from '../core/haraka/delivery.ts';
import type { StsResult } from '../core/mta-sts/mta-sts.ts';
import type { TlsFailure } from '../core/outgoing-tls/rule.ts';

const check = { name: 'outbound/tls' } as const;

type About = Omit<TlsFailureCase, 'check'>;

/** One event for each policy of the recipient that a server did not meet; where there is none, for the first of what we demand. */
export function tellTlsFailures(
  about: About,
  failures: readonly TlsFailure[],
  address: string | undefined,
): void {
  const ofRecipient = failures.filter(({ rule }) => rule.policy);
  for (const { rule, server, type, why } of ofRecipient.length > 0 ? ofRecipient : failures.slice(0, 1)) {
    const { by, isEnforced, policy } = rule;
    recordTlsFailure(
      { check, ...about },
      {
        ...{ reason: type, detail: `${server}: ${why} (${by})`, isEnforced, remote: server },
        ...(address !== undefined && { address }),
        ...(policy && { policy }),
      },
    );
  }
}

/** The recipient has a policy that cannot be had: it is sent as if there were none, or under the last one (RFC 8461 §3.3). */
export function tellUnavailable(about: About, found: StsResult): void {
  const fault = found.kind === 'policy' ? found.fault : found;
  if (fault?.kind !== 'unavailable') return;
  const policy = { type: 'sts', text: found.kind === 'policy' ? found.policy.text : [] } as const;
  recordTlsFailure({ check, ...about }, { reason: fault.type, detail: fault.why, isEnforced: false, policy });
}
