import type { TlsIni, TlsIniSection } from '../core/haraka/types.ts';
import { isTlsRequired, roleOfPort } from '../core/roles.ts';
import type { Policy } from '../core/settings/settings.ts';

/** Sections that are of no listener. */
const ofOthers = new Set([
  'outbound',
  'redis',
  'no_tls_hosts',
  'mutual_auth_hosts',
  'mutual_auth_hosts_exclude',
]);

/** Keys of `[main]`, or of the section of a name, that no listener may have, and why not. */
const unwanted: Readonly<Record<string, (section: TlsIniSection) => string | undefined>> = {
  requireAuthorized: ({ requireAuthorized: ports }) =>
    Array.isArray(ports) && ports.length === 0
      ? undefined
      : 'Haraka asks it of other ports, too, and takes a certificate that its client has signed itself for verified',
  rejectUnauthorized: ({ rejectUnauthorized: value }) =>
    isSwitchedOn(value)
      ? 'it ends sessions of servers and people without a certificate, and takes one that its client has signed itself for verified; for mail that leaves it belongs into [outbound]'
      : undefined,
  maxVersion: () => 'Haraka ignores it',
  secureProtocol: () => 'it sets aside which versions of TLS the policy allows',
  secureOptions: () => 'it sets aside parts of TLS that the policy relies on',
  ecdhCurve: ({ ecdhCurve: value }) =>
    strongCurves.test(text(value))
      ? undefined
      : 'only auto, X25519, X448, P-256, P-384 and P-521 are as strong as the policy asks for',
};

const strongCurves =
  /^(?:auto|(?:X25519|X448|P-256|P-384|P-521|prime256v1|secp384r1|secp521r1)(?::(?:X25519|X448|P-256|P-384|P-521|prime256v1|secp384r1|secp521r1))*)$/;

/** What of `tls.ini` would undo what the policy promises, one line each. */
export function tlsIniProblems(ini: TlsIni, policy: Policy): readonly string[] {
  const ofListeners = Object.entries(ini).filter(([name]) => !ofOthers.has(name));
  return [
    ...ofListeners.flatMap(([name, section]) => ofSection(name, section ?? {})),
    ...portsInClear(ini, policy),
    ...hostsInClear(ini),
    ...(isSwitchedOn(ini['redis']?.['disable_for_failed_hosts'])
      ? [
          line(
            'redis',
            'disable_for_failed_hosts',
            'whoever breaks off one handshake would be spoken to in clear',
          ),
        ]
      : []),
  ];
}

function ofSection(name: string, section: TlsIniSection): string[] {
  return Object.entries(unwanted).flatMap(([key, because]) => {
    const why = section[key] === undefined ? undefined : because(section);
    return why === undefined ? [] : [line(name, key, why)];
  });
}

/** Where TLS is only offered, a listener for hosts that know none is the operator's to have. */
function portsInClear(ini: TlsIni, policy: Policy): string[] {
  const { no_starttls_ports: ports } = ini['main'] ?? {};
  return [ports ?? []].flat().flatMap((port) => {
    if (!isTlsRequired(roleOfPort(Number(port), policy), policy)) return [];
    return [
      line(
        'main',
        'no_starttls_ports[]',
        `on port ${text(port)} the policy requires TLS, and nobody could begin it`,
      ),
    ];
  });
}

function hostsInClear(ini: TlsIni): string[] {
  return Object.keys(ini['no_tls_hosts'] ?? {}).map((host) =>
    line(
      'no_tls_hosts',
      host,
      'it would not even be offered TLS; a host that knows none belongs into registered_networks',
    ),
  );
}

/** Values of a file are texts, where Haraka does not read them as switches. */
function isSwitchedOn(value: unknown): boolean {
  return value !== undefined && !['false', 'no', 'off', '0', ''].includes(text(value).toLowerCase());
}

function line(section: string, key: string, why: string): string {
  return `config/tls.ini: [${section}] ${key}: ${why}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The same without all that, for a worker that has to begin while it stands there. */
export function withoutUnwanted(ini: TlsIni): TlsIni {
  const sections: (readonly [string, TlsIniSection | undefined])[] = Object.entries(ini).map(
    ([name, section]) => {
      if (ofOthers.has(name)) return [name, section];
      const kept = Object.entries(section ?? {}).filter(
        ([key]) => !(key in unwanted) && key !== 'no_starttls_ports',
      );
      const empty = name === 'main' ? { requireAuthorized: [], no_starttls_ports: [] } : {};
      return [name, { ...Object.fromEntries(kept), ...empty }];
    },
  );
  return {
    ...Object.fromEntries(sections),
    redis: { ...ini['redis'], disable_for_failed_hosts: false },
    no_tls_hosts: {},
  };
}
