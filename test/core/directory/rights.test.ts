import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries, peopleBase, suffix, type Entry } from '../../../scripts/demo/people.ts';
import type { Account } from '../../../plugins/core/directory/directory.ts';
import { named } from '../../../plugins/core/directory/directories.ts';
import { remember } from '../../../plugins/core/directory/remembered.ts';
import { directorySettings, type DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import { identityOfAccount } from '../../../plugins/core/identity.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';
import { rightsTo, type AddressPattern } from '../../../plugins/core/rights.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { parseSettings } from '../../../plugins/core/settings/file.ts';
import { mailbox } from '../../support/mailbox.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { assertUnavailable, client, type Client } from './fixtures.ts';

const { policy } = parseSettings('roles: [mx]\nprotected_domains: [corp.example]', 'test');

const who = (uid: string): string => `uid=${uid},${peopleBase}`;
const shared = `ou=shared,${suffix}`;

function writer(uid: string, attributes: Entry['attributes']): Entry {
  const objectClass = ['inetOrgPerson', 'gatekeeperSender'];
  const given = { cn: [uid], sn: [uid], uid: [uid], mail: [`${uid}@corp.example`], userPassword: ['pw'] };
  return { dn: who(uid), attributes: { objectClass, ...given, ...attributes } };
}

const team = (name: string, attributes: Entry['attributes']): Entry => ({
  dn: `cn=${name},${shared}`,
  attributes: { objectClass: ['groupOfNames', 'extensibleObject'], cn: [name], ...attributes },
});

const people: readonly Entry[] = [
  writer('app', {
    gatekeeperSendAs: ['*@app.corp.example', 'Support@corp.example', '*@Bücher.example'],
    gatekeeperOnBehalf: ['carol@corp.example', '*@corp.example', 'nonsense'],
    gatekeeperGrant: ['List', 'resend', 'list2', 'helpdesk'],
  }),
  writer('wild', { mail: ['*@corp.example'], mailAlternateAddress: ['wild@corp.example'] }),
  writer('nomail', { mail: [], gatekeeperSendAs: ['support@corp.example'] }),
  writer('half', {
    gatekeeperPair: [
      ...['bounces@corp.example *@corp.example', '<> half@corp.example'],
      ...['rubbish', 'a@b.example  c@d.example', 'a@b.example <>'],
    ],
  }),
  writer('broken', {
    gatekeeperPair: ['bounces@corp.example', '*@ *@corp.example', 'a@b.example c@d.example e@f.example'],
  }),
  // A DN and a uid with characters that mean something in a filter.
  writer('a*)(b', { mail: ['odd@corp.example'] }),
  { dn: shared, attributes: { objectClass: ['organizationalUnit'], ou: ['shared'] } },
  team('desk', {
    member: [who('alice'), who('dave')],
    mail: ['desk@corp.example'],
    mailAlternateAddress: ['help@corp.example'],
  }),
  team('nested', { member: [`cn=desk,${shared}`], mail: ['nested@corp.example'] }),
  team('chief', {
    member: [who('nobody')],
    mail: ['chief@corp.example', 'no address'],
    owner: [who('dave')],
  }),
  team('posix', { member: [who('nobody')], memberUid: ['bob', 'a*)(b'], mail: ['posix@corp.example'] }),
  ...Array.from({ length: 501 }, (_, n) =>
    team(`many${n}`, { member: [who('carol')], mail: [`m${n}@corp.example`] }),
  ),
].map(({ dn, attributes }) => ({
  dn,
  attributes: Object.fromEntries(Object.entries(attributes).filter(([, values]) => values.length > 0)),
}));

const attributes = {
  send_as_attributes: ['gatekeeperSendAs'],
  on_behalf_attributes: ['gatekeeperOnBehalf'],
  grants_attribute: 'gatekeeperGrant',
  pairs_attribute: 'gatekeeperPair',
} satisfies Partial<DirectorySettings>;

const filters = {
  send_as_filter: '(&(objectClass=groupOfNames)(member={dn}))',
  on_behalf_filter: '(owner={dn})',
  group_base: shared,
} satisfies Partial<DirectorySettings>;

const textOf = (pattern?: AddressPattern) => (pattern ? `${pattern.local ?? '*'}@${pattern.domain}` : '<>');

/** All that an account may write, in words. */
function inWords({ addresses, delegated }: Account) {
  const { domains = [], onBehalf = [], grants = [], pairs = [] } = delegated ?? {};
  return [
    ...addresses.map(formatMailbox),
    ...domains.map((domain) => `*@${domain}`),
    ...onBehalf.map((each) => `for ${formatMailbox(each)}`),
    ...grants,
    ...pairs.map(({ envelope, header }) => `${textOf(envelope)} ${textOf(header)}`),
  ];
}

async function found({ directory }: Client, login: string): Promise<Account> {
  const verification = await directory.find(login);
  assert.equal(verification.kind, 'account');
  return verification.account;
}

void describe('rights of the directory', () => {
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({ ldif: ldif([...entries(), ...people]) });
  });
  after(() => slapd.stop());
  const open = (more: Partial<DirectorySettings>): Client => client([slapd.url], more);

  void it('are none where no setting asks for them', async () => {
    const account = await found(open({}), 'app');
    assert.deepEqual(inWords(account), ['app@corp.example']);
    assert.ok(!('delegated' in account));
  });

  for (const [login, rights] of [
    [
      'app',
      [
        ...['app@corp.example', 'Support@corp.example', '*@app.corp.example', '*@xn--bcher-kva.example'],
        ...['for carol@corp.example', 'list', 'resend', 'helpdesk'],
      ],
    ],
    ['wild', ['*@corp.example', 'wild@corp.example']],
    ['nomail', ['support@corp.example']],
    ['half', ['half@corp.example', 'bounces@corp.example *@corp.example', '<> half@corp.example']],
    ['broken', ['broken@corp.example', '*@ *@']],
    ['dave', ['dave@corp.example', 'for carol@corp.example', 'resend']],
    [
      'lists',
      [
        ...['lists@corp.example', 'announce@lists.corp.example', 'announce-bounces@lists.corp.example'],
        'list',
      ],
    ],
  ] as const) {
    void it(`of ${login} by attributes`, async () => {
      assert.deepEqual(inWords(await found(open(attributes), login)), rights);
    });
  }

  void it('what cannot be read is told, and gives none', async () => {
    const opened = open(attributes);
    for (const login of ['app', 'half']) await found(opened, login);
    assert.deepEqual(
      opened.logged.map((line) => line.replace(/^directory: uid=(\w+),\S+: /, '$1 ')),
      [
        'app gatekeeperOnBehalf: "*@corp.example" cannot be read and gives no right',
        'app gatekeeperOnBehalf: "nonsense" cannot be read and gives no right',
        'app gatekeeperGrant: "list2" cannot be read and gives no right',
        'half gatekeeperPair: "rubbish" cannot be read and gives no right',
        'half gatekeeperPair: "a@b.example  c@d.example" cannot be read and gives no right',
        'half gatekeeperPair: "a@b.example <>" cannot be read and gives no right',
      ],
    );
  });

  void it('a wildcard is one in send_as_attributes only', async () => {
    const identity = identityOfAccount(await found(open(attributes), 'wild'));
    assert.deepEqual(rightsTo(mailbox('bob@corp.example'), 'envelope', identity, policy), []);
  });

  void it('an account is never named by an address that it was lent', async () => {
    assert.equal((await found(open(attributes), 'nomail')).name, who('nomail'));
  });

  void it('an account whose pairs cannot be read may write nothing', async () => {
    const identity = identityOfAccount(await found(open(attributes), 'broken'));
    for (const text of ['broken@corp.example', 'bounces@corp.example', 'a@b.example', 'x@invalid']) {
      assert.deepEqual(rightsTo(mailbox(text), 'envelope', identity, policy), [], text);
      assert.deepEqual(rightsTo(mailbox(text), 'from', identity, policy), [], text);
    }
  });

  for (const [login, more, rights] of [
    ['alice', {}, ['desk@corp.example', 'help@corp.example']],
    ['dave', {}, ['desk@corp.example', 'help@corp.example', 'for chief@corp.example']],
    ['bob', {}, []],
    ['bob', { send_as_filter: '(|(memberUid={uid})(member={dn}))' }, ['posix@corp.example']],
    ['a*)(b', { send_as_filter: '(memberUid={uid})' }, ['posix@corp.example']],
    ['a*)(b', {}, []],
    ['wild', { send_as_filter: '(memberUid={uid})' }, []],
    ['alice', { group_base: [shared, `cn=desk,${shared}`] }, ['desk@corp.example', 'help@corp.example']],
    ['alice', { send_as_filter: '(&(cn=nested)(member={dn}))' }, []],
  ] as const satisfies readonly (readonly [string, Partial<DirectorySettings>, readonly string[]])[]) {
    void it(`of ${login} by ${JSON.stringify({ ...filters, ...more })}`, async () => {
      const opened = open({ ...filters, ...more });
      const lent = inWords(await found(opened, login));
      const own = inWords(await found(open({}), login));
      assert.deepEqual(
        lent.filter((each) => !own.includes(each)),
        rights,
      );
      const said =
        login === 'dave'
          ? ['cn=chief,' + shared + ': "no address" is no address and gives no right to send']
          : [];
      assert.deepEqual(opened.logged, said);
    });
  }

  void it('are asked for below the base where no other one is set', async () => {
    const { group_base: _, ...more } = filters;
    assert.ok(inWords(await found(open(more), 'alice')).includes('desk@corp.example'));
  });

  void it('more than anybody means are trouble, and no fewer rights', async () => {
    const { directory, logged } = open(filters);
    await assertUnavailable(directory.find('carol'), /send_as_filter finds more than 500 entries/);
    assert.deepEqual(logged, [], 'it is no fault of the server');
  });

  void it('a base that is not there is trouble, too', async () => {
    const { directory } = open({ ...filters, group_base: `ou=nowhere,${suffix}` });
    await assertUnavailable(directory.find('alice'), /noSuchObject \(32\)/);
  });

  void it('are the same by the password, remembered, and in an entry of directories', async () => {
    const { directory } = open({ ...attributes, ...filters });
    const settings = directorySettings.parse({
      urls: [slapd.url],
      bind_dn: 'cn=x',
      base: suffix,
      start_tls: false,
    });
    const entry = {
      key: 'directories.acme',
      settings,
      entry: { name: 'acme', login_domains: ['corp.example'] },
    };
    const remembering = remember(named(directory, entry), {
      ...{ acceptedMs: 1000, refusedMs: 0, staleMs: 0, entries: 10, now: () => 0, onStale: () => undefined },
    });
    for (let time = 0; time < 2; time += 1) {
      const verification = await remembering.verify('dave@corp.example', Secret.fromText('pw-dave'));
      assert.equal(verification.kind, 'account');
      assert.equal(verification.account.id, `acme:${who('dave')}`);
      assert.deepEqual(inWords(verification.account), [
        ...['dave@corp.example', 'desk@corp.example', 'help@corp.example'],
        ...['for carol@corp.example', 'for chief@corp.example', 'resend'],
      ]);
    }
  });

  void it('by other entries are nothing to whoever does not know the password', async () => {
    assert.equal(
      await open({ ...filters, group_base: `ou=nowhere,${suffix}` }).verify('wrong'),
      'wrong-password',
    );
  });

  void it('by attributes go with SCRAM, too', async () => {
    const { directory } = open({ ...attributes, scram_attribute: 'gatekeeperScramVerifier' });
    const { ifProven } = await directory.verifier('dave');
    assert.deepEqual(ifProven, { kind: 'refused', cause: 'no-scram-verifier' });
  });
});
