import type { Credential } from '../../plugins/core/credential.ts';
import type { Entry } from '../../scripts/demo/people.ts';
import { storedVerifier } from './scram.ts';

/** A value of gatekeeperAppPassword, whose password is app-NAME. */
export function appPassword(
  name: string,
  { expires, networks }: Omit<Credential, 'name'> = {},
  iterations = 4096,
): string {
  const fields = [
    `name=${name}`,
    ...(expires === undefined ? [] : [`expires=${expires}`]),
    ...(networks === undefined ? [] : [`networks=${networks.join(',')}`]),
    storedVerifier(`app-${name}`, undefined, iterations),
  ];
  return fields.join(';');
}

/** The entries, with such values for those who are named by uid. */
export function withAppPasswords(
  entries: readonly Entry[],
  people: Readonly<Record<string, readonly string[]>>,
): Entry[] {
  return entries.map((entry) => {
    const values = people[entry.attributes['uid']?.[0] ?? ''];
    if (values === undefined) return entry;
    return { ...entry, attributes: { ...entry.attributes, gatekeeperAppPassword: values } };
  });
}
