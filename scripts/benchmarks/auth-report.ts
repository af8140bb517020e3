import type { AuthEntry, AuthFigures } from './auth.ts';
import { kinds, securities } from './auth-scene.ts';
import type { Machine } from './machine.ts';
import { ranged, table } from './report.ts';
import { ratiosOf, spreadOf } from './statistics.ts';

/** The report for people. */
export function authTextOf({ crowd, entries }: AuthFigures, machine: Machine, rounds: number): string {
  const { processor, cores, versions } = machine;
  const head = [
    `${processor}, ${cores} cores, slapd on the same machine`,
    `Node.js ${versions['Node.js'] ?? ''}, haraka-plugin-auth-ldap ${versions['haraka-plugin-auth-ldap'] ?? ''}`,
    `${crowd} logins at once, ${rounds} rounds; logins in a second: median (least to most)`,
  ];
  const parts = securities.flatMap((security) =>
    kinds.flatMap((kind) => {
      const rows = entries.filter((entry) => entry.security === security && entry.kind === kind);
      return [`\n${security}: ${kind}`, ...table(rowsOf(rows))];
    }),
  );
  return [...head, ...parts].join('\n');
}

function rowsOf(entries: readonly AuthEntry[]): string[][] {
  const rows = entries.map((entry) => [
    entry.title,
    ranged(spreadOf(entry.rates), 0),
    timesOf(entry, 'libldap', entries),
    timesOf(entry, 'gatekeeper', entries),
    targetOf(entry),
  ]);
  return [['', 'logins/s', 'times libldap', 'times Gatekeeper', 'target'], ...rows];
}

/** In the same round. */
function timesOf(entry: AuthEntry, name: string, entries: readonly AuthEntry[]): string {
  const other = entries.find((each) => each.name === name);
  return !other || other === entry ? '' : ranged(ratiosOf(entry.rates, other.rates), 2);
}

function targetOf({ name, kind }: AuthEntry): string {
  if (name === 'remembered') return 'at least 50 times Gatekeeper';
  return name === 'gatekeeper' ? `at least ${kind === 'bind' ? '0.70' : '0.75'} times libldap` : '';
}
