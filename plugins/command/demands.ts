import { entriesOf, namedByDirectory, type Criterion, type Demand } from '../core/criteria/criteria.ts';
import { presets } from '../core/criteria/presets.ts';
import type { Account } from '../core/directory/directory.ts';
import { isInForce } from '../core/expiry.ts';
import { identityOfAccount } from '../core/identity.ts';
import type { Policy } from '../core/settings/settings.ts';

/** What is asked, in words. */
export function demandsInWords({ minVersion, forwardSecrecy, ciphers, certificate, sni }: Demand): string[] {
  return [
    ...(minVersion ? [`${minVersion} or newer`] : []),
    ...(forwardSecrecy ? ['forward secrecy'] : []),
    ...(ciphers === undefined ? [] : [ciphersInWords(ciphers)]),
    ...(certificate ? [certificateInWords(certificate)] : []),
    ...(sni ? ['the name of the server (SNI)'] : []),
  ];
}

/** The list of that preset is long, and known by its name. */
export function ciphersInWords(ciphers: string): string {
  const isLegacy = ciphers === presets['legacy-device'].ciphers;
  return `cipher suites ${isLegacy ? 'of preset legacy-device' : ciphers}`;
}

function certificateInWords({ authorities_file, certificate_names: names }: Criterion): string {
  const whose = names.length === 0 ? '' : ` for ${names.join(' or ')}`;
  return `a client certificate${whose}, signed by ${authorities_file ?? 'nobody'}`;
}

/** For whom an entry is, in words; empty where the directory alone says it. */
export function scopeInWords({ ports, networks, accounts, sender_domains }: Criterion): string {
  const parts = [
    ['port', ports],
    ['client in', networks],
    ['account', accounts],
    ['mail from', sender_domains],
  ] as const;
  return parts
    .filter(([, values]) => values.length > 0)
    .map(([what, values]) => `${what} ${values.join(' or ')}`)
    .join(', ');
}

/** What TLS is asked of an account, wherever it logs in, and who says so. */
export function accountDemands(account: Account, policy: Policy, now: Date): string[] {
  const identity = identityOfAccount(account);
  const byEntry = entriesOf(identity, policy).map(({ entry, demand }) => {
    const asked = namedInWords(isInForce(entry, now) ? demand : 'lapsed');
    return `${entry.name}: ${asked} (${scopeInWords(entry)})`;
  });
  const byDirectory = namedByDirectory(identity, policy, now).map(
    ({ name, demand }) => `${name}: ${namedInWords(demand)} (directory.tls_attribute)`,
  );
  return [...byEntry, ...byDirectory];
}

/** Of something that means nothing all mail waits. */
function namedInWords(demand: Demand | 'lapsed' | undefined): string {
  if (demand === 'lapsed') return 'expired, asks nothing';
  if (!demand) return 'no entry of tls_criteria and no preset: mail has to wait';
  return demandsInWords(demand).join(', ');
}
