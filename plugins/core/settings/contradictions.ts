import type { Policy } from './settings.ts';

/** What is wrong, and with which key of the settings. */
export interface Contradiction {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Settings of which each may be meant, but not all of them together. */
export function contradictions(policy: Policy): readonly Contradiction[] {
  return [...ofRoles(policy), ...ofListeners(policy), ...ofPeers(policy)];
}

function ofRoles({ roles, directory }: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  if (new Set(roles).size < roles.length) found.push({ path: ['roles'], message: 'names a role twice' });
  if (roles.includes('submission') && !directory) {
    found.push({ path: ['directory'], message: 'is missing: the role submission needs it' });
  }
  return found;
}

function ofListeners({ roles, listeners }: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  listeners.forEach(({ port, role }, index) => {
    const path = ['listeners', index];
    if (!roles.includes(role)) {
      found.push({ path: [...path, 'role'], message: `roles does not name ${role}` });
    }
    if (listeners.findIndex((other) => other.port === port) < index) {
      found.push({ path: [...path, 'port'], message: `port ${port} is listed already` });
    }
  });
  return found;
}

/** A name or an address that stands twice would make the events say the wrong one. */
function ofPeers(policy: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const seen = new Set<string>();
  const once = (path: readonly PropertyKey[], text: string) => {
    if (seen.has(text.toLowerCase())) found.push({ path, message: `${text} is listed already` });
    seen.add(text.toLowerCase());
  };
  for (const kind of ['nodes', 'trusted_relays'] as const) {
    policy[kind].forEach(({ name, addresses }, index) => {
      once([kind, index, 'name'], name);
      addresses.forEach((address, at) => {
        once([kind, index, 'addresses', at], address);
      });
    });
  }
  return found;
}
