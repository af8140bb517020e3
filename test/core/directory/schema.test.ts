import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { attributesIn } from '../../../plugins/core/directory/filter.ts';
import { unknownAttributes } from '../../../plugins/core/directory/schema.ts';
import { directorySettings } from '../../../plugins/core/directory/settings.ts';
import { awkwardLdif } from '../../support/directory-people.ts';
import { answer, type FakeRequest, type Reaction, type Script } from '../../support/fake-ldap.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { fake } from './fixtures.ts';

let config: string;
before(() => {
  config = mkdtempSync(join(tmpdir(), 'gatekeeper-schema-'));
  writeFileSync(join(config, 'ldap.password'), 'pw-gatekeeper\n', { mode: 0o600 });
});
after(() => {
  rmSync(config, { recursive: true });
});

const misspelled = {
  status_attribute: 'acountStatus',
  limits_attribute: 'gatekeeperLimits',
  address_attributes: ['mail', 'mailAlternativeAddress', 'MAIL', 'mail;lang-en', '0.9.2342.19200300.100.1.3'],
  send_as_filter: '(&(objectClass=groupOfNames)(!(members={dn}))(cn:dn:=x))',
};

/** What is said of the settings at a server. */
function unknown(url: string, more: Readonly<Record<string, unknown>> = {}): Promise<readonly string[]> {
  const server = { urls: [url], start_tls: false, bind_dn: 'cn=gatekeeper,ou=services,dc=corp,dc=example' };
  const settings = directorySettings.parse({
    ...{ ...server, base: 'dc=corp,dc=example', bind_password_file: 'ldap.password' },
    ...{ operation_timeout_seconds: 0.5, login_timeout_seconds: 2 },
    ...more,
  });
  return unknownAttributes({ key: 'directory', settings }, config);
}

const said = (setting: string, name: string, so: string) =>
  `directory.${setting}: the schema of the directory does not know ${name}: ${so}`;

const status = said('status_attribute', 'acountStatus', 'no account has it, and it restricts nobody');

void describe('attributes that the server does not know: slapd', () => {
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({ ldif: awkwardLdif() });
  });
  after(() => slapd.stop());

  void it('are each named, with what follows', async () => {
    assert.deepEqual(await unknown(slapd.url, misspelled), [
      status,
      said('limits_attribute', 'gatekeeperLimits', 'no account has it, and it restricts nobody'),
      said('address_attributes', 'mailAlternativeAddress', 'no entry has it'),
      said('send_as_filter', 'members', 'it finds nothing'),
    ]);
  });

  void it('are none in the settings as shipped, and with the attributes of our schema', async () => {
    assert.deepEqual(await unknown(slapd.url), []);
    const ours = { limits_attribute: 'gatekeeperLimit', pairs_attribute: 'GATEKEEPERPAIR' };
    assert.deepEqual(await unknown(slapd.url, ours), []);
  });

  void it('are those of a preset for another server', async () => {
    const restricts = 'no account has it, and it restricts nobody';
    assert.deepEqual(await unknown(slapd.url, { preset: '389ds' }), [
      said('state_attributes', 'nsAccountLock', restricts),
    ]);
  });
});

const schemaOf = (types: readonly string[]): Reaction => {
  return ({ id, base }: FakeRequest) => {
    const entry: Readonly<Record<string, readonly string[]>> =
      base === '' ? { subschemaSubentry: ['cn=schema'] } : { attributeTypes: types };
    return Buffer.concat([answer.entry(id, base ?? '', entry), answer.done(id)]);
  };
};
const general = ["( 2.5.4.0 NAME 'objectClass' )", "( 0.9 NAME ( 'mail' 'rfc822Mailbox' ) DESC 'it (s)' )"];
const allKnown = { address_attributes: ['rfc822mailbox'], filter: '(mail={login})' };

void describe('attributes that a server may not know', () => {
  void it('are named by a schema that has several names for one', async () => {
    const { url } = await fake({ search: schemaOf(general) });
    assert.deepEqual(await unknown(url, allKnown), []);
    assert.deepEqual(await unknown(url, { ...allKnown, ...{ status_attribute: 'acountStatus' } }), [status]);
  });

  void it('do not count where nobody has written them', async () => {
    const { url } = await fake({ search: schemaOf(general) });
    assert.deepEqual(await unknown(url, { filter: '(mail={login})' }), []);
  });

  const big = Array.from({ length: 600 }, (_, n) => `( 1.${n} NAME 'a${n}' DESC '${'x'.repeat(2000)}' )`);
  for (const [what, script] of [
    ['no root DSE', { search: ({ id }) => answer.done(id) }],
    ['no right to it', { search: ({ id }) => answer.done(id, 50) }],
    ['an empty schema', { search: schemaOf([]) }],
    ['a schema of something else', { search: schemaOf(["( 1.2 NAME 'colour' )", '', '((((', 'NAME']) }],
    ['a schema in pieces', { search: inPieces }],
    ['more than a megabyte', { search: schemaOf([...general, ...big]) }],
    ['silence', { search: () => undefined }],
    ['octets that are none', { search: () => Buffer.from('HTTP/1.1 400\r\n\r\n') }],
    ['a refusal of the service account', { serviceBind: ({ id }) => answer.bind(id, 49) }],
  ] as const satisfies readonly (readonly [string, Script])[]) {
    void it(`are not known to be unknown: ${what}`, async () => {
      const { url } = await fake(script);
      assert.deepEqual(await unknown(url, misspelled), []);
    });
  }

  void it('nor where nobody listens', async () => {
    assert.deepEqual(await unknown('ldap://127.0.0.1:1', misspelled), []);
  });
});

function inPieces({ id, base }: FakeRequest): Buffer {
  const entry =
    base === '' ? { subschemaSubentry: ['cn=schema'] } : { 'attributeTypes;range=0-1499': general };
  return Buffer.concat([answer.entry(id, base ?? '', entry), answer.done(id)]);
}

void describe('the attributes of a filter', () => {
  for (const [filter, ...names] of [
    ['(mail={login})', 'mail'],
    ['( & (a=1) (| (b>=2)(c~=3) ) (!(d=*)) )', 'a', 'b', 'c', 'd'],
    ['(member:1.2.840.113556.1.4.1941:={dn})', 'member'],
    ['(cn;lang-en=x\\28y=z)', 'cn;lang-en'],
    ['(:dn:2.4.6:=x)'],
    ['(2.5.4.3=x)', '2.5.4.3'],
    [''],
  ] as const) {
    void it(`${filter}: ${names.join(', ')}`, () => {
      assert.deepEqual(attributesIn(filter), names);
    });
  }
});
