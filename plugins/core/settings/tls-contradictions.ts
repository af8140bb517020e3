import { isOlder, presetNamed, presets } from '../criteria/presets.ts';
import type { Contradiction } from './contradictions.ts';
import type { Policy } from './settings.ts';

type Criterion = Policy['tls_criteria'][number];
type Add = (key: keyof Criterion, message: string) => void;

/** What of the settings of TLS cannot be meant together. */
export function ofTls(policy: Policy): Contradiction[] {
  return [...ofGeneral(policy), ...ofCriteria(policy)];
}

function ofGeneral({ tls: { preset, min_version } }: Policy): Contradiction[] {
  const { minVersion } = presets[preset];
  if (min_version === undefined || !isOlder(min_version, minVersion)) return [];
  const message = `${min_version} is older than what preset ${preset} begins with, ${minVersion}: take another preset`;
  return [{ path: ['tls', 'min_version'], message }];
}

/** An entry that asks for nothing, or of nobody, is a mistake: somebody relies on it. */
function ofCriteria(policy: Policy): Contradiction[] {
  const { tls_criteria: entries } = policy;
  return entries.flatMap((entry, index) => {
    const found: Contradiction[] = [];
    const add: Add = (key, message) => found.push({ path: ['tls_criteria', index, key], message });
    const { name } = entry;
    const isTwice = entries.findIndex((other) => other.name.toLowerCase() === name.toLowerCase()) < index;
    if (isTwice) add('name', `${name} is listed already`);
    if (presetNamed(name)) add('name', `${name} is a preset`);
    if (entry.exception === undefined) ofDemands(entry, policy, add);
    else ofException(entry, add);
    return found;
  });
}

function ofException(entry: Criterion, add: Add): void {
  if (entry.expires === undefined) add('expires', 'is missing: an exception has a last day');
  if (entry.ports.length + entry.networks.length === 0)
    add('exception', 'needs ports or networks: for all there is tls.preset');
  if (entry.accounts.length > 0) add('accounts', `belong into no exception: ${beforeThat}`);
  if (entry.sender_domains.length > 0) add('sender_domains', `belong into no exception: ${beforeThat}`);
  for (const key of demanded(entry)) add(key, 'belongs into an entry of its own: this one is an exception');
}

const beforeThat = 'TLS begins before they are known';

function ofDemands(entry: Criterion, policy: Policy, add: Add): void {
  const asked = demanded(entry);
  if (asked.length === 0) add('name', `${entry.name} asks for nothing`);
  if (isScopeless(entry) && !hasAttribute(policy))
    add('name', `${entry.name} is for nobody: it needs a scope, or directory.tls_attribute that names it`);
  if (entry.client_certificate && entry.authorities_file === undefined)
    add('client_certificate', 'needs authorities_file: somebody has to have signed it');
  if (entry.client_certificate) return;
  for (const key of ['authorities_file', 'revocations_file'] as const)
    if (entry[key] !== undefined) add(key, 'needs client_certificate: required');
  if (entry.certificate_names.length > 0) add('certificate_names', 'needs client_certificate: required');
}

const keys = ['min_version', 'ciphers', 'forward_secrecy', 'client_certificate', 'sni'] as const;

function demanded(entry: Criterion): readonly (typeof keys)[number][] {
  return keys.filter((key) => entry[key] !== undefined);
}

function isScopeless({ ports, networks, accounts, sender_domains }: Criterion): boolean {
  return ports.length + networks.length + accounts.length + sender_domains.length === 0;
}

function hasAttribute({ directory, directories }: Policy): boolean {
  return [...(directory ? [directory] : []), ...directories].some(
    ({ tls_attribute }) => tls_attribute !== '',
  );
}
