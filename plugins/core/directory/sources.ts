import { patternsFor } from '../domain-pattern.ts';
import type { Policy } from '../settings/settings.ts';
import { foldedDomain } from './spelling.ts';
import type { DirectorySettings } from './settings.ts';
import type { SourceSettings } from './source-settings.ts';

type Named = Policy['directories'][number];

/** One of the directories that settings name. */
export interface DirectorySource {
  /** What logs, messages and `gatekeeper config` call it: `directory`, or `directories.NAME`. */
  readonly key: string;
  readonly settings: DirectorySettings;
  /** What an entry of `directories` says beside that; absent for the section `directory`. */
  readonly entry?: Pick<Named, 'name' | 'login_domains'>;
}

/** What it says of the memory of logins. */
export type MemorySettings = Pick<
  DirectorySettings,
  'cache_seconds' | 'cache_refused_seconds' | 'cache_stale_seconds' | 'cache_entries'
>;

/** Where accounts are known: a directory, or a source of identities that a plugin offers. */
export interface AccountSource {
  readonly key: string;
  readonly settings: MemorySettings;
  /** Absent for the section `directory`; without domains it answers all logins that no other is for, as that does. */
  readonly entry?: Pick<Named, 'name' | 'login_domains'>;
}

/** An entry of `identity_sources`. */
export interface OfferedSource extends AccountSource {
  readonly settings: SourceSettings;
  readonly entry: Pick<Named, 'name' | 'login_domains'>;
}

/** What of a policy says where accounts are. */
export type Accounts = Pick<Policy, 'directory' | 'directories' | 'identity_sources'>;

/** All sources of identities that settings name. */
export function identitySourcesOf({
  identity_sources,
}: Pick<Policy, 'identity_sources'>): readonly OfferedSource[] {
  return identity_sources.map((entry) => ({
    key: `identity_sources.${entry.name}`,
    settings: entry,
    entry,
  }));
}

/** Wherever accounts are, the section `directory` first. */
export function accountSourcesOf(accounts: Accounts): readonly AccountSource[] {
  return [...directoriesOf(accounts), ...identitySourcesOf(accounts)];
}

/** The source of identities whose account has an id; its name stands in front. */
export function sourceOfId(
  id: string,
  accounts: Pick<Policy, 'identity_sources'>,
): OfferedSource | undefined {
  return identitySourcesOf(accounts).find(({ entry }) => id.startsWith(`${entry.name}:`));
}

/** All directories of a policy, the section `directory` first. */
export function directoriesOf({
  directory,
  directories,
}: Pick<Policy, 'directory' | 'directories'>): readonly DirectorySource[] {
  const named = directories.map((entry) => ({
    key: `directories.${entry.name}`,
    settings: entry,
    entry,
  }));
  return directory ? [{ key: 'directory', settings: directory }, ...named] : named;
}

/** Whether any account can be found by a certificate. */
export function knowsCertificates({ certificate_attribute, certificate_match }: DirectorySettings): boolean {
  return certificate_attribute !== '' || certificate_match !== '';
}

/** Whether SCRAM is offered: the client names its login after EHLO, so that all directories have verifiers, or none has. */
export function offersScram(policy: Policy): boolean {
  return directoriesOf(policy).some(({ settings }) => settings.scram_attribute !== '');
}

/**
 * Which one of these decides about a login; `undefined` when none of them does. Pure: it depends on nothing but
 * `foldedDomain`, so that no spelling that a server takes for a login reaches another directory than that login does.
 */
export function chooser<T extends Pick<AccountSource, 'entry'>>(
  sources: readonly T[],
): (login: string) => T | undefined {
  const others = sources.find(({ entry }) => !entry || entry.login_domains.length === 0);
  const listed = new Map(
    sources.flatMap((source) =>
      (source.entry?.login_domains ?? []).map((pattern) => [foldedPattern(pattern), source] as const),
    ),
  );
  return (login) => {
    if (listed.size === 0) return others;
    const domain = foldedDomain(login);
    if (domain.length > longestDomain) return others;
    const patterns = patternsFor(domain);
    return patterns.map((pattern) => listed.get(pattern)).find((source) => source) ?? others;
  };
}

/** A domain of `login_domains` as it is compared. */
export function foldedPattern(pattern: string): string {
  const domain = pattern.replace(/^\*\./, '');
  return `${domain === pattern ? '' : '*.'}${foldedDomain(`@${domain}`)}`;
}

/** RFC 1035 §2.3.4; whoever sends more dots than that shall not cost us more. */
const longestDomain = 255;

/** The variable of the environment that may hold the password of `bind_dn`. */
export function passwordVariable(name?: string): string {
  const variable = 'GATEKEEPER_LDAP_PASSWORD';
  return name === undefined ? variable : `${variable}_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}
