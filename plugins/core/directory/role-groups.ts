import { accountKey } from '../identity.ts';
import type { Policy } from '../settings/settings.ts';
import type { DirectorySettings } from './settings.ts';

/** A line of `web.admins` or `web.viewers` that names an entry: in which directory, and its DN there. */
interface NamedGroup {
  /** Of an entry of `directories`; empty for the section `directory`. */
  readonly entry: string;
  readonly dn: string;
}

/** An account by its address or name has no `=`; a DN has at least one (RFC 4514 §3). */
export function groupNamed(
  text: string,
  { directories }: Pick<Policy, 'directories'>,
): NamedGroup | undefined {
  const entry = directories.find(({ name }) => text.startsWith(`${name}:`))?.name ?? '';
  const dn = entry === '' ? text : text.slice(entry.length + 1);
  return dn.includes('=') ? { entry, dn } : undefined;
}

/** A policy whose directories also say of an account whether it is in a group that gives a role. */
export function askingForRoles(policy: Policy): Policy {
  const { web, directory, directories } = policy;
  const named = [...(web?.admins ?? []), ...(web?.viewers ?? [])];
  const groups = named.flatMap((text) => groupNamed(text, policy) ?? []);
  const asking = <T extends DirectorySettings>(settings: T, entry = ''): T => ({
    ...settings,
    asked_groups: groups.filter((group) => group.entry === entry).map(({ dn }) => dn),
  });
  return {
    ...policy,
    directory: directory && asking(directory),
    directories: directories.map((each) => asking(each, each.name)),
  };
}

/** Whether an account is among these: by its name, its id, or a group that `askingForRoles` has asked for. */
export function isAmong(
  listed: readonly string[],
  {
    id,
    name,
    groups = [],
  }: { readonly id: string; readonly name: string; readonly groups?: readonly string[] },
  policy: Pick<Policy, 'directories'>,
): boolean {
  const own = [id, name].map(accountKey);
  // A group is one of the directory that the account is of: its id begins with the name of that.
  const isOf = (entry: string) => (entry === '' ? !isOfEntry(id, policy) : id.startsWith(`${entry}:`));
  return listed.some((text) => {
    const group = groupNamed(text, policy);
    return (
      own.includes(accountKey(text)) ||
      (group !== undefined && isOf(group.entry) && groups.includes(group.dn))
    );
  });
}

function isOfEntry(id: string, { directories }: Pick<Policy, 'directories'>): boolean {
  return directories.some(({ name }) => id.startsWith(`${name}:`));
}
