import { isLoopback } from '../directory/endpoint.ts';
import { groupNamed } from '../directory/role-groups.ts';
import type { Contradiction } from './contradictions.ts';
import type { Policy } from './settings.ts';

/** A page that nobody could use, or that would show passwords to whoever listens on the wire. */
export function ofWeb(policy: Policy): Contradiction[] {
  const { web, directory, directories } = policy;
  if (!web) return [];
  const found: Contradiction[] = [];
  const add = (key: string, message: string) => found.push({ path: ['web', key], message });
  if (!web.tls && !isLoopback(web.host)) {
    add('host', `${web.host} is no loopback address: without tls passwords would cross the network in clear`);
  }
  if (!directory && directories.length === 0)
    add(
      'admins',
      'needs a directory, in which they are: no accounts of identity_sources are known to the page',
    );
  if (web.admins.length + web.viewers.length === 0) add('admins', 'is missing: nobody could log in');
  for (const key of ['admins', 'viewers'] as const) {
    const lost = directory ? [] : web[key].filter((text) => groupNamed(text, policy)?.entry === '');
    for (const text of lost)
      add(key, `${text} is in no directory; NAME:DN is one of the entry NAME of directories`);
  }
  return found;
}
