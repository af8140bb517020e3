import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { conclude, startChain } from '../../../plugins/core/dns/conclude.ts';
import type { RecordType } from '../../../plugins/core/dns/dns.ts';
import { questionSection } from '../../../plugins/core/dns/message.ts';
import { encodeName } from '../../../plugins/core/dns/name.ts';
import { answerTo, record, soa, text, wireName, type Parts } from '../../support/fake-dns.ts';
import { alias, concluded } from './concluded.ts';

const address = Buffer.from([192, 0, 2, 1]);
const other = wireName('other.example');
const nowhere = { owner: wireName('nowhere.example') };

describe('dns: no records', () => {
  const ns = record('NS', wireName('ns.example'), { owner: wireName('example') });
  const badVersion = record('OPT', Buffer.alloc(0), { owner: wireName(''), ttl: 0x0100_0000 });
  const cases: readonly { it: string; parts: Parts; is: string; because?: RegExp }[] = [
    { it: 'of this type', parts: { authority: [soa(30)] }, is: 'no-data' },
    { it: 'of this type, without an SOA (RFC 2308 §2.2 type 3)', parts: {}, is: 'no-data' },
    { it: 'of this type, with SOA and NS', parts: { authority: [soa(30), ns] }, is: 'no-data' },
    {
      it: 'of this type behind an alias',
      parts: { answers: [alias('other.example')], authority: [soa(30)] },
      is: 'no-data',
    },
    { it: 'for the name is not', parts: { rcode: 3 }, is: 'nxdomain' },
    {
      it: 'for the alias leads to nothing (RFC 6604 §3)',
      parts: { rcode: 3, answers: [alias('other.example')] },
      is: 'nxdomain',
    },
    { it: 'yet of an alias', parts: { answers: [alias('other.example')] }, is: 'alias' },
    {
      it: 'yet of an alias, with servers to ask',
      parts: { answers: [alias('other.example')], authority: [ns] },
      is: 'alias',
    },
    { it: 'but servers to ask', parts: { authority: [ns] }, is: 'failure', because: /sent a referral/ },
    { it: 'but others', parts: { answers: [text('a', nowhere)] }, is: 'failure', because: /something else/ },
    {
      it: 'but of another class',
      parts: { answers: [text('a', { class: 3 })] },
      is: 'failure',
      because: /something else/,
    },
    { it: 'but SERVFAIL', parts: { rcode: 2 }, is: 'failure', because: /answered SERVFAIL/ },
    { it: 'but REFUSED', parts: { rcode: 5 }, is: 'failure', because: /answered REFUSED/ },
    { it: 'but a code without a name', parts: { rcode: 9 }, is: 'failure', because: /with code 9/ },
    {
      it: 'but a code of EDNS (RFC 6891 §6.1.3)',
      parts: { additional: [badVersion] },
      is: 'failure',
      because: /with code 16/,
    },
    {
      it: 'of a name that both is and is not',
      parts: { rcode: 3, answers: [text('a')] },
      is: 'failure',
      because: /does not exist/,
    },
    {
      it: 'of two aliases (RFC 2181 §10.1)',
      parts: { answers: [alias('other.example'), alias('another.example')] },
      is: 'failure',
      because: /two aliases/,
    },
    {
      it: 'of an alias of itself',
      parts: { answers: [alias('NAME.example')] },
      is: 'failure',
      because: /leads back/,
    },
    {
      it: 'of a ring of aliases',
      parts: { answers: [alias('other.example'), alias('name.example', other)] },
      is: 'failure',
      because: /leads back/,
    },
  ];
  for (const { it: what, parts, is, because } of cases) {
    it(what, () => {
      const conclusion = concluded('TXT', parts);
      assert.equal(conclusion.kind, is);
      assert.match('because' in conclusion ? conclusion.because : '', because ?? /^$/);
    });
  }

  for (const { aliases, is } of [
    { aliases: 8, is: 'records' },
    { aliases: 9, is: 'failure' },
  ]) {
    it(`${aliases} aliases end in ${is}`, () => {
      const names = Array.from({ length: aliases + 1 }, (_, n) =>
        n === 0 ? 'name.example' : `n${n}.example`,
      );
      const chain = names.slice(1).map((name, n) => alias(name, wireName(names[n] ?? '')));
      const end = text('a', { owner: wireName(names.at(-1) ?? '') });
      assert.equal(concluded('TXT', { answers: [...chain, end] }).kind, is);
    });
  }
});

describe('dns: messages that are none', () => {
  const cases: readonly { it: string; type: RecordType; answers: readonly Buffer[]; because: RegExp }[] = [
    {
      it: 'a record that is cut short',
      type: 'A',
      answers: [record('A', address).subarray(0, -1)],
      because: /record that is cut short/,
    },
    {
      it: 'a record without data',
      type: 'A',
      answers: [record('A', address).subarray(0, 8)],
      because: /record that is cut short/,
    },
    {
      it: 'a name that is cut short',
      type: 'A',
      answers: [Buffer.from([0xc0])],
      because: /record that is cut short/,
    },
    {
      it: 'fewer records than were promised',
      type: 'A',
      answers: [record('A', address), Buffer.alloc(0)],
      because: /name that is cut short/,
    },
    {
      it: 'an address of 3 octets',
      type: 'A',
      answers: [record('A', address.subarray(1))],
      because: /not 4 octets/,
    },
    {
      it: 'an address of 17 octets',
      type: 'AAAA',
      answers: [record('AAAA', Buffer.alloc(17))],
      because: /not 16 octets/,
    },
    {
      it: 'a text that is cut short',
      type: 'TXT',
      answers: [record('TXT', Buffer.from([5, 0x61]))],
      because: /string that is cut short/,
    },
    {
      it: 'an exchange that is cut short',
      type: 'MX',
      answers: [record('MX', Buffer.from([0, 1]))],
      because: /MX record that is cut short/,
    },
    {
      it: 'a name that does not end',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([5, 0x61]))],
      because: /name that is cut short/,
    },
    {
      it: 'a name with something behind it',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([1, 0x61, 0, 0]))],
      because: /does not end with its record/,
    },
    {
      it: 'a name longer than its record',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([1, 0x61])), record('A', address, { owner: Buffer.from([0]) })],
      because: /does not end with its record/,
    },
    {
      it: 'a name without data',
      type: 'PTR',
      answers: [record('PTR', Buffer.alloc(0))],
      because: /name that is cut short/,
    },
    {
      it: 'a label of an unknown kind',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([0x41, 0x61, 0]))],
      because: /unknown kind/,
    },
    {
      it: 'an owner of an unknown kind',
      type: 'A',
      answers: [record('A', address, { owner: Buffer.from([0x80, 0x61, 0]) })],
      because: /unknown kind/,
    },
    {
      it: 'a label with a dot in it',
      type: 'PTR',
      answers: [record('PTR', Buffer.from('\x03a.b\0', 'latin1'))],
      because: /label with a dot/,
    },
    {
      it: 'a pointer to itself',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([0xc0, 42]))],
      because: /does not go back/,
    },
    {
      it: 'a pointer to where the name begins',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([1, 0x61, 0xc0, 42]))],
      because: /does not go back/,
    },
    {
      it: 'a pointer forwards',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([0xc0, 60]))],
      because: /does not go back/,
    },
    {
      it: 'a pointer out of the message',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([0xff, 0xff]))],
      because: /does not go back/,
    },
    {
      it: 'half a pointer',
      type: 'PTR',
      answers: [record('PTR', Buffer.from([0xc0]))],
      because: /name that is cut short/,
    },
    {
      it: 'a name of more than 255 octets',
      type: 'PTR',
      answers: [record('PTR', wireName(Array.from({ length: 128 }, () => 'a').join('.')))],
      because: /more than 255 octets/,
    },
    {
      it: 'an alias that is no name',
      type: 'A',
      answers: [record('CNAME', Buffer.from([0x40]))],
      because: /unknown kind/,
    },
  ];
  for (const { it: what, type, answers, because } of cases) {
    it(what, () => {
      const conclusion = concluded(type, { answers });
      assert.equal(conclusion.kind, 'failure');
      assert.match('because' in conclusion ? conclusion.because : '', because);
    });
  }

  it('an SOA that is cut short', () => {
    const authority = [record('SOA', Buffer.alloc(21), { owner: wireName('') })];
    assert.deepEqual(concluded('A', { authority }), {
      kind: 'failure',
      because: 'sent an SOA record that is cut short',
    });
  });

  it('a true answer that was cut short anywhere', () => {
    const section = questionSection(encodeName('name.example') ?? assert.fail(), 'TXT');
    const whole = answerTo({ id: 1, section }, { answers: [text('one'), text('two')], authority: [soa(1)] });
    for (let length = 12 + section.length; length < whole.length; length += 1) {
      const question = { name: 'name.example', type: 'TXT', section } as const;
      assert.equal(conclude(whole.subarray(0, length), question, startChain('name.example')).kind, 'failure');
    }
  });
});
