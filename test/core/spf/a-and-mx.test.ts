import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { table } from './table.ts';

/** A client by IPv6. */
const ip6 = '2001:db8::1';

const a = (...addresses: string[]): Zone => ({
  'h.test': addresses.map((each) => (each.includes(':') ? { AAAA: each } : { A: each })),
});

table('a (RFC 7208 §5.3)', [
  {
    it: 'an address of the name',
    spf: 'v=spf1 a:h.test -all',
    zone: a('192.0.2.9', '192.0.2.1'),
    is: 'pass',
    asks: ['A h.test'],
  },
  {
    it: 'of the domain itself without one',
    spf: 'v=spf1 a -all',
    zone: { 'corp.example': [{ A: '192.0.2.1' }] },
    is: 'pass',
    asks: ['A corp.example'],
  },
  { it: 'another address', spf: 'v=spf1 a:h.test -all', zone: a('192.0.2.2'), is: 'fail' },
  { it: 'a network', spf: 'v=spf1 a:h.test/24 -all', zone: a('192.0.2.200'), is: 'pass' },
  { it: 'beside the network', spf: 'v=spf1 a:h.test/31 -all', zone: a('192.0.2.2'), is: 'fail' },
  {
    it: 'prefix 0 needs an address',
    spf: 'v=spf1 a:h.test/0 -all',
    zone: { 'h.test': [{ TXT: 'x' }] },
    is: 'fail',
  },
  { it: 'prefix 0 takes any', spf: 'v=spf1 a:h.test/0 -all', zone: a('203.0.113.1'), is: 'pass' },
  {
    it: 'a client by IPv6',
    ip: ip6,
    spf: 'v=spf1 a:h.test -all',
    zone: a('192.0.2.1', ip6),
    is: 'pass',
    asks: ['AAAA h.test'],
  },
  {
    it: 'a network of IPv6',
    ip: ip6,
    spf: 'v=spf1 a:h.test/8//64 -all',
    zone: a('2001:db8::ffff:0:1'),
    is: 'pass',
  },
  {
    it: 'the length for IPv4 is not for IPv6',
    ip: ip6,
    spf: 'v=spf1 a:h.test/0 -all',
    zone: a('2001:db8::2'),
    is: 'fail',
  },
  {
    it: 'a mapped client is one by IPv4',
    ip: '::ffff:192.0.2.1',
    spf: 'v=spf1 a:h.test -all',
    zone: a('192.0.2.1'),
    is: 'pass',
    asks: ['A h.test'],
  },
  {
    it: 'no answer in time',
    spf: 'v=spf1 a:h.test +all',
    zone: { 'h.test': ['TIMEOUT'] },
    is: 'temperror',
    because: /no answer in time: A h\.test/,
  },
  {
    it: 'a server that fails',
    spf: 'v=spf1 a:h.test +all',
    zone: { 'h.test': ['SERVFAIL'] },
    is: 'temperror',
  },
  {
    it: 'a name that cannot exist is not asked for',
    spf: 'v=spf1 a:h...test -all',
    is: 'fail',
    asks: [],
    lookups: { voids: 0 },
  },
  {
    it: 'a name with octets that hosts have not',
    spf: 'v=spf1 a:foo:bar/baz.test -all',
    zone: { 'foo:bar/baz.test': [{ A: '192.0.2.1' }] },
    is: 'pass',
  },
  {
    it: 'a slash and digits in the name',
    spf: 'v=spf1 a:x/24.test/24 -all',
    zone: { 'x/24.test': [{ A: '192.0.2.9' }] },
    is: 'pass',
  },
  { it: 'a dot at the end of the name', spf: 'v=spf1 a:h.test. -all', zone: a('192.0.2.1'), is: 'pass' },
  { it: 'a colon without a name', spf: 'v=spf1 a: -all', is: 'permerror' },
  { it: 'a colon and a length', spf: 'v=spf1 a:/24 -all', is: 'permerror' },
  {
    it: 'length 33',
    spf: 'v=spf1 a/33 -all',
    is: 'permerror',
    because: /a\/33: no prefix length of 0 to 32/,
  },
  { it: 'length 129', spf: 'v=spf1 a//129 -all', is: 'permerror' },
  { it: 'a length with a leading zero', spf: 'v=spf1 a/024 -all', is: 'permerror' },
  { it: 'a length without digits', spf: 'v=spf1 a/ -all', is: 'permerror' },
  { it: 'lengths of both in one slash each', spf: 'v=spf1 a/24/64 -all', is: 'permerror' },
  { it: 'lengths of both in the wrong order', spf: 'v=spf1 a//64/24 -all', is: 'permerror' },
]);

const mx = (...exchanges: string[]): Zone => ({
  'corp.example': exchanges.map((each, index) => ({ MX: [100 - index, each] as const })),
  'h.test': [{ A: '192.0.2.1' }, { AAAA: ip6 }],
});

table('mx (RFC 7208 §5.4)', [
  {
    it: 'an address of an exchange',
    spf: 'v=spf1 mx -all',
    zone: mx('h.test'),
    is: 'pass',
    asks: ['MX corp.example', 'A h.test'],
  },
  {
    it: 'in the order of preference',
    spf: 'v=spf1 mx -all',
    zone: mx('i.test', 'j.test', 'h.test'),
    is: 'pass',
    asks: ['MX corp.example', 'A h.test'],
  },
  {
    it: 'after one without an address',
    spf: 'v=spf1 mx -all',
    zone: mx('h.test', 'j.test'),
    is: 'pass',
    asks: ['MX corp.example', 'A j.test', 'A h.test'],
  },
  {
    it: 'by IPv6',
    ip: ip6,
    spf: 'v=spf1 mx -all',
    zone: mx('h.test'),
    is: 'pass',
    asks: ['MX corp.example', 'AAAA h.test'],
  },
  {
    it: 'of another name, with lengths',
    spf: 'v=spf1 mx:m.test/24//64 -all',
    zone: { 'm.test': [{ MX: [0, 'n.test'] }], 'n.test': [{ A: '192.0.2.7' }] },
    is: 'pass',
  },
  {
    it: 'no MX is not the name itself',
    spf: 'v=spf1 mx -all',
    zone: { 'corp.example': [{ A: '192.0.2.1' }] },
    is: 'fail',
    asks: ['MX corp.example'],
  },
  {
    it: 'the null MX (RFC 7505)',
    spf: 'v=spf1 mx -all',
    zone: { 'corp.example': [{ MX: [0, ''] }] },
    is: 'fail',
    asks: ['MX corp.example'],
    lookups: { voids: 0 },
  },
  {
    it: 'no answer in time',
    spf: 'v=spf1 mx +all',
    zone: { 'corp.example': [{ TIMEOUT: 'MX' }] },
    is: 'temperror',
  },
  {
    it: 'no answer for an exchange',
    spf: 'v=spf1 mx +all',
    zone: { ...mx('i.test'), 'i.test': ['TIMEOUT'] },
    is: 'temperror',
  },
  { it: 'a colon without a name', spf: 'v=spf1 mx: -all', is: 'permerror' },
]);
