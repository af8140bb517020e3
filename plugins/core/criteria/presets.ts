import type { SecureVersion } from 'node:tls';

/** Oldest first, as OpenSSL names them. */
export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const satisfies SecureVersion[];
export type TlsVersion = (typeof tlsVersions)[number];

export const presetNames = ['modern', 'intermediate', 'legacy-device'] as const;
export type PresetName = (typeof presetNames)[number];

/** What a handshake has to have. */
export interface Preset {
  readonly minVersion: TlsVersion;
  /** Cipher suites in the syntax of OpenSSL. */
  readonly ciphers: string;
  /** RFC 9325 §4.1: key exchange without forward secrecy must not be negotiated. */
  readonly forwardSecrecy: boolean;
}

const aead = 'ECDHE+AESGCM:ECDHE+CHACHA20';

/**
 * `legacy-device` has what RFC 8996 and RFC 9325 §3.1.1 and §4.1 forbid, as far as OpenSSL 3 still can: TLS 1.0 with SHA-1 needs
 * security level 0, which also lets short keys pass. CCM is in no preset: nobody could judge whether it was negotiated.
 */
export const presets: Readonly<Record<PresetName, Preset>> = {
  modern: { minVersion: 'TLSv1.3', ciphers: aead, forwardSecrecy: true },
  intermediate: { minVersion: 'TLSv1.2', ciphers: aead, forwardSecrecy: true },
  'legacy-device': {
    minVersion: 'TLSv1',
    ciphers: `${aead}:ECDHE+AES:DHE+AESGCM:DHE+CHACHA20:DHE+AES:RSA+AESGCM:RSA+AES:!aNULL:!AESCCM:!PSK:!SRP:@SECLEVEL=0`,
    forwardSecrecy: false,
  },
};

/** The preset of a name, however it is written. */
export function presetNamed(text: string): PresetName | undefined {
  return presetNames.find((name) => name === text.toLowerCase());
}

/** Whether a protocol is older than another; one that nobody knows is older than all. */
export function isOlder(version: string, than: TlsVersion): boolean {
  return tlsVersions.findIndex((each) => each === version) < tlsVersions.indexOf(than);
}

/** The newest of some protocols. */
export function newest(versions: readonly TlsVersion[]): TlsVersion {
  return versions.reduce((one, other) => (isOlder(one, other) ? other : one), 'TLSv1');
}

/** All suites of TLS 1.3 have forward secrecy. */
export function hasForwardSecrecy({ version, cipher }: { version: string; cipher: string }): boolean {
  return version === 'TLSv1.3' || /^(?:ECDHE|DHE)-(?!PSK)/.test(cipher);
}
