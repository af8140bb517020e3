import type { EventDraft } from '../../../plugins/core/events/event.ts';

/** What the gateway records of TLS with the servers of a domain. */
export type TlsFields = Partial<EventDraft>;

export const stsPolicy = [
  'version: STSv1',
  'mode: enforce',
  'mx: *.mail.example',
  'mx: mx.example',
  'max_age: 604800',
];
export const tlsaPolicy = ['3 1 1 0c72ac70b745ac19998811b131d662c9ac69dbdbe7cb23e5b514b566 64c5d3d6'];

export const sts = { tls_policy: 'sts', tls_policy_string: stsPolicy } as const;
export const tlsa = { tls_policy: 'tlsa', tls_policy_string: tlsaPolicy } as const;
export const noPolicy = { tls_policy: 'no-policy-found' } as const;

const server = { remote: 'mx1.mail.example', remote_address: '192.0.2.1' } as const;

/** A message that left over TLS. */
export function succeeded(domain: string, policy: TlsFields, more: TlsFields = {}): TlsFields {
  return {
    ...{ check: 'outbound/delivery', outcome: 'delivered', recipients: [`carol@${domain}`] },
    ...{ ...server, remote_tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384', answer: '250 2.0.0 Ok' },
    ...policy,
    ...more,
  };
}

/** A session that the policy did not allow. */
export function failed(domain: string, reason: string, policy: TlsFields, more: TlsFields = {}): TlsFields {
  return {
    ...{ check: 'outbound/tls', verdict: 'refuse', reason, recipients: [`carol@${domain}`] },
    ...{ ...server, detail: 'why' },
    ...policy,
    ...more,
  };
}
