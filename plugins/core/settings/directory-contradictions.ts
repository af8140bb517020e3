import { accountSourcesOf, foldedPattern, offersScram, passwordVariable } from '../directory/sources.ts';
import type { Contradiction } from './contradictions.ts';
import type { Policy } from './settings.ts';

/** One login has one place where its account is, and one name is that of one place. */
export function ofDirectories(policy: Policy): readonly Contradiction[] {
  return [...ofNames(policy), ...ofDomains(policy), ...ofScram(policy), ...ofOthers(policy)];
}

const lists = ['directories', 'identity_sources'] as const;

/** One password is of one directory: two names must not share a variable. */
function ofNames(policy: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const variables = new Map<string, string>();
  const names = new Map<string, string>();
  for (const list of lists) {
    policy[list].forEach(({ name }, index) => {
      const variable = passwordVariable(name);
      const before =
        names.get(name.toLowerCase()) ?? (list === 'directories' ? variables.get(variable) : undefined);
      if (before !== undefined)
        found.push({ path: [list, index, 'name'], message: takenBy(name, before, variable) });
      names.set(name.toLowerCase(), name);
      variables.set(variable, name);
    });
  }
  return found;
}

function ofDomains(policy: Policy): Contradiction[] {
  const found: Contradiction[] = [];
  const domains = new Map<string, { readonly domain: string; readonly name: string }>();
  for (const list of lists) {
    policy[list].forEach(({ name, login_domains }, index) => {
      login_domains.forEach((domain, at) => {
        const taken = domains.get(foldedPattern(domain));
        const path = [list, index, 'login_domains', at];
        if (taken) found.push({ path, message: domainTaken(domain, taken.domain, taken.name) });
        domains.set(foldedPattern(domain), { domain, name });
      });
    });
  }
  return found;
}

/** SCRAM is offered before the login is known. */
function ofScram(policy: Policy): Contradiction[] {
  const { directory, directories, identity_sources: sources } = policy;
  const [first] = directory ? [directory] : directories;
  const unlike = directories.flatMap(({ scram_attribute }, index): Contradiction[] => {
    if ((scram_attribute === '') === (first.scram_attribute === '')) return [];
    return [{ path: ['directories', index, 'scram_attribute'], message: scramForAll }];
  });
  if (!offersScram(policy)) return unlike;
  const without = sources.map((_, index) => ({ path: ['identity_sources', index], message: noScram }));
  return [...unlike, ...without];
}

/** Of two that answer all other logins nobody could say which does. */
function ofOthers(policy: Policy): Contradiction[] {
  const others = accountSourcesOf(policy).filter(({ entry }) => !entry || entry.login_domains.length === 0);
  const [first] = others;
  return policy.identity_sources.flatMap(({ login_domains, name }, index): Contradiction[] => {
    if (login_domains.length > 0 || !first || first.entry?.name === name) return [];
    const message = `is missing: ${first.key} answers all other logins`;
    return [{ path: ['identity_sources', index, 'login_domains'], message }];
  });
}

const scramForAll =
  'all directories have one, or none: SCRAM is offered before anybody says which domain he is of';

const noScram =
  'has no verifiers: with scram_attribute SCRAM is offered before anybody says which domain he is of';

function domainTaken(domain: string, before: string, name: string): string {
  if (domain === before) return `${domain} is a domain of ${name} already`;
  return `${domain} is no other than ${before}, a domain of ${name}: servers may ignore how they differ`;
}

/** Why a name cannot be had, whose variable another one has. */
export function takenBy(name: string, before: string, variable: string): string {
  const isSame = name.toLowerCase() === before.toLowerCase();
  return isSame ? `${name} is listed already` : `${name} and ${before} would share the variable ${variable}`;
}
