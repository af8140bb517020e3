import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { table } from './table.ts';

/** A client by IPv6. */
const ip6 = '2001:db8::1';

table('all (RFC 7208 §5.1)', [
  { it: 'matches', spf: 'v=spf1 ~all', is: 'softfail', mechanism: '~all' },
  { it: 'the first one', spf: 'v=spf1 all -all', is: 'pass' },
  { it: 'has no argument', spf: 'v=spf1 -all:corp.example', is: 'permerror', because: /"all" stands alone/ },
  { it: 'has no prefix length', spf: 'v=spf1 -all/8', is: 'permerror' },
  { it: 'has no dot', spf: 'v=spf1 -all.', is: 'permerror' },
]);

const included = (spf: string): Zone => ({ 'a.test': [{ TXT: spf }] });
const include = 'v=spf1 include:a.test ?all';

table('include (RFC 7208 §5.2)', [
  {
    it: 'pass matches',
    spf: include,
    zone: included('v=spf1 +all'),
    is: 'pass',
    mechanism: 'include:a.test',
  },
  { it: 'fail does not', spf: include, zone: included('v=spf1 -all'), is: 'neutral', mechanism: '?all' },
  { it: 'softfail does not', spf: include, zone: included('v=spf1 ~all'), is: 'neutral', mechanism: '?all' },
  { it: 'neutral does not', spf: include, zone: included('v=spf1'), is: 'neutral', mechanism: '?all' },
  {
    it: 'temperror is one',
    spf: include,
    zone: { 'a.test': ['TIMEOUT'] },
    is: 'temperror',
    because: /TXT a\.test/,
  },
  {
    it: 'permerror is one',
    spf: include,
    zone: included('v=spf1 moo'),
    is: 'permerror',
    because: /^a\.test: moo/,
  },
  { it: 'none is a permerror', spf: include, is: 'permerror', because: /include: a\.test has no SPF record/ },
  {
    it: 'the qualifier is that of the include',
    spf: 'v=spf1 -include:a.test',
    zone: included('v=spf1 +all'),
    is: 'fail',
  },
  {
    it: 'a pass with "-" is no pass',
    spf: 'v=spf1 -include:a.test +all',
    zone: included('v=spf1 +all'),
    is: 'fail',
  },
  {
    it: 'the domain is the included one',
    spf: include,
    zone: included('v=spf1 a:x.%{d} -all'),
    is: 'neutral',
    asks: ['TXT a.test', 'A x.a.test'],
  },
  {
    it: 'a redirect within it counts',
    spf: include,
    zone: { ...included('v=spf1 redirect=b.test'), 'b.test': [{ TXT: 'v=spf1 +all' }] },
    is: 'pass',
  },
  {
    it: 'a name of one label',
    spf: 'v=spf1 include:%{l} -all',
    is: 'permerror',
    because: /alice: a name of one label/,
    asks: [],
  },
  { it: 'needs a name', spf: 'v=spf1 include -all', is: 'permerror', because: /":" is missing/ },
  {
    it: 'needs more than a colon',
    spf: 'v=spf1 include: -all',
    is: 'permerror',
    because: /a name is missing/,
  },
  { it: 'has no prefix length', spf: 'v=spf1 include:a.test/24 -all', is: 'permerror' },
]);

const ptr = (...names: string[]): Zone => ({
  '1.2.0.192.in-addr.arpa': names.map((name) => ({ PTR: name })),
});
const valid = { 'mail.corp.example': [{ A: '192.0.2.1' }] } as const;

table('ptr (RFC 7208 §5.5)', [
  {
    it: 'a name below the domain that leads back',
    spf: 'v=spf1 ptr -all',
    zone: { ...ptr('mail.corp.example'), ...valid },
    is: 'pass',
    asks: ['PTR 1.2.0.192.in-addr.arpa', 'A mail.corp.example'],
  },
  {
    it: 'the domain itself',
    spf: 'v=spf1 ptr:mail.corp.example -all',
    zone: { ...ptr('MAIL.corp.Example'), ...valid },
    is: 'pass',
  },
  {
    it: 'a name that leads elsewhere',
    spf: 'v=spf1 ptr -all',
    zone: { ...ptr('mail.corp.example'), 'mail.corp.example': [{ A: '192.0.2.2' }] },
    is: 'fail',
  },
  {
    it: 'names outside are not asked for',
    spf: 'v=spf1 ptr -all',
    zone: ptr('mail.other.example', 'notcorp.example'),
    is: 'fail',
    asks: ['PTR 1.2.0.192.in-addr.arpa'],
  },
  { it: 'no names', spf: 'v=spf1 ptr -all', is: 'fail', lookups: { voids: 0, terms: 1 } },
  {
    it: 'trouble is no match',
    spf: 'v=spf1 ptr ~all',
    zone: { '1.2.0.192.in-addr.arpa': ['TIMEOUT'] },
    is: 'softfail',
  },
  {
    it: 'trouble with a name skips it',
    spf: 'v=spf1 ptr -all',
    zone: { ...ptr('x.corp.example', 'mail.corp.example'), ...valid, 'x.corp.example': ['SERVFAIL'] },
    is: 'pass',
  },
  {
    it: 'the tenth name',
    spf: 'v=spf1 ptr -all',
    zone: { ...ptr(...Array<string>(9).fill('x.test'), 'mail.corp.example'), ...valid },
    is: 'pass',
  },
  {
    it: 'the eleventh name',
    spf: 'v=spf1 ptr -all',
    zone: { ...ptr(...Array<string>(10).fill('x.test'), 'mail.corp.example'), ...valid },
    is: 'fail',
  },
  {
    it: 'the number of names can be set',
    spf: 'v=spf1 ptr -all',
    limits: { ptrNames: 1 },
    zone: { ...ptr('x.test', 'mail.corp.example'), ...valid },
    is: 'fail',
  },
  {
    it: 'by IPv6',
    ip: ip6,
    spf: 'v=spf1 ptr -all',
    zone: {
      [`1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`]: [{ PTR: 'corp.example' }],
      'corp.example': [{ AAAA: ip6 }],
    },
    is: 'pass',
  },
  { it: 'has no prefix length', spf: 'v=spf1 ptr/24 -all', is: 'permerror' },
  { it: 'a colon without a name', spf: 'v=spf1 ptr: -all', is: 'permerror' },
]);

const a = (...addresses: string[]): Zone => ({
  'h.test': addresses.map((each) => (each.includes(':') ? { AAAA: each } : { A: each })),
});

table('exists (RFC 7208 §5.7)', [
  {
    it: 'any address',
    spf: 'v=spf1 exists:h.test -all',
    zone: a('127.0.0.2'),
    is: 'pass',
    asks: ['A h.test'],
  },
  {
    it: 'of IPv4, whatever the client has',
    ip: ip6,
    spf: 'v=spf1 exists:h.test -all',
    zone: a('127.0.0.2'),
    is: 'pass',
    asks: ['A h.test'],
  },
  { it: 'no other record', ip: ip6, spf: 'v=spf1 exists:h.test -all', zone: a('::1'), is: 'fail' },
  {
    it: 'no answer in time',
    spf: 'v=spf1 exists:h.test +all',
    zone: { 'h.test': ['TIMEOUT'] },
    is: 'temperror',
  },
  { it: 'needs a name', spf: 'v=spf1 exists -all', is: 'permerror' },
  { it: 'has no prefix length', spf: 'v=spf1 exists:h.test/24 -all', is: 'permerror' },
]);
