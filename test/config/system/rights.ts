import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Attribute, Change, Client, ResultCodeError } from 'ldapts';
import { gatekeeper, peopleBase, suffix, type Entry } from '../../../scripts/demo/people.ts';
import { appPassword } from '../../support/app-passwords.ts';
import { storedVerifier } from '../../support/scram.ts';

const dnOf = (uid: string) => `uid=${uid},${peopleBase}`;

const accounts = {
  'the gateway': { dn: gatekeeper.dn, password: gatekeeper.password },
  alice: { dn: dnOf('alice'), password: 'pw-alice' },
  anybody: undefined,
} as const;

type Operation = (client: Client) => Promise<unknown>;

/** What somebody may or may not do, and what comes of it: an answer, or `no`. */
export interface Right {
  readonly who: keyof typeof accounts;
  readonly does: string;
  readonly operation: Operation;
  readonly gets: unknown;
}

/** The server says no by these errors (RFC 4511 appendix A), or by finding nothing. */
const strongerAuthRequired = 8;
const noSuchObject = 32;
const insufficientAccessRights = 50;
const noes = [strongerAuthRequired, noSuchObject, insufficientAccessRights];

/**
 * Each entry that is found, with the attributes that are shown, but for the secrets, which have a table of their own; all of
 * them are asked for, nsAccountLock by name.
 */
export const find =
  (filter: string, base: string = peopleBase): Operation =>
  async (client) => {
    const attributes = ['*', '+', 'nsAccountLock'];
    const { searchEntries } = await client.search(base, { filter, scope: 'sub', attributes });
    return searchEntries.map((entry) => {
      const shown = Object.entries(entry).filter(
        ([name]) => !['*', '+', ...secretAttributes].includes(name) && entry[name] !== undefined,
      );
      return Object.fromEntries(shown.filter(([, values]) => !Array.isArray(values) || values.length > 0));
    });
  };

const bind =
  (uid: string, password: string): Operation =>
  (client) =>
    client.bind(dnOf(uid), password);

const compare =
  (uid: string, attribute: string, value: string): Operation =>
  (client) =>
    client.compare(dnOf(uid), attribute, value);

const replace =
  (dn: string, type: string, value: string): Operation =>
  (client) =>
    client.modify(
      dn,
      new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) }),
    );

const add: Operation = (client) =>
  client.add(dnOf('mallory'), { objectClass: 'inetOrgPerson', cn: 'x', sn: 'x', uid: 'mallory' });

const accountOf = (uid: string) => `(&(objectClass=inetOrgPerson)(mail=${uid}@corp.example))`;

/** What other rules of a server may let others find, and the gateway must not. */
export const beyondTheGateway = [
  ['by name', find('(cn=Alice*)')],
  ['by surname', find('(sn=Smith)')],
  ['beyond the people', find('(|(dc=corp)(cn=gatekeeper))', suffix)],
  ['of its own entry', find('(objectClass=*)', gatekeeper.dn)],
] as const;

const all: readonly Omit<Right, 'who'>[] = [
  {
    does: 'finds an account by its login, with its addresses and nothing else',
    operation: find(accountOf('alice')),
    gets: [
      {
        dn: dnOf('alice'),
        uid: 'alice',
        mail: 'alice@corp.example',
        mailAlternateAddress: [
          'alice.smith@corp.example',
          'team@corp.example',
          'alice@xn--bcher-kva.example',
        ],
      },
    ],
  },
  ...beyondTheGateway.map(([what, operation]) => ({ does: `finds nothing ${what}`, operation, gets: 'no' })),
  { does: 'finds nobody by password', operation: find('(userPassword=*)'), gets: 'no' },
  {
    does: 'cannot compare a password',
    operation: compare('alice', 'userPassword', 'pw-alice'),
    gets: 'no',
  },
  {
    does: 'cannot change an address',
    operation: replace(dnOf('alice'), 'mail', 'x@corp.example'),
    gets: 'no',
  },
  { does: 'cannot change a password', operation: replace(dnOf('alice'), 'userPassword', 'x'), gets: 'no' },
  { does: 'cannot change its own', operation: replace(gatekeeper.dn, 'userPassword', 'x'), gets: 'no' },
  { does: 'cannot add an entry', operation: add, gets: 'no' },
  { does: 'cannot delete an entry', operation: (client) => client.del(dnOf('bob')), gets: 'no' },
];

/** The gateway does its work and no more, whatever other rights the server gives. */
export function rightsOfTheGateway(status: Readonly<Record<string, string>>): readonly Right[] {
  const gets = [{ dn: dnOf('retired'), uid: 'retired', mail: 'retired@corp.example', ...status }];
  return [...all, { does: 'sees the status', operation: find(accountOf('retired')), gets }].map((right) => ({
    who: 'the gateway',
    ...right,
  }));
}

/** What our lines alone leave to everybody else. */
export const rightsOfOthers: readonly Right[] = [
  { who: 'anybody', does: 'may bind as a user', operation: bind('alice', 'pw-alice'), gets: undefined },
  { who: 'anybody', does: 'finds nobody', operation: find('(objectClass=*)'), gets: 'no' },
  {
    who: 'anybody',
    does: 'cannot compare a password',
    operation: compare('alice', 'userPassword', 'pw-alice'),
    gets: 'no',
  },
  {
    who: 'anybody',
    does: 'cannot change an address',
    operation: replace(dnOf('alice'), 'mail', 'x@corp.example'),
    gets: 'no',
  },
  { who: 'alice', does: 'finds nobody', operation: find('(objectClass=*)'), gets: 'no' },
  {
    who: 'alice',
    does: 'cannot compare the password of bob',
    operation: compare('bob', 'userPassword', 'pw-bob'),
    gets: 'no',
  },
];

/** What an account is known by, and whether it may log in: nobody adds to these in his own entry, whatever other rights he has. */
export function rightsOfOwnEntry(state: Readonly<Record<string, string>>): readonly Right[] {
  const own = {
    mail: 'carol@corp.example',
    mailAlternateAddress: 'carol@corp.example',
    uid: 'carol',
    ...state,
  };
  return Object.entries(own).map(([type, value]) => ({
    who: 'alice',
    does: `cannot give herself ${type}`,
    operation: (client) => client.modify(dnOf('alice'), added(type, value)),
    gets: 'no',
  }));
}

const added = (type: string, value: string) =>
  new Change({ operation: 'add', modification: new Attribute({ type, values: [value] }) });

/** Rights that others had before, and keep. */
export const rightsKept: readonly Right[] = [
  {
    who: 'alice',
    does: 'compares an address of bob as before',
    operation: compare('bob', 'mail', 'bob@corp.example'),
    gets: true,
  },
  {
    who: 'alice',
    does: 'changes her password as before',
    operation: replace(dnOf('alice'), 'userPassword', 'pw-alice'),
    gets: undefined,
  },
];

/** What alice has for the gateway's eyes alone. */
export const secrets = {
  gatekeeperScramVerifier: storedVerifier('pw-alice'),
  gatekeeperAppPassword: appPassword('printer'),
} as const;

export type SecretAttribute = keyof typeof secrets;
export const secretAttributes = Object.keys(secrets) as SecretAttribute[];

/** The entries, and secrets in that of alice. */
export function withSecrets(entries: readonly Entry[]): Entry[] {
  const own = Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, [value]]));
  return entries.map((entry) =>
    entry.dn === dnOf('alice') ? { ...entry, attributes: { ...entry.attributes, ...own } } : entry,
  );
}

/** The values of an attribute of alice. */
export const valuesOf =
  (attribute: SecretAttribute): Operation =>
  async (client) => {
    const options = { filter: accountOf('alice'), scope: 'sub' as const, attributes: [attribute as string] };
    const { searchEntries } = await client.search(peopleBase, options);
    return searchEntries.flatMap((entry) => entry[attribute] ?? []);
  };

/** The gateway reads what it needs for SCRAM and application passwords, and nobody else does, whatever other rights they have. */
export const rightsOfSecrets: readonly Right[] = secretAttributes.flatMap((name) => {
  const value = secrets[name];
  const change = {
    does: `cannot change ${name}`,
    operation: replace(dnOf('alice'), name, value),
    gets: 'no',
  };
  const others = (['alice', 'anybody'] as const).flatMap((who): Right[] => [
    { who, does: `does not see ${name}`, operation: valuesOf(name), gets: 'no' },
    { who, does: `finds nobody by ${name}`, operation: find(`(${name}=*)`), gets: 'no' },
    { who, does: `cannot compare ${name}`, operation: compare('alice', name, value), gets: 'no' },
    { who, ...change },
  ]);
  const own: Right = { who: 'the gateway', does: `reads ${name}`, operation: valuesOf(name), gets: [value] };
  return [own, { who: 'the gateway', ...change }, ...others];
});

/** What the gateway reads of rights to write, and nobody gives himself, whatever other rights he has. */
const ofRights = {
  gatekeeperLimit: 'sessions=none',
  gatekeeperTls: 'legacy-device',
  gatekeeperSendAs: '*@corp.example',
  gatekeeperOnBehalf: 'carol@corp.example',
  gatekeeperGrant: 'list',
  gatekeeperPair: '*@corp.example *@corp.example',
  gatekeeperCertificate: 'email:alice@corp.example',
} as const;

export const rightsOfRights: readonly Right[] = [
  {
    who: 'the gateway',
    does: 'reads what dave may write beside',
    operation: find(accountOf('dave')),
    gets: [
      {
        dn: dnOf('dave'),
        uid: 'dave',
        mail: 'dave@corp.example',
        gatekeeperOnBehalf: 'carol@corp.example',
        gatekeeperGrant: 'resend',
      },
    ],
  },
  ...Object.entries(ofRights).flatMap(([name, value]) =>
    (['the gateway', 'alice', 'anybody'] as const).map((who) => ({
      who,
      does: `gives nobody ${name}, nor herself`,
      operation: replace(dnOf('alice'), name, value),
      gets: 'no',
    })),
  ),
];

/** A test for each right, on the server that `url` names when they run. */
export function testRights(rights: readonly Right[], url: () => string): void {
  for (const { who, does, operation, gets } of rights) {
    void it(`${who} ${does}`, async () => {
      assert.deepEqual(await outcome(url(), who, operation), gets);
    });
  }
}

/** What comes of an operation: its answer, or `no`. */
export async function outcome(url: string, who: Right['who'], operation: Operation): Promise<unknown> {
  const client = new Client({ url });
  try {
    const account = accounts[who];
    if (account) await client.bind(account.dn, account.password);
    const answer = await operation(client);
    return Array.isArray(answer) && answer.length === 0 ? 'no' : answer;
  } catch (error) {
    if (error instanceof ResultCodeError && noes.includes(error.code)) return 'no';
    throw error;
  } finally {
    await client.unbind();
  }
}
