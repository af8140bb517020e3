import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identityOfAccount } from '../../plugins/core/identity.ts';
import { mailbox } from '../support/mailbox.ts';
import {
  isServerElsewhere,
  networkNamed,
  registrationAt,
  withRegistration,
} from '../../plugins/core/registrations.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { nothingDelegated } from '../../plugins/core/rights.ts';

const { policy } = parseSettings(
  `
roles: [mx]
registered_networks:
  - {name: scanners, owner: dave, addresses: [10.1.0.0/24, "2001:db8:1::/64"], send_as: [scanner@corp.example], expires: 2027-01-31}
  - {name: old-printer, owner: dave, addresses: [10.1.1.7], domains: [PRINT.example], tls: optional, expires: 2027-01-31}
mail_servers:
  - {name: exchange, owner: dave, account: Exchange@CORP.example, domains: [corp.example, BÜCHER.example], addresses: [10.2.0.5]}
  - {name: crm, owner: dave, account: "uid=CRM,ou=services,dc=corp,dc=example", domains: [crm.example], expires: 2027-01-31}
  - {name: shop, owner: dave, account: shop@corp.example, limits: [recipients_per_hour=none], expires: 2027-01-31}
`,
  'test',
);

const now = new Date('2026-12-01T12:00:00Z');
const later = new Date('2027-02-01T00:00:00Z');

void describe('a client that has not logged in', () => {
  const cases = [
    { address: '10.1.0.7', inClear: false, is: 'scanners valid, network:scanners' },
    { address: '10.1.0.7', inClear: true, is: 'scanners in-clear' },
    { address: '::ffff:10.1.0.7', inClear: false, is: 'scanners valid, network:scanners' },
    { address: '2001:db8:1::9', inClear: false, is: 'scanners valid, network:scanners' },
    { address: '2001:db8:2::9', inClear: false, is: 'a stranger' },
    { address: '10.1.1.7', inClear: true, is: 'old-printer valid, network:old-printer' },
    { address: '10.1.1.8', inClear: false, is: 'a stranger' },
    { address: 'unknown', inClear: false, is: 'a stranger' },
    { address: '10.1.0.7', inClear: false, at: later, is: 'scanners expired' },
    { address: '10.1.0.7', inClear: true, at: later, is: 'scanners expired' },
  ];
  for (const { address, inClear, at = now, is } of cases) {
    void it(`${address}${inClear ? ' in clear' : ''} on ${at.toISOString().slice(0, 10)} is ${is}`, () => {
      const found = registrationAt({ address, inClear }, policy, at);
      const { name, standing, identity } = found ?? {};
      assert.equal(found ? `${name} ${standing}${identity ? `, ${identity.id}` : ''}` : 'a stranger', is);
      assert.equal(found !== undefined && identity === undefined, found?.lapsed !== undefined);
    });
  }

  void it('may send as what its entry says, and forwards nothing', () => {
    const scanners = networkNamed('Scanners', policy, now);
    assert.deepEqual(scanners && { ...scanners, addresses: scanners.addresses.map(({ local }) => local) }, {
      ...{ proof: 'network', name: 'scanners', id: 'network:scanners', addresses: ['scanner'] },
      ...nothingDelegated,
      forwards: 'off',
    });
    assert.deepEqual(networkNamed('old-printer', policy, now)?.domains, ['print.example']);
    assert.equal(networkNamed('old-printer', policy, later), undefined);
  });
});

void describe('the account of a mail server', () => {
  const account = (id: string, address: string) =>
    identityOfAccount({ id, name: address, addresses: [mailbox(address)] });
  const exchange = account('uid=exchange,dc=corp,dc=example', 'exchange@corp.example');
  const crm = account('UID=crm,ou=services,dc=corp,dc=example', 'noreply@crm.example');
  const alice = account('uid=alice,dc=corp,dc=example', 'alice@corp.example');

  const cases = [
    { who: exchange, server: 'exchange', domains: ['corp.example', 'xn--bcher-kva.example'] },
    { who: exchange, at: later, server: 'exchange', domains: ['corp.example', 'xn--bcher-kva.example'] },
    { who: crm, server: 'crm', domains: ['crm.example'] },
    { who: crm, at: later, domains: [] },
    { who: alice, domains: [] },
  ];
  for (const { who, at = now, domains, ...entry } of cases) {
    void it(`${who.name} on ${at.toISOString().slice(0, 10)} may write for ${domains.join(', ') || 'no domain'}`, () => {
      assert.deepEqual(withRegistration(who, policy, at), { ...who, ...entry, domains });
    });
  }

  const places = [
    { who: exchange, client: '10.2.0.5', is: false },
    { who: exchange, client: '10.2.0.6', is: true },
    { who: exchange, client: 'unknown', is: true },
    { who: crm, client: '192.0.2.1', is: false },
    { who: alice, client: '192.0.2.1', is: false },
  ];
  for (const { who, client, is } of places) {
    void it(`${who.name} ${is ? 'may not log in' : 'logs in'} from ${client}`, () => {
      assert.equal(isServerElsewhere(who, client, policy, now), is);
    });
  }
});

void describe('limits of an entry', () => {
  const account = identityOfAccount({
    id: 'uid=shop,dc=corp,dc=example',
    name: 'shop@corp.example',
    addresses: [],
  });
  const own = { ...account, limits: { recipients_per_hour: 5, sessions: 2 } };

  void it('take the place of those of the directory, each by itself', () => {
    assert.deepEqual(withRegistration(own, policy, now).limits, { recipients_per_hour: 'none', sessions: 2 });
  });

  void it('end with it', () => assert.deepEqual(withRegistration(own, policy, later).limits, own.limits));
});
