import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import { memoryDns } from './memory-dns.ts';
import { table, usual } from './table.ts';

/** What `exists:TEXT` asks for, and the text of a macro in an explanation. */
const expansions: readonly (readonly [macro: string, is: string])[] = [
  // RFC 7208 §7.4, its examples.
  ['%{s}', 'strong-bad@email.example.com'],
  ['%{o}', 'email.example.com'],
  ['%{d}', 'email.example.com'],
  ['%{d4}', 'email.example.com'],
  ['%{d3}', 'email.example.com'],
  ['%{d2}', 'example.com'],
  ['%{d1}', 'com'],
  ['%{dr}', 'com.example.email'],
  ['%{d2r}', 'example.email'],
  ['%{l}', 'strong-bad'],
  ['%{l-}', 'strong.bad'],
  ['%{lr}', 'strong-bad'],
  ['%{lr-}', 'bad.strong'],
  ['%{l1r-}', 'strong'],
  ['%{ir}.%{v}._spf.%{d2}', '3.2.0.192.in-addr._spf.example.com'],
  ['%{lr-}.lp._spf.%{d2}', 'bad.strong.lp._spf.example.com'],
  ['%{lr-}.lp.%{ir}.%{v}._spf.%{d2}', 'bad.strong.lp.3.2.0.192.in-addr._spf.example.com'],
  ['%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}', '3.2.0.192.in-addr.strong.lp._spf.example.com'],
  ['%{d2}.trusted-domains.example.net', 'example.com.trusted-domains.example.net'],
  // §7.1 to §7.3
  ['x%%y.test', 'x%y.test'],
  ['x%_y.test', 'x y.test'],
  ['x%-y.test', 'x%20y.test'],
  ['%{D2}', 'example.com'],
  ['%{d2R}', 'example.email'],
  ['%{S}', 'strong-bad%40email.example.com'],
  ['%{h}', 'mail.sender.test'],
  ['%{H}', 'mail.sender.test'],
  ['%{p}', 'unknown'],
  ['%{d001}', 'com'],
  ['%{d99999999999999999999}', 'email.example.com'],
  ['%{l1-}', 'bad'],
  ['%{s3-.}', 'bad@email.example.com'],
  ['%{d.-+,/_=}', 'email.example.com'],
  ['%{d-}', 'email.example.com'],
  ['%{o1}', 'com'],
  ['%{v}.test', 'in-addr.test'],
  ['%{i}.test.', '192.0.2.3.test'],
];

describe('macros (RFC 7208 §7.4)', () => {
  for (const [text, is] of expansions) {
    it(`${text} is ${is}`, async () => {
      const dns = memoryDns({ 'email.example.com': [{ TXT: `v=spf1 exists:${text} -all` }] });
      const question = { ...usual, ip: '192.0.2.3', sender: 'strong-bad@email.example.com' };
      const outcome = await checkHost(question, dns);
      assert.equal(outcome.result, 'fail', outcome.because);
      assert.equal(dns.asked.at(-1), `A ${is}`);
    });
  }
});

const v6 = `1.0.b.c.${'0.'.repeat(20)}8.b.d.0.1.0.0.2`;
const existing = (name: string) => ({ [name]: [{ A: '127.0.0.2' }] }) as const;
const long = `${'a'.repeat(60)}.`.repeat(3);

table('names from macros (RFC 7208 §7.1, §7.3)', [
  {
    it: 'IPv6 in nibbles',
    ip: '2001:db8::cb01',
    spf: 'v=spf1 exists:%{ir}.%{v}._spf.test -all',
    zone: existing(`${v6}.ip6._spf.test`),
    is: 'pass',
  },
  {
    it: 'a mapped client is one by IPv4',
    ip: '::ffff:192.0.2.1',
    spf: 'v=spf1 exists:%{i}.%{v}.test -all',
    zone: existing('192.0.2.1.in-addr.test'),
    is: 'pass',
  },
  {
    it: 'what HELO said, octet for octet',
    helo: 'a\x00b\u00fc',
    spf: 'v=spf1 exists:%{h}.test -all',
    zone: existing('a\0b\xc3\xbc.test'),
    is: 'pass',
  },
  {
    it: 'escaped for a URL',
    helo: "JUMPIN' J\u00fc~",
    spf: 'v=spf1 exists:%{H}.test -all',
    zone: existing('jumpin%27%20j%c3%bc~.test'),
    is: 'pass',
  },
  {
    it: 'a name of 253 octets',
    spf: `v=spf1 exists:${long}${'b'.repeat(57)}.%{v}.test -all`,
    zone: existing(`${long}${'b'.repeat(57)}.in-addr.test`),
    is: 'pass',
  },
  {
    it: 'a longer one loses labels from the left',
    spf: `v=spf1 exists:x.y.${long}${'b'.repeat(57)}.%{v}.test. -all`,
    zone: existing(`${long}${'b'.repeat(57)}.in-addr.test`),
    is: 'pass',
  },
  {
    it: 'a longer one without macros too',
    spf: `v=spf1 exists:${long}${long}test -all`,
    zone: existing(`${long}${'a'.repeat(60)}.test`),
    is: 'pass',
  },
  {
    it: 'one without dots has nothing to lose',
    helo: 'a'.repeat(300),
    spf: 'v=spf1 exists:%{h} -all',
    is: 'fail',
    asks: [],
  },
  {
    it: 'a label too long cannot be asked for',
    helo: 'a'.repeat(64),
    spf: 'v=spf1 exists:%{h}.test -all',
    is: 'fail',
    asks: [],
  },
  {
    it: 'an empty label cannot be asked for',
    helo: '',
    spf: 'v=spf1 exists:%{h}.test -all',
    is: 'fail',
    asks: [],
  },
  {
    it: 'a local-part beyond ASCII matches nothing (RFC 8616 §4)',
    sender: 'j\u00f6rg@corp.example',
    spf: 'v=spf1 exists:%{l}.test exists:%{S}.test -all',
    zone: existing('j\xc3\xb6rg.test'),
    is: 'fail',
    asks: [],
  },
  {
    it: 'nor does it redirect',
    sender: 'j\u00f6rg@corp.example',
    spf: 'v=spf1 redirect=%{l}.test',
    is: 'permerror',
    because: /no name for this sender/,
  },
  {
    it: 'U-labels of the sender are A-labels',
    sender: 'a@b\u00fccher.example',
    zone: {
      'xn--bcher-kva.example': [{ TXT: 'v=spf1 exists:%{o}.%{d}.test -all' }],
      ...existing('xn--bcher-kva.example.xn--bcher-kva.example.test'),
    },
    is: 'pass',
  },
  {
    it: 'a macro that is its own text',
    sender: 'aaaa%{l}@corp.example',
    spf: 'v=spf1 exists:%{l}.test -all',
    zone: existing('aaaa%{l}.test'),
    is: 'pass',
  },
  { it: '500 macros', spf: `v=spf1 exists:${'%{h}'.repeat(500)} -all`, helo: '', is: 'fail' },
  {
    it: '501 macros',
    spf: `v=spf1 exists:${'%{h}'.repeat(501)} -all`,
    helo: '',
    is: 'permerror',
    because: /more than 500 macros/,
  },
]);

table('the grammar of macros (RFC 7208 §7.1)', [
  ...[
    '%',
    '%a',
    '%{',
    '%{}',
    '%{d',
    '%{x}',
    '%{dd}',
    '%{d0}',
    '%{d00}',
    '%{dr2}',
    '%{drr}',
    '%{d;}',
    '%{d.r}',
    '%{ d}',
    '%(d)',
    '%{c}',
    '%{r}',
    '%{t}',
    '%{d}.',
    'x%{d}y',
    'test',
    'a.123',
    'a.-b',
    'a.b-',
    'a.b_c',
    'a.',
    '.',
    'a..',
  ].map((name) => ({ it: name, spf: `v=spf1 exists:${name} -all`, is: 'permerror' }) as const),
  ...[
    '%{d}',
    'x%{d}',
    '%%',
    'x.%_',
    'a.b',
    'a.b.',
    '.b',
    'a.b-c',
    'a.1-2',
    'a.1b',
    'a..b',
    '!.b',
    '%{d}.b',
  ].map((name) => ({ it: name, spf: `v=spf1 ?exists:${name} -all`, is: 'fail' }) as const),
]);

const reverse = {
  '1.2.0.192.in-addr.arpa': ['x.other.test', 'b.corp.example', 'Corp.Example', 'a.corp.example'].map(
    (name) => ({ PTR: name }),
  ),
};
const leads = (...names: string[]) => Object.fromEntries(names.map((name) => [name, [{ A: '192.0.2.1' }]]));
const p = 'v=spf1 ?exists:%{p}.test -all';

table('the validated name, macro p (RFC 7208 §7.3)', [
  {
    it: 'the domain itself',
    spf: p,
    zone: { ...reverse, 'corp.example': [{ A: '192.0.2.1' }], ...leads('b.corp.example', 'x.other.test') },
    is: 'fail',
    asks: ['PTR 1.2.0.192.in-addr.arpa', 'A corp.example', 'A corp.example.test'],
  },
  {
    it: 'else a name below it',
    spf: p,
    zone: { ...reverse, ...leads('a.corp.example', 'x.other.test') },
    is: 'fail',
    asks: [
      'PTR 1.2.0.192.in-addr.arpa',
      'A corp.example',
      'A b.corp.example',
      'A a.corp.example',
      'A a.corp.example.test',
    ],
  },
  {
    it: 'else any',
    spf: p,
    zone: { ...reverse, ...leads('x.other.test') },
    is: 'fail',
    asks: [
      'PTR 1.2.0.192.in-addr.arpa',
      'A corp.example',
      'A b.corp.example',
      'A a.corp.example',
      'A x.other.test',
      'A x.other.test.test',
    ],
  },
  { it: 'else unknown', spf: p, is: 'fail', asks: ['PTR 1.2.0.192.in-addr.arpa', 'A unknown.test'] },
  {
    it: 'trouble is unknown',
    spf: p,
    zone: { '1.2.0.192.in-addr.arpa': ['TIMEOUT'] },
    is: 'fail',
    asks: ['PTR 1.2.0.192.in-addr.arpa', 'A unknown.test'],
  },
  {
    it: 'is looked up once',
    spf: 'v=spf1 ?exists:%{p}.test ?exists:%{p}.%{p1r}.test ptr -all',
    zone: { ...reverse, ...leads('b.corp.example') },
    is: 'pass',
    asks: [
      'PTR 1.2.0.192.in-addr.arpa',
      'A corp.example',
      'A b.corp.example',
      'A b.corp.example.test',
      'A b.corp.example.b.test',
    ],
  },
]);
