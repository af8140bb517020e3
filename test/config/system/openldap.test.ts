import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Attribute, Change, Client, ResultCodeError } from 'ldapts';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries, gatekeeper, peopleBase, suffix } from '../../../scripts/demo/people.ts';
import { eventually, startTestGateway } from '../../support/gateway.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { loggedIn } from '../../support/smtp.ts';

const shipped = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../../config/system/openldap', name), 'utf8');

/** What Debian's slapd has after its installation, but for an attribute whose schema is not loaded here. */
const rightsOfDebian = `access to attrs=userPassword by self write by anonymous auth by * none
access to * by * read`;

const dnOf = (uid: string) => `uid=${uid},${peopleBase}`;

const accounts = {
  'the gateway': { dn: gatekeeper.dn, password: gatekeeper.password },
  alice: { dn: dnOf('alice'), password: 'pw-alice' },
  anybody: undefined,
} as const;

type Who = keyof typeof accounts;
type Operation = (client: Client) => Promise<unknown>;

/** Each entry that is found, with the attributes that are shown; all of them are asked for. */
const find =
  (filter: string, base: string = peopleBase): Operation =>
  async (client) => {
    const { searchEntries } = await client.search(base, { filter, scope: 'sub', attributes: ['*', '+'] });
    return searchEntries.map(({ '*': _user, '+': _operational, ...entry }) => entry);
  };

const read = (dn: string): Operation => find('(objectClass=*)', dn);
const bind =
  (dn: string, password: string): Operation =>
  async (client) =>
    client.bind(dn, password);
const compare =
  (dn: string, attribute: string, value: string): Operation =>
  (client) =>
    client.compare(dn, attribute, value);
const replace =
  (dn: string, type: string, value: string): Operation =>
  (client) =>
    client.modify(
      dn,
      new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) }),
    );

const nothing: unknown[] = [];
const alice = {
  dn: dnOf('alice'),
  mail: 'alice@corp.example',
  mailAlternateAddress: ['alice.smith@corp.example', 'team@corp.example', 'alice@xn--bcher-kva.example'],
};

interface Case {
  readonly who: Who;
  readonly does: string;
  readonly operation: Operation;
  /** What comes of it: an answer, or the number of LDAP's error (RFC 4511 appendix A). */
  readonly gets: unknown;
}

const strongerAuthRequired = 8;
const noSuchObject = 32;
const insufficientAccessRights = 50;

const login = (address: string) => `(&(objectClass=inetOrgPerson)(mail=${address}))`;

/** The gateway may do no more than its work, whatever other rights the server gives. */
const casesOfTheGateway: readonly Case[] = [
  {
    who: 'the gateway',
    does: 'finds an account by its login, with its addresses',
    operation: find(login('alice@corp.example')),
    gets: [alice],
  },
  {
    who: 'the gateway',
    does: 'sees the status',
    operation: find(login('retired@corp.example')),
    gets: [{ dn: dnOf('retired'), mail: 'retired@corp.example', accountStatus: 'disabled' }],
  },
  { who: 'the gateway', does: 'cannot look for names', operation: find('(cn=Alice*)'), gets: nothing },
  {
    who: 'the gateway',
    does: 'cannot look for uid, until the second line names it',
    operation: find('(uid=alice)'),
    gets: nothing,
  },
  {
    who: 'the gateway',
    does: 'cannot look for passwords',
    operation: find('(userPassword=*)'),
    gets: nothing,
  },
  {
    who: 'the gateway',
    does: 'cannot compare a password',
    operation: compare(dnOf('alice'), 'userPassword', 'pw-alice'),
    gets: insufficientAccessRights,
  },
  {
    who: 'the gateway',
    does: 'cannot look beyond people',
    operation: find('(objectClass=*)', suffix),
    gets: noSuchObject,
  },
  {
    who: 'the gateway',
    does: 'cannot read its own entry',
    operation: read(gatekeeper.dn),
    gets: noSuchObject,
  },
  {
    who: 'the gateway',
    does: 'cannot change an address',
    operation: replace(dnOf('alice'), 'mail', 'mallory@corp.example'),
    gets: insufficientAccessRights,
  },
  {
    who: 'the gateway',
    does: 'cannot change a password',
    operation: replace(dnOf('alice'), 'userPassword', 'x'),
    gets: insufficientAccessRights,
  },
  {
    who: 'the gateway',
    does: 'cannot change its own password',
    operation: replace(gatekeeper.dn, 'userPassword', 'x'),
    gets: insufficientAccessRights,
  },
  {
    who: 'the gateway',
    does: 'cannot add an entry',
    operation: (client) => client.add(dnOf('mallory'), { objectClass: 'inetOrgPerson', cn: 'x', sn: 'x' }),
    gets: insufficientAccessRights,
  },
  {
    who: 'the gateway',
    does: 'cannot delete an entry',
    operation: (client) => client.del(dnOf('bob')),
    gets: insufficientAccessRights,
  },
];

/** What the lines alone leave to everybody else. */
const casesOfOthers: readonly Case[] = [
  { who: 'anybody', does: 'may bind as a user', operation: bind(dnOf('alice'), 'pw-alice'), gets: undefined },
  { who: 'anybody', does: 'cannot search', operation: find('(objectClass=*)'), gets: noSuchObject },
  {
    who: 'anybody',
    does: 'cannot compare a password',
    operation: compare(dnOf('alice'), 'userPassword', 'pw-alice'),
    gets: noSuchObject,
  },
  {
    who: 'anybody',
    does: 'cannot change an address',
    operation: replace(dnOf('alice'), 'mail', 'x@corp.example'),
    gets: strongerAuthRequired,
  },
  { who: 'alice', does: 'cannot search', operation: find('(objectClass=*)'), gets: noSuchObject },
  { who: 'alice', does: 'cannot read bob', operation: read(dnOf('bob')), gets: noSuchObject },
  {
    who: 'alice',
    does: 'cannot compare his password',
    operation: compare(dnOf('bob'), 'userPassword', 'pw-bob'),
    gets: noSuchObject,
  },
  {
    who: 'alice',
    does: 'cannot give herself an address',
    operation: replace(dnOf('alice'), 'mail', 'carol@corp.example'),
    gets: insufficientAccessRights,
  },
];

const servers = [
  {
    it: 'acl.conf and nothing else',
    how: { access: shipped('acl.conf') },
    cases: [...casesOfTheGateway, ...casesOfOthers],
  },
  {
    it: 'acl.ldif and nothing else',
    how: { access: '', configLdif: shipped('acl.ldif') },
    cases: [...casesOfTheGateway, ...casesOfOthers],
  },
  {
    it: "acl.ldif in front of Debian's rights",
    how: { access: rightsOfDebian, configLdif: shipped('acl.ldif') },
    cases: [
      ...casesOfTheGateway,
      {
        who: 'alice',
        does: 'compares an address of bob as before',
        operation: compare(dnOf('bob'), 'mail', 'bob@corp.example'),
        gets: true,
      },
      {
        who: 'alice',
        does: 'changes her password as before',
        operation: replace(dnOf('alice'), 'userPassword', 'pw-alice'),
        gets: undefined,
      },
    ],
  },
] as const;

async function outcome(url: string, who: Who, operation: Operation): Promise<unknown> {
  const client = new Client({ url });
  try {
    const account = accounts[who];
    if (account) await client.bind(account.dn, account.password);
    return await operation(client);
  } catch (error) {
    if (error instanceof ResultCodeError) return error.code;
    throw error;
  } finally {
    await client.unbind();
  }
}

for (const server of servers) {
  void describe(`slapd with ${server.it}`, () => {
    let slapd: Slapd;
    before(async () => {
      slapd = await startSlapd({ ldif: ldif(entries()), ...server.how });
    });
    after(() => slapd.stop());

    for (const { who, does, operation, gets } of server.cases) {
      void it(`${who} ${does}`, async () => {
        assert.deepEqual(await outcome(slapd.url, who, operation), gets);
      });
    }

    void it('is enough for a gateway: logins, other addresses, disabled accounts', async (test) => {
      const gateway = await startTestGateway({ directoryUrl: slapd.url });
      test.after(() => gateway.stop());
      const listener = { port: gateway.ports.submission };
      const client = await loggedIn(listener, 'alice@corp.example', 'pw-alice');
      assert.equal((await client.command('MAIL FROM:<alice.smith@corp.example>')).code, 250);
      client.destroy();
      await assert.rejects(loggedIn(listener, 'alice@corp.example', 'pw-bob'), /535 5\.7\.8/);
      await assert.rejects(loggedIn(listener, 'retired@corp.example', 'pw-retired'), /535 5\.7\.8/);
      const causes = () =>
        gateway.events().flatMap(({ check, detail }) => (check === 'auth/login' ? [detail] : []));
      await eventually('the third event', () => causes().length === 3);
      assert.deepEqual(causes(), [undefined, 'wrong-password', 'account-disabled']);
    });
  });
}
