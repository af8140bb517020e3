import type { ConnectionFacts } from '../../plugins/core/haraka/facts/client.ts';
import type { Identity } from '../../plugins/core/identity.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import type { CertificateLack } from '../../plugins/tls/decide.ts';
import type { Verdict } from '../../plugins/core/verdict.ts';

/** Settings, sessions and what is said of them, in as few words as a table needs. */

export const gcm = 'ECDHE-RSA-AES256-GCM-SHA384';
export const modern = ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'] as const;
export const now = new Date('2026-06-15T12:00:00Z');

/** Settings of one line, as YAML writes them in a row. */
export interface Scene {
  readonly tls?: string;
  readonly criteria?: readonly string[];
}

export function policyOf({ tls = '', criteria = [] }: Scene) {
  const lines = [
    'directory: {urls: ["ldaps://x"], bind_dn: x, base: x, tls_attribute: t}',
    `tls: {${tls}}`,
    `tls_criteria: [${criteria.map((each) => `{owner: x, ${each}}`).join(', ')}]`,
    'registered_networks: [{name: old, owner: x, addresses: [192.0.2.77], send_as: [a@x.example], tls: optional, expires: 2099-01-01}]',
  ];
  return parseSettings(lines.join('\n'), 'test').policy;
}

export interface Session extends Scene {
  readonly role?: 'mx' | 'submission';
  readonly port?: number;
  readonly from?: string;
  readonly is: readonly [version: string, cipher: string] | 'in clear';
  readonly sni?: string;
  /** Of who has logged in. */
  readonly criteriaOf?: readonly string[];
  readonly certificate?: CertificateLack;
  readonly peer?: 'node' | 'trusted_relay';
}

export function factsOf(session: Session): ConnectionFacts {
  const { role = 'submission', port = 587, from = '192.0.2.1', is, sni, criteriaOf, peer } = session;
  const identity: Identity = {
    ...{ proof: 'account', name: 'alice@corp.example', id: 'uid=alice', addresses: [], forwards: 'off' },
    ...{ domains: [], onBehalf: [], grants: [], pairs: [], criteria: criteriaOf ?? [] },
  };
  return {
    client: { address: from, ...(peer && { peer: { kind: peer, name: 'other' } }) },
    ...{ listener: { port, role }, helo: '', certificate: () => undefined },
    ...(is !== 'in clear' && { tls: { version: is[0], cipher: is[1], ...(sni && { serverName: sni }) } }),
    ...(criteriaOf && { identity }),
  };
}

export function said(verdict: Verdict): string {
  if (verdict.kind === 'refuse') return `${verdict.reason}: ${verdict.detail ?? ''} / ${verdict.told ?? ''}`;
  return verdict.kind === 'defer' ? `${verdict.reason}: ${verdict.because}` : verdict.kind;
}

export const printers = 'name: printers, exception: legacy-device, networks: [198.51.100.0/24]';
export const strict = 'name: strict, ports: [587], min_version: TLSv1.3';
export const certified =
  'name: certified, accounts: [alice@corp.example], client_certificate: required, authorities_file: a';
export const rsa = ['TLSv1.2', 'AES256-GCM-SHA384'] as const;
export const old = ['TLSv1', 'AES128-SHA'] as const;
export const none = { told: 'none was shown', detail: 'it shows none' };

export const lasting = 'expires: 2099-01-01';
