import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMailboxList } from '../../../plugins/core/message/mailbox-list.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';

const faults: readonly { value: string; is: string }[] = [
  { value: ' ', is: 'there is no address' },
  { value: '(nobody)', is: 'there is no address' },
  { value: 'Alice', is: 'there is a name without an address' },
  { value: 'Smith, Alice <a@b.example>', is: 'there is a name without an address' },
  { value: '<>', is: 'an address is empty' },
  { value: 'Alice <>', is: 'an address is empty' },
  { value: 'a@b.example>', is: 'an address has no <' },
  { value: '<a@b.example', is: 'an address has no >' },
  { value: '<a@b.example> x', is: 'something stands after the > of an address' },
  { value: '<a@b.example> <c@d.example>', is: 'something stands after the > of an address' },
  { value: 'a@b.example,', is: 'an element of a list is empty (obsolete, RFC 5322 §4.4)' },
  { value: ',,a@b.example', is: 'an element of a list is empty (obsolete, RFC 5322 §4.4)' },
  {
    value: '<@r.example,@s.example:a@b.example>',
    is: 'a route stands in an address (obsolete, RFC 5322 §4.4)',
  },
  { value: 'Team: a@b.example;', is: 'a group stands where a mailbox must (RFC 6854)' },
  { value: 'undisclosed:;', is: 'a group stands where a mailbox must (RFC 6854)' },
  { value: 'a@b.example;', is: 'a group stands where a mailbox must (RFC 6854)' },
  { value: 'a b@c.example', is: 'space or a comment stands inside an address (obsolete, RFC 5322 §4.4)' },
  { value: 'a(x)@b.example', is: 'space or a comment stands inside an address (obsolete, RFC 5322 §4.4)' },
  { value: '<a@b. example>', is: 'space or a comment stands inside an address (obsolete, RFC 5322 §4.4)' },
  { value: 'a@[192.0.2.1]', is: 'an address literal belongs to nobody' },
  { value: '<=?utf-8?q?a?=@b.example>', is: 'an encoded-word stands in an address (RFC 2047 §5)' },
  { value: 'c@d.example <a@b.example>', is: '@ stands in a name without quotes' },
  { value: 'A [B] <a@b.example>', is: '[ stands in a name without quotes' },
  { value: '=?utf-8?q?A,_B?= <a@b.example>', is: ', stands in an encoded-word without quotes' },
  { value: '=?utf-8?q?A <a@b.example> (?=)', is: '< stands in an encoded-word without quotes' },
  { value: '=?utf-8?q?A <a@b.example>', is: '< stands in an encoded-word without quotes' },
  { value: 'a..b@c.example', is: 'an address cannot be read beyond doubt' },
  { value: 'a"b"@c.example', is: 'an address cannot be read beyond doubt' },
  { value: 'a@b..example', is: 'an address cannot be read beyond doubt' },
  { value: 'a@b@c.example', is: 'an address cannot be read beyond doubt' },
  { value: 'a@b.example\ufeff', is: 'an address cannot be read beyond doubt' },
  { value: 'a@ｂ.example', is: 'an address cannot be read beyond doubt' },
  { value: 'a@b。example', is: 'an address cannot be read beyond doubt' },
  { value: 'a@\ufffd.example', is: 'an address cannot be read beyond doubt' },
  { value: '"A <a@b.example>', is: 'a quoted string does not end' },
  { value: '"A\\" <a@b.example>', is: 'a quoted string does not end' },
  { value: 'a@b.example (x', is: 'a comment does not end' },
  { value: 'a@b.example (x\\)', is: 'a comment does not end' },
  { value: `a@b.example ${'('.repeat(17)}${')'.repeat(17)}`, is: 'comments nest too deep' },
  { value: 'a@b.example (\u0007)', is: 'a comment holds U+0007' },
  { value: 'a@b.example\u0000', is: 'U+0000 must not stand there' },
  { value: 'A\\B <a@b.example>', is: '\\ must not stand there' },
  { value: 'a@b.example)', is: ') must not stand there' },
];

void describe('what is wrong with a mailbox-list, by its name', () => {
  for (const { value, is } of faults) {
    void it(`${JSON.stringify(value)}: ${is}`, () => {
      assert.deepEqual(parseMailboxList(value), { malformed: is });
    });
  }
});

const names: readonly { value: string; is: readonly string[] }[] = [
  { value: 'a@b.example', is: [] },
  { value: '<a@b.example>', is: [] },
  { value: 'Alice B. Smith <a@b.example>', is: ['Alice B. Smith'] },
  { value: '"Smith, \\"Al\\" \\\\" <a@b.example>', is: ['Smith, "Al" \\'] },
  { value: '"A" B  "C"<a@b.example>', is: ['A B C'] },
  { value: '(x) Alice (y) Smith <a@b.example> (z(\\)))', is: ['Alice Smith', 'x', 'y', 'z())'] },
  { value: 'a@b.example (Alice)', is: ['Alice'] },
  { value: 'A@B.example <a@b.example>', is: ['A@B.example'] },
  { value: '=?utf-8?q?A?= <a@b.example>', is: ['=?utf-8?q?A?='] },
  {
    value: '=?utf-8?q?A_(B)?= <a@b.example>',
    is: ['=?utf-8?q?A_ ?=', '=?utf-8?q?A_(B)?=', 'B'],
  },
  { value: '"=?utf-8?q?A,_B?=" <a@b.example>', is: ['=?utf-8?q?A,_B?=', '"=?utf-8?q?A,_B?="'] },
];

void describe('what stands beside an address', () => {
  for (const { value, is } of names) {
    void it(JSON.stringify(value), () => {
      const read = parseMailboxList(value);
      assert.ok(!('malformed' in read));
      assert.deepEqual(
        read.map(({ display }) => display),
        [is],
      );
    });
  }

  void it('comes with each address of several', () => {
    const read = parseMailboxList('A <a@b.example>, "B, C" <c@d.example> (x), e@f.example');
    assert.ok(!('malformed' in read));
    const shown = read.map(({ mailbox, display }) => `${formatMailbox(mailbox)}: ${display.join('|')}`);
    assert.deepEqual(shown, ['a@b.example: A', 'c@d.example: B, C|x', 'e@f.example: ']);
  });
});
