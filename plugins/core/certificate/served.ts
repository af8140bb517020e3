import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hostPairsIn } from './host-pairs.ts';

/** A certificate that clients of a listener are shown. */
export interface Served {
  /** As in tls.ini, or below config. */
  readonly file: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** What tls.ini says of keys and certificates, by section. */
export type NamedInIni = Readonly<
  Record<
    string,
    | {
        readonly key?: string | readonly string[];
        readonly cert?: string | readonly string[];
        readonly passphrase?: string | number;
      }
    | undefined
  >
>;

/** The files of tls.ini, in its order, as Haraka takes them. */
export function namedInIni(ini: NamedInIni): {
  readonly key: readonly string[];
  readonly cert: readonly string[];
} {
  const { key, cert } = ini['main'] ?? {};
  return { key: [key ?? 'tls_key.pem'].flat(), cert: [cert ?? 'tls_cert.pem'].flat() };
}

/** The passphrase of the key of a name. */
export function passphraseIn(ini: NamedInIni): (name: string) => string | undefined {
  return (name) => {
    const passphrase = ini[name]?.passphrase ?? ini['main']?.passphrase;
    return passphrase === undefined ? undefined : String(passphrase);
  };
}

/** The certificates of the listeners of a Haraka, without those above them; what cannot be read is left out. */
export function servedCertificates(config: string, ini: NamedInIni): readonly Served[] {
  const defaults = namedInIni(ini).cert.flatMap((file) =>
    servedIn(file, () => readFileSync(resolve(config, file))),
  );
  const hosts = hostPairsIn(join(config, 'tls'), passphraseIn(ini)).pairs;
  const byFile = new Map(hosts.map(({ file, cert }) => [join('tls', file), cert]));
  return [...defaults, ...[...byFile].flatMap(([file, cert]) => servedIn(file, () => cert))];
}

function servedIn(file: string, read: () => Buffer): Served[] {
  try {
    const { validFrom, validTo } = new X509Certificate(read());
    return [{ file, validFrom: new Date(validFrom), validTo: new Date(validTo) }];
  } catch {
    return [];
  }
}

/** Time enough to find whoever renews it, where that did not happen by itself. */
const warnDaysBefore = 21;

const dayMs = 24 * 3600 * 1000;

/** What has to be said of a certificate on a day; clients that look refuse one that is not valid, servers of the world mostly do not. */
export interface ValidityNote {
  readonly isValid: boolean;
  readonly text: string;
}

/** Nothing for a certificate that is valid, and stays so for three weeks. */
export function validityNote({ file, validFrom, validTo }: Served, now: Date): ValidityNote | undefined {
  const what = `the certificate in ${file}`;
  if (now < validFrom)
    return { isValid: false, text: `${what} is not valid before ${validFrom.toISOString()}` };
  if (now > validTo) return { isValid: false, text: `${what} has expired on ${validTo.toISOString()}` };
  const days = Math.floor((validTo.getTime() - now.getTime()) / dayMs);
  if (days > warnDaysBefore) return undefined;
  const when = days === 0 ? 'within a day' : `in ${days} ${days === 1 ? 'day' : 'days'}`;
  return { isValid: true, text: `${what} expires on ${validTo.toISOString()}, ${when}` };
}
