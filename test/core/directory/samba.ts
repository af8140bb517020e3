import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import type { Directory } from '../../../plugins/core/directory/directory.ts';
import { createLdapDirectory } from '../../../plugins/core/directory/ldap.ts';
import { directorySettings } from '../../../plugins/core/directory/settings.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';
import { formatAddressPattern } from '../../../plugins/core/rights.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { block } from '../../support/pages.ts';
import { inBrief } from './contract.ts';

// Run by scripts/test-samba, which starts the server. No part of scripts/test: installing it takes longer than all of that.

const folder = process.env['SAMBA'] ?? '';
const base = 'DC=ad,DC=example';
const database = join(folder, 'private/sam.ldb');

const samba = (...args: readonly string[]) =>
  execFileSync('samba-tool', [...args, '-H', database], { stdio: 'pipe' });
const modify = (ldif: string) => execFileSync('ldbmodify', ['-H', database], { input: ldif, stdio: 'pipe' });
const user = (name: string, ...more: readonly string[]) =>
  samba('user', 'create', name, `Pw-of-${name}-1`, `--mail-address=${name}@corp.example`, ...more);
const dnOf = (name: string) => `CN=${name},CN=Users,${base}`;

/** As Exchange adds it to the schema. */
const publicDelegates = `dn: CN=ms-Exch-Public-Delegates,CN=Schema,CN=Configuration,DC=X
changetype: add
objectClass: attributeSchema
cn: ms-Exch-Public-Delegates
lDAPDisplayName: publicDelegates
attributeID: 1.2.840.113556.1.2.129
attributeSyntax: 2.5.5.1
oMSyntax: 127
oMObjectClass:: KwwCh3McAIVK
isSingleValued: FALSE

dn:
changetype: modify
add: schemaUpdateNow
schemaUpdateNow: 1
-

dn: CN=User,CN=Schema,CN=Configuration,DC=X
changetype: modify
add: mayContain
mayContain: publicDelegates
-

dn:
changetype: modify
add: schemaUpdateNow
schemaUpdateNow: 1
-
`;

/** What `ldifde -c` does with the domain of a file; a rule of Samba's forbids changes of the schema, unless it is told. */
function extendSchema(): void {
  const shipped = readFileSync(
    join(import.meta.dirname, '../../../config/system/active-directory/gatekeeper.ldif'),
    'utf8',
  );
  const parts = `${shipped}\n${publicDelegates}`
    .replaceAll('DC=X', base)
    .replaceAll(/^#.*\n/gm, '')
    .split('\n\n');
  for (const part of parts.filter((each) => each.trim() !== '')) {
    const allowed = ['--option=dsdb:schema update allowed=true'];
    execFileSync('ldbmodify', ['-H', database, ...allowed], { input: `${part}\n`, stdio: 'pipe' });
  }
}

function populate(): void {
  samba(
    'domain',
    'passwordsettings',
    'set',
    '--account-lockout-threshold=3',
    '--account-lockout-duration=30',
  );
  for (const name of ['gatekeeper', 'alice', 'bob', 'disabled', 'expired', 'guessed']) user(name);
  user('fresh', '--must-change-at-next-login');
  samba('user', 'disable', 'disabled');
  const proxies = [
    'SMTP:alice@corp.example',
    'smtp:a.smith@corp.example',
    'x500:/o=Corp/cn=alice',
    'sip:alice@corp.example',
  ];
  modify(
    [
      ...[`dn: ${dnOf('alice')}`, 'changetype: modify', 'replace: userPrincipalName'],
      ...['userPrincipalName: alice.upn@ad.example', '-', 'add: proxyAddresses'],
      ...[...proxies.map((each) => `proxyAddresses: ${each}`), ''],
      // 2001-01-01
      ...[`dn: ${dnOf('expired')}`, 'changetype: modify', 'replace: accountExpires'],
      ...['accountExpires: 126227808000000000', ''],
    ].join('\n'),
  );
  for (const name of ['outer', 'inner', 'innermost', 'others']) samba('group', 'add', name);
  samba('group', 'addmembers', 'outer', 'inner');
  samba('group', 'addmembers', 'inner', 'innermost');
  samba('group', 'addmembers', 'innermost', 'alice');
  samba('group', 'addmembers', 'innermost', 'outer');
  samba('group', 'addmembers', 'others', 'bob');
  for (const name of ['dave', 'newsletter', 'carol']) user(name);
  samba('group', 'add', 'sales');
  extendSchema();
  modify(block('docs/sysadmin.md', 'ldif', 'publicDelegates').replaceAll('DC=corp,DC=example', base));
}

void describe("Samba's Active Directory", () => {
  const opened: Directory[] = [];
  const logged: string[] = [];
  const open = (more: Record<string, unknown> = {}): Directory => {
    const settings = directorySettings.parse({
      ...{ preset: 'active-directory', urls: ['ldaps://localhost'], bind_dn: dnOf('gatekeeper'), base },
      ...more,
    });
    const secrets = {
      bindPassword: Secret.fromText('Pw-of-gatekeeper-1'),
      ca: readFileSync(join(folder, 'ca.pem'), 'utf8'),
    };
    const directory = createLdapDirectory(settings, secrets, (line) => logged.push(line));
    opened.push(directory);
    return directory;
  };
  const verify = async (login: string, password: string, more: Record<string, unknown> = {}) =>
    inBrief(await open(more).verify(login, Secret.fromText(password)));

  before(populate);
  after(() => {
    for (const directory of opened) directory.close();
  });

  for (const login of [
    'alice.upn@ad.example',
    'alice',
    'ALICE',
    'alice@corp.example',
    'Alice.UPN@ad.example',
  ]) {
    void it(`knows alice as ${login}`, async () => {
      assert.equal(await verify(login, 'Pw-of-alice-1'), 'alice@corp.example');
      assert.equal(await verify(login, 'Pw-of-bob-1'), 'wrong-password');
    });
  }

  void it('gives her addresses, and none of another type', async () => {
    const found = await open().find('alice');
    assert.equal(found.kind, 'account');
    assert.equal(found.account.id, dnOf('alice'));
    assert.deepEqual(found.account.addresses.map(formatMailbox), [
      'alice@corp.example',
      'a.smith@corp.example',
    ]);
    assert.deepEqual(logged, []);
  });

  for (const [name, is] of [
    ['mallory', 'no-such-account'],
    ['disabled', 'account-disabled'],
    ['expired', 'account-expired'],
    ['fresh', 'password-must-change'],
  ] as const) {
    void it(`says of ${name}: ${is}`, async () => {
      assert.equal(await verify(name, `Pw-of-${name}-1`), is);
      assert.equal(inBrief(await open().find(name)), is);
    });

    void it(`says so by its answer to the bind of ${name}, whatever may be read`, async () => {
      assert.equal(await verify(name, `Pw-of-${name}-1`, { state_attributes: [] }), is);
    });
  }

  for (const name of ['disabled', 'expired', 'fresh']) {
    void it(`says nothing of ${name} to who guesses`, async () => {
      assert.equal(await verify(name, 'Pw-of-nobody-1'), 'wrong-password');
    });
  }

  void it('says of an account that it is locked, to its owner too, and no longer when it is not', async () => {
    for (let n = 0; n < 4; n += 1) await verify('guessed', `Pw-of-nobody-${n}`);
    assert.equal(await verify('guessed', 'Pw-of-guessed-1'), 'account-locked');
    assert.equal(inBrief(await open().find('guessed')), 'account-locked');
    samba('user', 'unlock', 'guessed');
    assert.equal(await verify('guessed', 'Pw-of-guessed-1'), 'guessed@corp.example');
  });

  for (const [name, isIn] of [
    ['innermost', true],
    ['inner', true],
    ['outer', true],
    ['OUTER', true],
    ['others', false],
  ] as const) {
    void it(`alice is ${isIn ? '' : 'not '}in ${name}, in whatever ring it stands`, async () => {
      const accepted = 'alice@corp.example';
      assert.equal(
        await verify('alice', 'Pw-of-alice-1', { required_groups: [dnOf(name)] }),
        isIn ? accepted : 'not-in-required-group',
      );
      assert.equal(
        await verify('alice', 'Pw-of-alice-1', { forbidden_groups: [dnOf(name)] }),
        isIn ? 'in-forbidden-group' : accepted,
      );
      const walk = { nested_groups: 'walk', group_base: base, required_groups: [dnOf(name)] };
      assert.equal(await verify('alice', 'Pw-of-alice-1', walk), isIn ? accepted : 'not-in-required-group');
    });
  }

  void it('is unavailable for a group that is not there', async () => {
    await assert.rejects(verify('alice', 'Pw-of-alice-1', { forbidden_groups: [dnOf('misspelled')] }), {
      name: 'Unavailable',
      message: /noSuchObject \(32\).*CN=misspelled/,
    });
  });

  for (const [name, rights] of [
    [
      'dave',
      [
        ...['dave@corp.example', 'support@corp.example', 'sales@corp.example'],
        ...['*@shop.corp.example', 'for carol@corp.example', 'resend'],
      ],
    ],
    ['newsletter', ['newsletter@corp.example', 'bounces@news.corp.example news@corp.example']],
    ['carol', ['carol@corp.example']],
  ] as const) {
    void it(`gives ${name} what docs/sysadmin.md lets it write`, async () => {
      const { directory: section } = parse(block('docs/sysadmin.md', 'yaml', 'publicDelegates')) as {
        directory: Record<string, unknown>;
      };
      const { urls: _, bind_dn: __, base: ___, ...more } = section;
      const found = await open(more).find(name);
      assert.equal(found.kind, 'account');
      const { addresses, delegated } = found.account;
      const { domains = [], onBehalf = [], grants = [], pairs = [] } = delegated ?? {};
      const given = [
        ...addresses.map(formatMailbox),
        ...domains.map((domain) => `*@${domain}`),
        ...onBehalf.map((each) => `for ${formatMailbox(each)}`),
        ...grants,
        ...pairs.map(({ envelope, header }) => [envelope, header].map(formatAddressPattern).join(' ')),
      ];
      assert.deepEqual(new Set(given), new Set(rights));
    });
  }

  void it('is asked over TLS or not at all', async () => {
    await assert.rejects(verify('alice', 'Pw-of-alice-1', { urls: ['ldap://localhost'], start_tls: false }), {
      name: 'Unavailable',
      message: /refused the service account .*strongerAuthRequired \(8\)/,
    });
    assert.equal(
      await verify('alice', 'Pw-of-alice-1', { urls: ['ldap://localhost'] }),
      'alice@corp.example',
    );
  });
});
