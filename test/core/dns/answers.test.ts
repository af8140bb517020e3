import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecordType } from '../../../plugins/core/dns/dns.ts';
import { asked, record, soa, text, wireName, type Parts } from '../../support/fake-dns.ts';
import { alias, concluded } from './concluded.ts';

const address = Buffer.from([192, 0, 2, 1]);
const other = wireName('other.example');
const nowhere = { owner: wireName('nowhere.example') };

describe('dns: records', () => {
  const mx = (preference: number, name: Buffer): Buffer =>
    record('MX', Buffer.concat([Buffer.from([preference >> 8, preference & 0xff]), name]));
  const strings = (...lengths: number[]): Buffer =>
    record(
      'TXT',
      Buffer.concat(
        lengths.map((length) => Buffer.concat([Buffer.from([length]), Buffer.alloc(length, 'x')])),
      ),
    );
  const cases: readonly {
    it: string;
    type: RecordType;
    answers: readonly Buffer[];
    is: readonly unknown[];
  }[] = [
    { it: 'an address', type: 'A', answers: [record('A', address)], is: ['192.0.2.1'] },
    {
      it: 'several, in their order',
      type: 'TXT',
      answers: [text('b'), text('a'), text('b')],
      is: ['b', 'a', 'b'],
    },
    { it: 'any octets', type: 'TXT', answers: [text('\0\n\x80\xff')], is: ['\0\n\x80\xff'] },
    {
      it: 'strings without anything between (RFC 7208 §3.3)',
      type: 'TXT',
      answers: [strings(255, 0, 3)],
      is: ['x'.repeat(258)],
    },
    { it: 'an empty string', type: 'TXT', answers: [text('')], is: [''] },
    { it: 'a text without strings', type: 'TXT', answers: [record('TXT', Buffer.alloc(0))], is: [''] },
    {
      it: 'an exchange',
      type: 'MX',
      answers: [mx(65_535, wireName('MX.\xff.example'))],
      is: [{ preference: 65_535, exchange: 'MX.\xff.example' }],
    },
    {
      it: 'no exchange (RFC 7505 §3)',
      type: 'MX',
      answers: [mx(0, wireName(''))],
      is: [{ preference: 0, exchange: '' }],
    },
    { it: 'a name by a pointer', type: 'PTR', answers: [record('PTR', asked)], is: ['name.example'] },
    {
      it: 'a name that ends with a pointer',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([1, 0x61, 0xc0, 17]))],
      is: ['a.example'],
    },
    {
      it: 'an owner in another case',
      type: 'TXT',
      answers: [text('a', { owner: wireName('NAME.example') })],
      is: ['a'],
    },
    { it: 'none of another name', type: 'TXT', answers: [text('no', nowhere), text('a')], is: ['a'] },
    {
      it: 'none of a name that begins alike',
      type: 'TXT',
      answers: ['nope.example', 'name.example'].map((name) => text(name, { owner: wireName(name) })),
      is: ['name.example'],
    },
    { it: 'none of another class', type: 'TXT', answers: [text('no', { class: 3 }), text('a')], is: ['a'] },
    { it: 'none of another type', type: 'TXT', answers: [record('A', address), text('a')], is: ['a'] },
    {
      it: 'none of a name with a dot in a label',
      type: 'TXT',
      answers: [text('no', { owner: Buffer.from('\x0cname.example\0', 'latin1') }), text('a')],
      is: ['a'],
    },
    {
      it: 'those of an alias',
      type: 'TXT',
      answers: [alias('Other.example'), text('a', { owner: other })],
      is: ['a'],
    },
    {
      it: 'those of an alias in any order',
      type: 'TXT',
      answers: [text('a', { owner: other }), alias('other.example')],
      is: ['a'],
    },
    {
      it: 'those of an alias of an alias',
      type: 'TXT',
      answers: [
        alias('two.example'),
        alias('other.example', wireName('two.example')),
        text('a', { owner: other }),
      ],
      is: ['a'],
    },
    {
      it: 'an alias that came twice',
      type: 'TXT',
      answers: [alias('other.example'), alias('OTHER.example'), text('a', { owner: other })],
      is: ['a'],
    },
  ];
  for (const { it: what, type, answers, is } of cases) {
    it(what, () => assert.deepEqual(concluded(type, { answers }), { kind: 'records', records: is, ttl: 60 }));
  }

  const addresses: readonly { hex: string; is: string }[] = [
    { hex: '20010db8000000000000000000000001', is: '2001:db8::1' },
    { hex: '20010db8000000010001000100010001', is: '2001:db8:0:1:1:1:1:1' },
    { hex: '20010db8000000000001000000000001', is: '2001:db8::1:0:0:1' },
    { hex: '20010000000000010000000000000001', is: '2001:0:0:1::1' },
    { hex: '00000000000000000000000000000000', is: '::' },
    { hex: '00000000000000000000000000000001', is: '::1' },
    { hex: '20010db8000000000000000000000000', is: '2001:db8::' },
    { hex: 'fedcba98765432100123456789abcdef', is: 'fedc:ba98:7654:3210:123:4567:89ab:cdef' },
    { hex: '00000000000000000000ffffc0000201', is: '::ffff:192.0.2.1' },
  ];
  for (const { hex, is } of addresses) {
    it(`writes ${is} as RFC 5952 does`, () => {
      const answers = [record('AAAA', Buffer.from(hex, 'hex'))];
      assert.deepEqual(concluded('AAAA', { answers }), { kind: 'records', records: [is], ttl: 60 });
    });
  }
});

describe('dns: how long an answer holds', () => {
  const cases: readonly { it: string; parts: Parts; ttl: number | undefined }[] = [
    {
      it: 'by the smallest TTL of the records',
      parts: { answers: [text('a', { ttl: 9 }), text('b', { ttl: 8 })] },
      ttl: 8,
    },
    {
      it: 'by that of an alias',
      parts: { answers: [record('CNAME', other, { ttl: 7 }), text('a', { owner: other, ttl: 8 })] },
      ttl: 7,
    },
    {
      it: 'by that of the records of an alias',
      parts: { answers: [record('CNAME', other, { ttl: 7 }), text('a', { owner: other, ttl: 6 })] },
      ttl: 6,
    },
    {
      it: 'not by that of other records',
      parts: { answers: [text('no', { ...nowhere, ttl: 1 }), text('a')] },
      ttl: 60,
    },
    {
      it: 'not at all with the highest bit set (RFC 2181 §8)',
      parts: { answers: [text('a', { ttl: 0x8000_0000 })] },
      ttl: 0,
    },
    { it: 'by the minimum of the SOA (RFC 2308 §5)', parts: { authority: [soa(30)] }, ttl: 30 },
    { it: 'by the TTL of the SOA', parts: { authority: [soa(3000, { ttl: 20 })] }, ttl: 20 },
    { it: 'by the SOA of a name that does not exist', parts: { rcode: 3, authority: [soa(30)] }, ttl: 30 },
    {
      it: 'by that of an alias to nothing',
      parts: { rcode: 3, answers: [record('CNAME', other, { ttl: 7 })], authority: [soa(30)] },
      ttl: 7,
    },
    {
      it: 'by no SOA of another zone',
      parts: { authority: [soa(30, { owner: wireName('elsewhere') })] },
      ttl: undefined,
    },
    { it: 'unknown without an SOA', parts: {}, ttl: undefined },
  ];
  for (const { it: what, parts, ttl } of cases) {
    it(what, () => {
      const conclusion = concluded('TXT', parts);
      assert.equal('ttl' in conclusion ? conclusion.ttl : assert.fail(conclusion.kind), ttl);
    });
  }
});
