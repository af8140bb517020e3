import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { peopleBase, suffix, type Entry } from '../../../scripts/demo/people.ts';
import { escapeDnValue, parseDnTemplate } from '../../../plugins/core/directory/dn.ts';
import { createLdapDirectory } from '../../../plugins/core/directory/ldap.ts';
import { directorySettings } from '../../../plugins/core/directory/settings.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { awkwardLdif } from '../../support/directory-people.ts';
import { alice, answer, element, message, type FakeRequest } from '../../support/fake-ldap.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { inBrief, settingsFor } from './contract.ts';
import { assertUnavailable, atEnd, client, fake } from './fixtures.ts';

const bindDn = 'cn=gatekeeper,ou=services,dc=corp,dc=example';

void describe('a template of DNs', () => {
  for (const [template, login, dn] of [
    ['uid={login},ou=people,dc=example', 'alice', 'uid=alice,ou=people,dc=example'],
    ['uid={login},dc=example', 'alice@corp.example', 'uid=alice@corp.example,dc=example'],
    ['uid={login},dc=example', 'a,ou=admins', 'uid=a\\2cou\\3dadmins,dc=example'],
    ['uid={login},dc=example', ' #"+;<>\\ ', 'uid=\\20\\23\\22\\2b\\3b\\3c\\3e\\5c\\20,dc=example'],
    ['uid={login},dc=example', 'žluťoučký', 'uid=žluťoučký,dc=example'],
    ['uid={login},dc=example', '{login}', 'uid=\\7blogin\\7d,dc=example'],
    [
      'cn=mail-{login}+ou=x,0.9.2342.19200300.100.1.25=a\\,b',
      'x',
      'cn=mail-x+ou=x,0.9.2342.19200300.100.1.25=a\\,b',
    ],
    ['uid={login}, ou={login}, dc=example', 'x', 'uid=x, ou=x, dc=example'],
  ] as const) {
    void it(`${template} makes ${dn}`, () => {
      assert.equal(parseDnTemplate(template)(login), dn);
    });
  }

  for (const template of [
    ...[
      '',
      '{login}',
      '{login}@ad.example',
      'AD\\{login}',
      '{login}=x,dc=example',
      'uid={login},',
      ',uid={login}',
    ],
    ...[
      'uid={login},ou=people,example',
      'uid={user},dc=example',
      'uid="{login}",dc=example',
      'uid={login},dc=}',
    ],
    ...[
      'uid=#{login},dc=example',
      'uid=\\{login},dc=example',
      'uid={login}\\',
      'uid=,dc={login}',
      'uid={login}\n',
    ],
    ...['uid=alice,dc=example', 'uid={login};dc=example', 'uid=%u,dc=example'],
  ]) {
    void it(`is not ${JSON.stringify(template)}`, () => {
      assert.throws(() => parseDnTemplate(template), /expected a DN|no \{login\}/);
    });
  }

  void it('lets no login be more than a value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (login) => {
        const escaped = escapeDnValue(login);
        assert.match(escaped, /^(?:[A-Za-z0-9@._-]|[^\0-\x7f]|\\[0-9a-f]{2})*$/u);
        const octets = Buffer.from(
          escaped.replace(/\\(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
        );
        assert.deepEqual(octets, Buffer.from(login));
      }),
    );
  });
});

/** Two trees, with a person in each and one that is in both. */
const person = (uid: string, ou: string, more: Readonly<Record<string, readonly string[]>> = {}): Entry => ({
  dn: `uid=${uid},ou=${ou},${suffix}`,
  attributes: {
    objectClass: ['inetOrgPerson', 'gatekeeperSender'],
    ...{ uid: [uid], cn: [uid], sn: [uid], mail: [`${uid}@${ou}.example`], userPassword: [`pw-${uid}`] },
    ...more,
  },
});
const trees = ['staff', 'guests'].map((ou): Entry => ({
  dn: `ou=${ou},${suffix}`,
  attributes: { objectClass: ['organizationalUnit'], ou: [ou] },
}));
const peopleLdif =
  awkwardLdif() +
  ldif([
    ...trees,
    ...[
      person('cora', 'staff'),
      person('dagny', 'guests'),
      person('both', 'staff'),
      person('both', 'guests'),
    ],
    person('away', 'staff', { accountStatus: ['disabled'] }),
  ]);

void describe('directory: where accounts are found', () => {
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({ ldif: peopleLdif });
  });
  after(() => slapd.stop());

  const open = (more: Record<string, unknown>, logged: string[] = []) => {
    const settings = directorySettings.parse({
      ...{ urls: [slapd.url], start_tls: false, bind_dn: bindDn },
      ...{ operation_timeout_seconds: 2, login_timeout_seconds: 5, ...more },
    });
    const secrets = { bindPassword: Secret.fromText('pw-gatekeeper') };
    const directory = createLdapDirectory(settings, secrets, (line) => logged.push(line));
    atEnd(() => {
      directory.close();
    });
    return {
      directory,
      verify: async (login: string, password: string) =>
        inBrief(await directory.verify(login, Secret.fromText(password))),
    };
  };
  const filter = '(&(objectClass=inetOrgPerson)(uid={login}))';

  void it('below several bases as below one', async () => {
    const { verify } = open({ filter, base: [`ou=staff,${suffix}`, `ou=guests,${suffix}`] });
    assert.equal(await verify('cora', 'pw-cora'), 'cora@staff.example');
    assert.equal(await verify('dagny', 'pw-dagny'), 'dagny@guests.example');
    assert.equal(await verify('dagny', 'pw-cora'), 'wrong-password');
    assert.equal(await verify('alice', 'pw-alice'), 'no-such-account');
  });

  void it('not when two bases have one each: that is an alarm', async () => {
    const logged: string[] = [];
    const { verify } = open({ filter, base: [`ou=staff,${suffix}`, `ou=guests,${suffix}`] }, logged);
    await assertUnavailable(
      verify('both', 'pw-both'),
      /ambiguous: it is that of \S+,ou=staff,\S+ and \S+,ou=guests,/,
    );
    assert.equal(logged.length, 1);
  });

  void it('once, where one base lies below another', async () => {
    const { verify } = open({ filter, base: [suffix, `ou=staff,${suffix}`] });
    assert.equal(await verify('cora', 'pw-cora'), 'cora@staff.example');
  });

  void it('not while one of several bases cannot be searched', async () => {
    const { verify } = open({ filter, base: [`ou=staff,${suffix}`, `ou=nowhere,${suffix}`] });
    await assertUnavailable(verify('cora', 'pw-cora'), /noSuchObject \(32\)/);
  });

  const template = { bind_template: `uid={login},${peopleBase}` };
  for (const [it_, login, password, is] of [
    ['an account by its DN', 'alice', 'pw-alice', 'alice@corp.example'],
    ['however it was typed', ' ALICE ', 'pw-alice', 'alice@corp.example'],
    ['with commas in its name', 'comma,name', 'pw-comma', 'comma@corp.example'],
    ['with everything else in its name', 'plus+q"h#;a<b>\\', 'pw-plus', 'plus@corp.example'],
    ['not with a wrong password', 'alice', 'pw-bob', 'wrong-password'],
    ['not when it is not there', 'mallory', 'pw-alice', 'wrong-password'],
    ['not by another attribute', 'alice@corp.example', 'pw-alice', 'wrong-password'],
    ['not in another place', `cora,ou=staff,${suffix}`, 'pw-cora', 'wrong-password'],
    ['not when it is disabled', 'retired', 'pw-retired', 'account-disabled'],
    ['not with an empty password', 'alice', '', 'empty-password'],
  ] as const) {
    void it(`by a template: ${it_}`, async () => {
      assert.equal(await open(template).verify(login, password), is);
    });
  }

  void it('by a template, without its password too', async () => {
    const { directory } = open(template);
    assert.equal(inBrief(await directory.find('alice')), 'alice@corp.example');
    assert.equal(inBrief(await directory.find('mallory')), 'no-such-account');
    await directory.probe();
  });

  void it('by a template, and only where the entry meets the filter', async () => {
    const { verify } = open({ ...template, filter: '(mailAlternateAddress=team@corp.example)' });
    assert.equal(await verify('alice', 'pw-alice'), 'alice@corp.example');
    assert.equal(await verify('bob', 'pw-bob'), 'no-such-account');
    assert.equal(await verify('bob', 'wrong'), 'wrong-password');
  });
});

void describe('directory: bind templates and what may happen between', () => {
  const template = { bind_template: 'uid={login},ou=people,dc=corp,dc=example' };
  const open = (url: string) => {
    const { base: _, ...settings } = settingsFor([url], {});
    return client([url], { ...settings, ...template, base: undefined });
  };

  void it('the bind comes first, and the entry that is read is the one that was bound', async () => {
    const server = await fake();
    assert.equal(await open(server.url).verify(), 'alice@corp.example');
    assert.deepEqual(server.kinds(), ['bind', 'service-bind', 'search']);
    const bound = server.requests[0]?.dn;
    assert.equal(bound, 'uid=alice@corp.example,ou=people,dc=corp,dc=example');
    const { base, scope } = server.requests[2] ?? {};
    assert.deepEqual([base, scope], [bound, 0]);
  });

  void it('a refused bind is the end of it', async () => {
    const server = await fake();
    assert.equal(await open(server.url).verify('wrong'), 'wrong-password');
    assert.deepEqual(server.kinds(), ['bind']);
  });

  void it('an entry that the gateway may not read is nobody it can let in', async () => {
    const server = await fake({ search: ({ id }) => answer.done(id, 32) });
    await assertUnavailable(open(server.url).verify(), /noSuchObject \(32\)/);
  });

  void it('two entries of one name are an alarm', async () => {
    const search = ({ id }: FakeRequest) =>
      Buffer.concat([answer.entry(id, alice.dn), answer.entry(id, 'a=b'), answer.done(id)]);
    await assertUnavailable(open((await fake({ search })).url).verify(), /ambiguous/);
  });
});

void describe('directory: referrals', () => {
  void it('lead to no other server, whatever says them', async () => {
    let visits = 0;
    const elsewhere = createServer(() => {
      visits += 1;
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    atEnd(() => elsewhere.close());
    const url = `ldap://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/dc=corp,dc=example`;
    const referral = (id: number, tag: number) => {
      const [code, none] = [element(0x0a, Buffer.from([10])), element(0x04)];
      return message(id, element(tag, code, none, none, element(0xa3, element(0x04, Buffer.from(url)))));
    };
    const searched = await fake({ search: ({ id }) => referral(id, 0x65) });
    await assertUnavailable(
      client([searched.url]).verify(),
      /search failed: referral to another server, which is not asked \(10\)/,
    );
    const bound = await fake({ bind: ({ id }) => referral(id, 0x61) });
    await assertUnavailable(
      client([bound.url]).verify(),
      /could not check a password: referral to another .*\(10\)/,
    );
    const named = await fake({
      search: ({ id }) => Buffer.concat([answer.reference(id, url), answer.done(id)]),
    });
    assert.equal(await client([named.url]).verify(), 'no-such-account');
    const found = await fake({
      search: ({ id }) =>
        Buffer.concat([
          answer.reference(id, url),
          answer.entry(id, alice.dn, alice.attributes),
          answer.done(id),
        ]),
    });
    assert.equal(await client([found.url]).verify(), 'alice@corp.example');
    assert.equal(visits, 0);
  });
});
