import { type Entry, peopleBase, suffix } from './people.ts';

const base = `ou=groups,${suffix}`;

/** The groups of the directory that may look at the page: Alice sees all and may act, Bob looks. */
export const groups: readonly Entry[] = [
  { dn: base, attributes: { objectClass: ['organizationalUnit'], ou: ['groups'] } },
  group('mail-admins', ['alice']),
  group('mail-viewers', ['bob']),
];

/** What the settings say of them, in the section `web`. */
export const roles = {
  admins: [`cn=mail-admins,${base}`],
  viewers: [`cn=mail-viewers,${base}`],
} as const;

/** What a gateway needs for its page, on a port of loopback. */
export function pageSettings(port: number) {
  return { directory: { group_base: base }, web: { port, ...roles } } as const;
}

function group(cn: string, members: readonly string[]): Entry {
  const member = members.map((uid) => `uid=${uid},${peopleBase}`);
  return { dn: `cn=${cn},${base}`, attributes: { objectClass: ['groupOfNames'], cn: [cn], member } };
}
