import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dottedAddress, formatAddress, parseClient, reverseName } from '../../../plugins/core/spf/address.ts';
import { table } from './table.ts';

table('ip4 and ip6 (RFC 7208 §5.6)', [
  { it: 'the address', spf: 'v=spf1 ip4:192.0.2.1 -all', is: 'pass' },
  { it: 'another', spf: 'v=spf1 ip4:192.0.2.2 -all', is: 'fail' },
  { it: 'a network', spf: 'v=spf1 ip4:192.0.2.128/24 -all', is: 'pass' },
  { it: 'within 17 bits', ip: '10.1.128.1', spf: 'v=spf1 ip4:10.1.255.255/17 -all', is: 'pass' },
  { it: 'beside 17 bits', ip: '10.1.127.1', spf: 'v=spf1 ip4:10.1.128.0/17 -all', is: 'fail' },
  { it: 'everybody', spf: 'v=spf1 ip4:10.0.0.1/0 -all', is: 'pass' },
  {
    it: 'a mapped client is one by IPv4',
    ip: '::FFFF:192.0.2.1',
    spf: 'v=spf1 ip4:192.0.2.1 -all',
    is: 'pass',
  },
  { it: 'and none by IPv6', ip: '::ffff:192.0.2.1', spf: 'v=spf1 ip6:::ffff:192.0.2.1 -all', is: 'fail' },
  { it: 'IPv6', ip: '2001:DB8:0::1', spf: 'v=spf1 ip6:2001:db8::1 -all', is: 'pass' },
  { it: 'within 33 bits', ip: '2001:db8:8000::', spf: 'v=spf1 ip6:2001:db8:ffff::/33 -all', is: 'pass' },
  { it: 'beside 33 bits', ip: '2001:db8:7fff::', spf: 'v=spf1 ip6:2001:db8:ffff::/33 -all', is: 'fail' },
  { it: 'all of IPv6 is not IPv4', spf: 'v=spf1 ip6:::/0 -all', is: 'fail' },
  { it: 'all of IPv4 is not IPv6', ip: '::1', spf: 'v=spf1 ip4:0.0.0.0/0 -all', is: 'fail' },
  {
    it: 'the last 32 bits dotted',
    ip: '64:ff9b::c000:201',
    spf: 'v=spf1 ip6:64:ff9b::192.0.2.1 -all',
    is: 'pass',
  },
  { it: 'a client with a zone', ip: 'fe80::1%eth0', spf: 'v=spf1 ip6:fe80::/10 -all', is: 'pass' },
  {
    it: 'neither asks the DNS',
    spf: 'v=spf1 ip4:192.0.2.2 ip6:::1 -all',
    is: 'fail',
    asks: [],
    lookups: { terms: 0 },
  },
  ...[
    'ip4',
    'ip4:',
    'ip4:192.0.2',
    'ip4:192.0.2.256',
    'ip4:192.0.02.1',
    'ip4:192.0.2.1.',
    'ip4:192.0.2.1/',
    'ip4:192.0.2.1/33',
    'ip4:192.0.2.1/08',
    'ip4:192.0.2.1//32',
    'ip4:192.0.2.1/24//64',
    'ip4:192.0.2.1/-1',
    'ip4:192.0.2.1:25',
    'ip4:%{i}',
    'ip4:::1',
    'ip6',
    'ip6:',
    'ip6:192.0.2.1',
    'ip6::1:2',
    'ip6:1::2::3',
    'ip6:fe80::1%eth0',
    'ip6:[::1]',
    'ip6:::1/129',
    'ip6:::1/064',
    'ip6:::1//64',
    'ip6:::1/',
  ].map((term) => ({ it: term, spf: `v=spf1 ${term} -all`, is: 'permerror' }) as const),
]);

describe('addresses of clients', () => {
  for (const [text, shown] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['0:0:0:0:0:FFFF:C000:0201', '192.0.2.1'],
    ['::ffff:0:192.0.2.1', '::ffff:0:c000:201'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['10:100:0:0:0:0:0:10', '10:100::10'],
    ['fe80::1%lo', 'fe80::1'],
  ] as const) {
    it(`${text} is ${shown} (RFC 5952 §4)`, () => {
      const address = parseClient(text);
      assert.equal(address && formatAddress(address), shown);
    });
  }

  for (const text of ['', '192.0.2', '192.0.2.01', '1:2', 'localhost', '192.0.2.1\n', ' ::1', '[::1]']) {
    it(`${JSON.stringify(text)} is none`, () => {
      assert.equal(parseClient(text), undefined);
    });
  }

  it('are found in the DNS by reverse names', () => {
    const [v4, v6] = [parseClient('192.0.2.1'), parseClient('2001:db8::cb01')];
    assert.ok(v4 && v6);
    assert.equal(reverseName(v4), '1.2.0.192.in-addr.arpa');
    assert.equal(reverseName(v6), `1.0.b.c.${'0.'.repeat(20)}8.b.d.0.1.0.0.2.ip6.arpa`);
    assert.equal(dottedAddress(v6), `2.0.0.1.0.D.B.8.${'0.'.repeat(20)}C.B.0.1`);
  });
});
