import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries, peopleBase, suffix, type Entry } from '../../scripts/demo/people.ts';
import type { Account } from '../../plugins/core/directory/directory.ts';
import { createLdapDirectory } from '../../plugins/core/directory/ldap.ts';
import { directorySettings } from '../../plugins/core/directory/settings.ts';
import { formatMailbox } from '../../plugins/core/mailbox.ts';
import { formatAddressPattern } from '../../plugins/core/rights.ts';
import { Secret } from '../../plugins/core/secret.ts';
import { block } from '../support/pages.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

const page = 'docs/sysadmin.md';
const manager = `uid=carol,${peopleBase}`;

const service = (uid: string): Entry => ({
  dn: `uid=${uid},${peopleBase}`,
  attributes: {
    ...{ objectClass: ['inetOrgPerson', 'gatekeeperSender'], uid: [uid], cn: [uid], sn: [uid] },
    mail: [`${uid}@corp.example`],
  },
});

const more: readonly Entry[] = [
  service('shop'),
  service('newsletter'),
  { dn: `ou=shared,${suffix}`, attributes: { objectClass: ['organizationalUnit'], ou: ['shared'] } },
];

/** All that an account may write. */
function inWords({ addresses, delegated }: Account): readonly string[] {
  const { domains = [], onBehalf = [], grants = [], pairs = [] } = delegated ?? {};
  return [
    ...addresses.map(formatMailbox),
    ...domains.map((domain) => `*@${domain}`),
    ...onBehalf.map((each) => `for ${formatMailbox(each)}`),
    ...grants,
    ...pairs.map(({ envelope, header }) => [envelope, header].map(formatAddressPattern).join(' ')),
  ];
}

void describe('the rights of docs/sysadmin.md, in OpenLDAP', () => {
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({
      ldif: ldif([...entries(), ...more]),
      access: `access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${manager}" write by users read`,
    });
    const as = ['-x', '-H', slapd.url, '-D', manager, '-w', 'pw-carol'];
    for (const holding of ['dn: uid=newsletter', 'dn: cn=sales']) {
      execFileSync('ldapmodify', as, { input: block(page, 'ldif', holding), stdio: 'pipe' });
    }
  });
  after(() => slapd.stop());

  for (const [login, rights] of [
    ['dave', ['dave@corp.example', 'support@corp.example', 'for carol@corp.example', 'helpdesk', 'resend']],
    ['shop', ['shop@corp.example', '*@shop.corp.example']],
    [
      'newsletter',
      [
        'newsletter@corp.example',
        'bounces@news.corp.example news@corp.example',
        'bounces@news.corp.example *@news.corp.example',
      ],
    ],
    ['bob', ['bob@corp.example', 'sales@corp.example']],
    ['carol', ['carol@corp.example', 'board@corp.example', 'for board@corp.example']],
  ] as const) {
    void it(`are those of ${login}`, async () => {
      const section = parse(block(page, 'yaml', 'on_behalf_filter: (owner={dn})')) as { directory: object };
      const settings = directorySettings.parse({
        ...section.directory,
        ...{ urls: [slapd.url], start_tls: false },
      });
      const secrets = { bindPassword: Secret.fromText('pw-gatekeeper') };
      const directory = createLdapDirectory(settings, secrets);
      try {
        const found = await directory.find(login);
        assert.equal(found.kind, 'account');
        assert.deepEqual(new Set(inWords(found.account)), new Set(rights));
      } finally {
        directory.close();
      }
    });
  }
});
