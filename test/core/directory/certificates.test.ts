import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries, peopleBase, type Entry } from '../../../scripts/demo/people.ts';
import { keyOnly, namesOf, type CertificateNames } from '../../../plugins/core/certificate/names.ts';
import { attributeValues } from '../../../plugins/core/certificate/values.ts';
import { directorySettings, type DirectorySettings } from '../../../plugins/core/directory/settings.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';
import { Mint } from '../../support/certificates.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { inBrief } from './contract.ts';
import { assertUnavailable, client } from './fixtures.ts';

const mint = new Mint();
const made = (name: string, alternative: string) => {
  const { cert } = mint.make({ name, extensions: [`subjectAltName=${alternative}`] });
  return namesOf(new X509Certificate(cert));
};

const app = made('App \\(1\\)*/O=Corp', 'email:app-key@corp.example,DNS:app.corp.example');
const bob = made('bob', 'email:BOB@corp.example');
const both = made('both', 'email:alice@corp.example,email:bob@corp.example');
const star = made('star', 'email:*@corp.example,DNS:*.corp.example');
const retired = made('retired', 'email:retired@corp.example');
const stranger = made('stranger', 'email:nobody@corp.example,DNS:mx.corp.example');
const awkward = { ...stranger, emails: ['*)(uid=*', 'a\\2a', 'x)(mail=*'], subject: '*' };

const account = (uid: string, certificates: readonly string[], more = {}): Entry => ({
  dn: `uid=${uid},${peopleBase}`,
  attributes: {
    objectClass: ['inetOrgPerson', 'gatekeeperSender'],
    ...{ uid: [uid], cn: [uid], sn: [uid], mail: [`${uid}@corp.example`] },
    gatekeeperCertificate: certificates,
    ...more,
  },
});

const [base64 = '', , subject = ''] = attributeValues(app);
const key = (names: CertificateNames) => attributeValues(names)[0] ?? '';
const bobKey = made('bob key', 'DNS:bob.corp.example');
const twice = made('twice', 'DNS:twice.corp.example');
const gone = made('gone', 'DNS:gone.corp.example');
const noMail = made('no mail', 'DNS:nomail.corp.example');
const confused = { ...app, spki: swapped(app.spki) };

/** The same to a server that does not compare case. */
function swapped(text: string): string {
  return text.replace(/[a-zA-Z]/, (one) =>
    one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase(),
  );
}

const added = [
  account('app', [base64, 'email:app-key@corp.example', 'dns:app.corp.example', subject]),
  account('hexed', [(attributeValues(bobKey)[1] ?? '').toUpperCase()]),
  account('one', [key(twice)]),
  account('two', [`dns:twice.corp.example`]),
  account('gone', [key(gone)], { accountStatus: ['disabled'] }),
  account('plain', [key(noMail)], { mail: [] }),
];

const byAttribute = { certificate_attribute: 'gatekeeperCertificate' };
const byAddress = { certificate_match: '(mail={email})' };

interface Case {
  readonly it: string;
  readonly names: CertificateNames;
  readonly is: string;
  readonly settings?: Partial<DirectorySettings>;
}

const cases: readonly Case[] = [
  { it: 'finds an account by the key alone', names: keyOnly(app), is: 'app@corp.example' },
  { it: 'finds it by a key in hexadecimal digits', names: keyOnly(bobKey), is: 'hexed@corp.example' },
  { it: 'finds nobody by a key that differs in case', names: keyOnly(confused), is: 'no-such-account' },
  {
    it: 'finds it by the subject',
    names: { ...keyOnly(stranger), ...(app.subject !== undefined && { subject: app.subject.toUpperCase() }) },
    is: 'app@corp.example',
  },
  { it: 'finds it by an address', names: { ...stranger, emails: app.emails }, is: 'app@corp.example' },
  { it: 'finds it by a host', names: { ...stranger, hosts: app.hosts }, is: 'app@corp.example' },
  { it: 'finds nobody by what no entry has', names: stranger, is: 'no-such-account' },
  { it: 'finds nobody by asterisks', names: star, is: 'no-such-account' },
  { it: 'takes the syntax of filters for a name', names: awkward, is: 'no-such-account' },
  { it: 'refuses what two accounts have', names: twice, is: 'certificate-ambiguous' },
  { it: 'finds one of them by what the other has not', names: keyOnly(twice), is: 'one@corp.example' },
  { it: 'says that the account is disabled', names: gone, is: 'account-disabled' },
  { it: 'finds nobody by another attribute', names: bob, is: 'no-such-account' },
  {
    it: 'has the account meet the filter of logins',
    names: noMail,
    settings: { filter: '(&(objectClass=inetOrgPerson)(mail={login}))' },
    is: 'no-such-account',
  },
  {
    it: 'has it meet no more than that',
    names: noMail,
    settings: { filter: '(&(objectClass=inetOrgPerson)(uid={login}))' },
    is: `uid=plain,${peopleBase}`,
  },
  {
    it: 'finds it by the address that it has anyway',
    names: bob,
    settings: { certificate_attribute: '', ...byAddress },
    is: 'bob@corp.example',
  },
  { it: 'finds it by either', names: bob, settings: byAddress, is: 'bob@corp.example' },
  {
    it: 'refuses the addresses of two accounts',
    names: both,
    settings: { certificate_attribute: '', ...byAddress },
    is: 'certificate-ambiguous',
  },
  {
    it: 'refuses one account by its value, and another by its address',
    names: { ...app, emails: ['bob@corp.example'] },
    settings: byAddress,
    is: 'certificate-ambiguous',
  },
  { it: 'judges that account as another login', names: retired, settings: byAddress, is: 'account-disabled' },
  {
    it: 'finds nobody by an address with an asterisk',
    names: star,
    settings: byAddress,
    is: 'no-such-account',
  },
  {
    it: 'takes the syntax of filters for an address',
    names: awkward,
    settings: byAddress,
    is: 'no-such-account',
  },
  {
    it: 'finds nobody by an address that is not proven',
    names: keyOnly(bob),
    settings: byAddress,
    is: 'no-such-account',
  },
  {
    it: 'asks nobody where no setting names an attribute',
    names: app,
    settings: { certificate_attribute: '', base: 'ou=nowhere,dc=corp,dc=example' },
    is: 'no-such-account',
  },
  {
    it: 'has groups count as for others',
    names: app,
    settings: { required_groups: [peopleBase], group_base: peopleBase },
    is: 'not-in-required-group',
  },
];

void describe('accounts by their certificates', () => {
  let slapd: Slapd;
  const hidden = `access to attrs=gatekeeperCertificate by users search by * none
access to * by users read by anonymous auth`;
  const find = async (names: CertificateNames, settings: Partial<DirectorySettings> = {}) => {
    const { directory } = client([slapd.url], { ...byAttribute, ...settings });
    return directory.byCertificate(names);
  };

  before(async () => {
    slapd = await startSlapd({ ldif: ldif([...entries(), ...added]) });
  });
  after(async () => {
    await slapd.stop();
    mint.remove();
  });

  for (const { it: what, names, is, settings } of cases) {
    void it(what, async () => {
      assert.equal(inBrief(await find(names, settings)), is);
    });
  }

  void it('are the same that their logins find', async () => {
    const { directory } = client([slapd.url], byAttribute);
    assert.deepEqual(await directory.byCertificate(app), await directory.find('app@corp.example'));
  });

  void it('have the addresses of the account', async () => {
    const found = await find(bob, { certificate_attribute: '', ...byAddress });
    assert.equal(found.kind, 'account');
    assert.deepEqual(found.account.addresses.map(formatMailbox), ['bob@corp.example']);
  });

  void it('name the two that one certificate is', async () => {
    const found = await find(twice);
    assert.ok(found.kind === 'refused');
    assert.match(found.detail ?? '', /uid=one,\S+ and uid=two,/);
  });

  void it('are trouble while no server answers, or its values may not be read', async () => {
    await assertUnavailable(find(app, { base: 'ou=nowhere,dc=corp,dc=example' }), /noSuchObject/);
    const other = await startSlapd({ ldif: ldif([...entries(), ...added]), access: hidden });
    try {
      const { directory } = client([other.url], byAttribute);
      await assertUnavailable(directory.byCertificate(app), /may be searched for, and not be read/);
    } finally {
      await other.stop();
    }
  });
});

void describe('settings of certificates', () => {
  const needed = { urls: ['ldaps://a.example'], bind_dn: 'cn=x', base: 'dc=example' };
  for (const [what, more, problem] of [
    ['a filter with {email}', { certificate_match: '(mail={email})' }],
    ['a filter with {dns}', { certificate_match: '(&(objectClass=device)(cn={dns}))' }],
    [
      'a filter without a name',
      { certificate_match: '(mail=*)' },
      /has no \{email\}, \{dns\} or \{subject\}/,
    ],
    ['a filter with two kinds', { certificate_match: '(|(mail={email})(cn={dns}))' }, /of two kinds/],
    [
      'a filter with a login',
      { certificate_match: '(mail={login})' },
      /placeholders are \{email\}, \{dns\} and/,
    ],
    [
      'a template, which finds nobody by a certificate',
      { ...byAttribute, base: undefined, bind_template: 'uid={login},dc=example' },
      /certificate_attribute.*contradict|contradict/,
    ],
  ] as const) {
    void it(`${problem ? 'cannot have' : 'may have'} ${what}`, () => {
      const { success, error } = directorySettings.safeParse({ ...needed, ...more });
      assert.equal(success, problem === undefined);
      if (problem) assert.match(error?.message ?? '', problem);
    });
  }
});
