/** One entry of the directory; `userPassword` is in clear here and never leaves the directory. */
export interface Entry {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

/** Somebody, or something, that may log in. */
export interface Person {
  readonly uid: string;
  readonly name: string;
  readonly password: string;
  /** The address that is the login, then the others that the account may send as. */
  readonly addresses: readonly [string, ...string[]];
  readonly disabled?: true;
  /** What it may write beside its own addresses, by attributes of the class gatekeeperSender. */
  readonly rights?: Readonly<Record<string, readonly string[]>>;
}

/** The root of the sample directory. */
export const suffix = 'dc=corp,dc=example';

/** Where the people are. */
export const peopleBase = `ou=people,${suffix}`;

/** The account by which the gateway itself searches the directory. */
export const gatekeeper = {
  dn: `cn=gatekeeper,ou=services,${suffix}`,
  password: 'pw-gatekeeper',
} as const;

/** Domains whose mail is ours. */
export const localDomains = ['corp.example', 'lists.corp.example', 'xn--bcher-kva.example'] as const;

/** Everybody in the sample directory. */
export const people: readonly Person[] = [
  person('alice', 'Alice Smith', [
    'alice@corp.example',
    'alice.smith@corp.example',
    'team@corp.example',
    'alice@xn--bcher-kva.example',
  ]),
  person('bob', 'Bob Brown', ['bob@corp.example']),
  person('carol', 'Carol Chief', ['carol@corp.example']),
  {
    ...person('dave', 'Dave Desk', ['dave@corp.example']),
    rights: { gatekeeperOnBehalf: ['carol@corp.example'], gatekeeperGrant: ['resend'] },
  },
  {
    ...person('lists', 'List robot', [
      'lists@corp.example',
      'announce@lists.corp.example',
      'announce-bounces@lists.corp.example',
    ]),
    rights: { gatekeeperGrant: ['list'] },
  },
  person('scanner', 'Scanner 3rd floor', ['scanner@corp.example']),
  person('exchange', 'Exchange server', ['exchange@corp.example']),
  { ...person('retired', 'Rita Retired', ['retired@corp.example']), disabled: true },
];

/** The whole sample directory, parents before children. */
export function entries(): Entry[] {
  return [
    {
      dn: suffix,
      attributes: { objectClass: ['organization', 'dcObject'], dc: ['corp'], o: ['Corp'] },
    },
    unit('people'),
    unit('services'),
    {
      dn: gatekeeper.dn,
      attributes: {
        objectClass: ['applicationProcess', 'simpleSecurityObject'],
        cn: ['gatekeeper'],
        userPassword: [gatekeeper.password],
      },
    },
    ...people.map(personEntry),
  ];
}

function person(uid: string, name: string, addresses: readonly [string, ...string[]]): Person {
  return { uid, name, password: `pw-${uid}`, addresses };
}

function unit(ou: string): Entry {
  return {
    dn: `ou=${ou},${suffix}`,
    attributes: { objectClass: ['organizationalUnit'], ou: [ou] },
  };
}

function personEntry({ uid, name, password, addresses, disabled, rights }: Person): Entry {
  const [mail, ...others] = addresses;
  return {
    dn: `uid=${uid},${peopleBase}`,
    attributes: {
      objectClass: ['inetOrgPerson', 'gatekeeperSender'],
      uid: [uid],
      cn: [name],
      sn: [name.slice(name.lastIndexOf(' ') + 1)],
      mail: [mail],
      ...(others.length > 0 && { mailAlternateAddress: others }),
      ...(disabled && { accountStatus: ['disabled'] }),
      ...rights,
      userPassword: [password],
    },
  };
}
