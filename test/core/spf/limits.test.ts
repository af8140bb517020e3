import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { table } from './table.ts';

const hosts = (count: number, prefix = 'a:h'): string =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}.test`).join(' ');
const addresses = (count: number): Zone =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}.test`, [{ A: '192.0.2.9' }]]));
const exchanges = (count: number): Zone => ({
  ...addresses(count),
  'corp.example': Array.from({ length: count }, (_, index) => ({ MX: [index, `h${index}.test`] as const })),
});

table('limits (RFC 7208 §4.6.4)', [
  {
    it: 'ten terms',
    spf: `v=spf1 ${hosts(10)} -all`,
    zone: addresses(10),
    is: 'fail',
    lookups: { terms: 10, queries: 11 },
  },
  {
    it: 'eleven terms',
    spf: `v=spf1 ${hosts(11)} -all`,
    zone: addresses(11),
    is: 'permerror',
    because: /more than 10 terms.*at a:h10\.test/,
    lookups: { terms: 10, queries: 11 },
  },
  {
    it: 'eleven terms, of which the first matches',
    spf: `v=spf1 ${hosts(11)}`,
    zone: { 'h0.test': [{ A: '192.0.2.1' }] },
    is: 'pass',
  },
  {
    it: 'addresses, all and exp do not count',
    spf: `v=spf1 ip4:192.0.2.2 ip6:::1 ${hosts(10)} exp=e.test -all`,
    zone: { ...addresses(10), 'e.test': [{ TXT: 'no' }] },
    is: 'fail',
    explanation: 'no',
  },
  {
    it: 'redirect counts',
    spf: `v=spf1 ${hosts(10)} redirect=a.test`,
    zone: addresses(10),
    is: 'permerror',
    because: /at redirect=a\.test/,
  },
  {
    it: 'terms of an include count with the others',
    spf: 'v=spf1 include:a.test a:h9.test -all',
    zone: { 'a.test': [{ TXT: `v=spf1 ${hosts(9)}` }], ...addresses(10) },
    is: 'permerror',
  },
  {
    it: 'an include of itself',
    spf: 'v=spf1 include:corp.example -all',
    is: 'permerror',
    lookups: { terms: 10, queries: 1 },
  },
  {
    it: 'a redirect to itself',
    spf: 'v=spf1 redirect=corp.example',
    is: 'permerror',
    lookups: { terms: 10, queries: 1 },
  },
  {
    it: 'the number of terms can be set',
    spf: `v=spf1 ${hosts(3)} -all`,
    zone: addresses(3),
    limits: { terms: 2 },
    is: 'permerror',
  },
  { it: 'two void lookups', spf: `v=spf1 ${hosts(2)} -all`, is: 'fail', lookups: { voids: 2 } },
  {
    it: 'three void lookups',
    spf: `v=spf1 ${hosts(3)} -all`,
    is: 'permerror',
    because: /more than 2 terms that are answered with nothing, at h2\.test/,
  },
  {
    it: 'a name without a record of the type is as void as no name',
    spf: `v=spf1 ${hosts(3)} -all`,
    zone: { 'h0.test': [{ AAAA: '::1' }], 'h1.test': [{ TXT: 'x' }], 'h2.test': [{ MX: [0, 'a.test'] }] },
    is: 'permerror',
  },
  {
    it: 'exists and mx are void as well',
    spf: 'v=spf1 exists:a.test mx:b.test exists:c.test -all',
    is: 'permerror',
  },
  {
    it: 'the number of void lookups can be set',
    spf: `v=spf1 ${hosts(3)} -all`,
    limits: { voids: 3 },
    is: 'fail',
  },
  {
    it: 'a term is void once',
    spf: 'v=spf1 mx a:h0.test -all',
    zone: { 'corp.example': exchanges(5)['corp.example'] ?? [] },
    is: 'fail',
    lookups: { voids: 2, queries: 7 },
  },
  {
    it: 'the explanation is no void lookup',
    spf: `v=spf1 ${hosts(2)} exp=e.test -all`,
    is: 'fail',
    lookups: { voids: 2 },
  },
  {
    it: 'names of the client are no void lookups',
    spf: 'v=spf1 ptr -all',
    zone: { '1.2.0.192.in-addr.arpa': ['a', 'b', 'c'].map((name) => ({ PTR: `${name}.corp.example` })) },
    is: 'fail',
    lookups: { voids: 0, queries: 5 },
  },
  { it: 'ten MX', spf: 'v=spf1 mx -all', zone: exchanges(10), is: 'fail', lookups: { queries: 12 } },
  {
    it: 'eleven MX',
    spf: 'v=spf1 mx -all',
    zone: exchanges(11),
    is: 'permerror',
    because: /corp\.example: 11 MX records, more than 10/,
    lookups: { queries: 2 },
  },
  {
    it: 'the number of MX can be set',
    spf: 'v=spf1 mx -all',
    zone: exchanges(3),
    limits: { mxNames: 2 },
    is: 'permerror',
  },
  {
    it: 'the number of questions can be set',
    spf: `v=spf1 ${hosts(3)} -all`,
    zone: addresses(3),
    limits: { queries: 3 },
    is: 'permerror',
    because: /more than 3 questions/,
    lookups: { queries: 3 },
  },
  {
    it: 'the largest record that the RFC allows is within the default',
    spf: `v=spf1 ?exists:%{p} ${Array.from({ length: 9 }, (_, index) => `mx:m${index}.test`).join(' ')} exp=e.test -all`,
    zone: largest(),
    is: 'fail',
    explanation: 'no',
    lookups: { terms: 10, queries: 113 },
  },
]);

/** Nine MX of ten names each, and ten names of the client. */
function largest(): Zone {
  const ten = Array.from({ length: 10 }, (_, index) => index);
  const names = ten.flatMap((at) => ten.map((index) => `h${at}-${index}.test`));
  const exchangesOf = (at: number) => ten.map((index) => ({ MX: [index, `h${at}-${index}.test`] as const }));
  return {
    ...Object.fromEntries(names.map((name) => [name, [{ A: '192.0.2.9' }]])),
    ...Object.fromEntries(ten.map((at) => [`m${at}.test`, exchangesOf(at)])),
    '1.2.0.192.in-addr.arpa': ten.map((index) => ({ PTR: `h9-${index}.test` })),
    'e.test': [{ TXT: 'no' }],
  };
}

table('nothing is asked twice', [
  {
    it: 'the same name',
    spf: 'v=spf1 a:h.test a:H.test. a:h.test -all',
    zone: { 'h.test': [{ A: '192.0.2.9' }] },
    is: 'fail',
    asks: ['A h.test'],
    lookups: { terms: 3 },
  },
  {
    it: 'the same include',
    spf: 'v=spf1 include:a.test include:a.test -all',
    zone: { 'a.test': [{ TXT: 'v=spf1 ~all' }] },
    is: 'fail',
    asks: ['TXT a.test'],
  },
  {
    it: 'nothing after the match',
    spf: 'v=spf1 a:h.test a:i.test -all',
    zone: { 'h.test': [{ A: '192.0.2.1' }] },
    is: 'pass',
    asks: ['A h.test'],
  },
]);
