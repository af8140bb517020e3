import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { presetNames } from '../../../plugins/core/directory/presets.ts';
import { directorySettings } from '../../../plugins/core/directory/settings.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';
import { answer, type FakeRequest } from '../../support/fake-ldap.ts';
import { client, fake } from './fixtures.ts';

const needed = { urls: ['ldaps://ldap.corp.example'], bind_dn: 'cn=gatekeeper', base: 'dc=corp,dc=example' };
const custom = directorySettings.parse(needed);

void describe('presets of the directory', () => {
  for (const preset of presetNames) {
    void it(`${preset} is complete and sound`, () => {
      const { success, data } = directorySettings.safeParse({ ...needed, preset });
      assert.ok(success);
      assert.deepEqual(Object.keys(data).sort(), Object.keys(custom).sort());
    });
  }

  void it('custom is what nobody chose', () => {
    assert.deepEqual(directorySettings.parse({ ...needed, preset: 'custom' }), custom);
  });

  void it('gives way to what is said', () => {
    const said = { filter: '(uid={login})', status_attribute: 'state', state_attributes: ['nsAccountLock'] };
    for (const preset of presetNames) {
      const settings = directorySettings.parse({ ...needed, ...said, preset });
      const { filter, status_attribute, state_attributes } = settings;
      assert.deepEqual({ filter, status_attribute, state_attributes }, said);
    }
  });

  for (const [what, more] of [
    ['a preset that nobody knows', { preset: 'exchange' }],
    ['a preset that is no text', { preset: ['openldap'] }],
    ['a name that every object has', { preset: 'toString' }],
    ['nothing instead of a filter', { preset: 'openldap', filter: null }],
    ['a key that nobody knows', { preset: 'openldap', filters: [] }],
  ] as const) {
    void it(`is refused: ${what}`, () => {
      assert.equal(directorySettings.safeParse({ ...needed, ...more }).success, false);
    });
  }

  for (const nothing of [undefined, null, 'openldap', []]) {
    void it(`does not make a section of ${JSON.stringify(nothing)}`, () => {
      assert.equal(directorySettings.safeParse(nothing).success, false);
    });
  }
});

void describe('addresses in Active Directory', () => {
  const addresses = async (attributes: Readonly<Record<string, readonly string[]>>) => {
    const search = ({ id }: FakeRequest) =>
      Buffer.concat([answer.entry(id, 'CN=Alice,DC=corp', attributes), answer.done(id)]);
    const { address_attributes } = directorySettings.parse({ ...needed, preset: 'active-directory' });
    const { directory, logged } = client([(await fake({ search })).url], { address_attributes });
    const found = await directory.find('alice');
    assert.equal(found.kind, 'account');
    return { addresses: found.account.addresses.map(formatMailbox), logged };
  };

  void it('are those of mail, and those of type smtp among proxyAddresses, each once', async () => {
    const attributes = {
      mail: ['alice@corp.example'],
      proxyAddresses: [
        ...['SMTP:alice@corp.example', 'smtp:a.smith@corp.example', 'Smtp:sales@corp.example'],
        ...[
          'x500:/o=Corp/ou=Exchange/cn=alice',
          'sip:alice@corp.example',
          'X400:C=US;S=Smith',
          'x500:smtp:a@b.example',
        ],
      ],
    };
    assert.deepEqual(await addresses(attributes), {
      addresses: ['alice@corp.example', 'a.smith@corp.example', 'sales@corp.example'],
      logged: [],
    });
  });

  void it('have to be addresses', async () => {
    const { addresses: none, logged } = await addresses({ PROXYADDRESSES: ['smtp:', 'smtp:alice'] });
    assert.deepEqual(none, []);
    assert.equal(logged.length, 2);
  });

  void it('need their type: what has none is left out', async () => {
    assert.deepEqual((await addresses({ proxyAddresses: ['alice@corp.example'] })).addresses, []);
  });
});
