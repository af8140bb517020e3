import { ldif } from '../../scripts/demo/ldif.ts';
import { entries, peopleBase, suffix, type Entry } from '../../scripts/demo/people.ts';

type Attributes = Readonly<Record<string, readonly string[]>>;

/** An account below ou=people, with what its class demands. */
function person(rdn: string, attributes: Attributes): Entry {
  const objectClass = ['inetOrgPerson', 'gatekeeperSender'];
  return { dn: `${rdn},${peopleBase}`, attributes: { objectClass, cn: ['x'], sn: ['x'], ...attributes } };
}

/** Accounts with names and addresses that are hard to get right. */
const awkward: readonly Entry[] = [
  person('uid=twin1', { uid: ['twin1'], mail: ['twin@corp.example'], userPassword: ['pw-twin'] }),
  person('uid=twin2', { uid: ['twin2'], mail: ['twin@corp.example'], userPassword: ['pw-twin'] }),
  person('uid=nomail', { uid: ['nomail'], userPassword: ['pw-nomail'] }),
  person('uid=badmail', {
    uid: ['badmail'],
    mail: ['not an address', 'good@corp.example'],
    userPassword: ['pw-badmail'],
  }),
  person('uid=comma\\,name', {
    uid: ['comma,name'],
    mail: ['comma@corp.example'],
    userPassword: ['pw-comma'],
  }),
  person('uid=plus\\+q\\"h\\#\\;a\\<b\\>\\\\', {
    uid: ['plus+q"h#;a<b>\\'],
    mail: ['plus@corp.example'],
    userPassword: ['pw-plus'],
  }),
  person('uid=žluťoučký', { uid: ['žluťoučký'], userPassword: ['heslo-ž€😀'] }),
  {
    dn: `ou=elsewhere,${suffix}`,
    attributes: {
      objectClass: ['referral', 'extensibleObject'],
      ou: ['elsewhere'],
      ref: [`ldap://127.0.0.1:9/ou=elsewhere,${suffix}`],
    },
  },
];

/** The sample directory, and the awkward accounts. */
export function awkwardLdif(): string {
  return ldif([...entries(), ...awkward]);
}
