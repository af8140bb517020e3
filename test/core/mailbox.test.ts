import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatMailbox, parseMailbox, sameMailbox, withoutSubaddress } from '../../plugins/core/mailbox.ts';

const readings: readonly { text: string; is: string | undefined }[] = [
  { text: 'alice@corp.example', is: 'alice@corp.example' },
  { text: 'Alice.Smith@CORP.Example', is: 'Alice.Smith@corp.example' },
  { text: '"alice"@corp.example', is: 'alice@corp.example' },
  { text: '"a b"@corp.example', is: '"a b"@corp.example' },
  { text: '"a\\"b"@corp.example', is: '"a\\"b"@corp.example' },
  { text: 'alice@bücher.example', is: 'alice@xn--bcher-kva.example' },
  { text: 'jörg@corp.example', is: 'jörg@corp.example' },
  { text: 'alice', is: undefined },
  { text: '@corp.example', is: undefined },
  { text: 'alice@', is: undefined },
  { text: 'alice@corp..example', is: undefined },
  { text: 'alice@corp.example.', is: undefined },
  { text: 'a..b@corp.example', is: undefined },
  { text: '.a@corp.example', is: undefined },
  { text: 'a b@corp.example', is: undefined },
  { text: 'alice@[127.0.0.1]', is: undefined },
  { text: 'alice@corp.example%2e', is: undefined },
  { text: 'alice@corp\0.example', is: undefined },
  { text: '"a\0b"@corp.example', is: undefined },
  { text: '"a\nb"@corp.example', is: undefined },
  { text: 'alice@bob@corp.example', is: undefined },
  { text: Buffer.from('\xe0lice@corp.example', 'latin1').toString('utf8'), is: undefined },
  { text: `${'a'.repeat(64)}@corp.example`, is: `${'a'.repeat(64)}@corp.example` },
  { text: `${'a'.repeat(65)}@corp.example`, is: undefined },
  { text: `alice@${'a'.repeat(64)}.example`, is: undefined },
];

void describe('mailboxes (RFC 5321 §4.1.2, RFC 6531)', () => {
  for (const { text, is } of readings) {
    void it(`${JSON.stringify(text.slice(0, 40))} is ${is === undefined ? 'none' : is.slice(0, 40)}`, () => {
      const mailbox = parseMailbox(text);
      assert.equal(mailbox && formatMailbox(mailbox), is);
    });
  }

  const pairs = [
    { a: 'alice@corp.example', b: 'ALICE@CORP.EXAMPLE', same: true },
    { a: 'alice@corp.example', b: '"alice"@corp.example', same: true },
    { a: 'a@bücher.example', b: 'a@XN--BCHER-KVA.example', same: true },
    { a: 'alice@corp.example', b: 'alice@corp.example.org', same: false },
    { a: 'kim@corp.example', b: '\u212Aim@corp.example', same: false },
    { a: 'alice@corp.example', b: 'alıce@corp.example', same: false },
  ] as const;

  for (const { a, b, same } of pairs) {
    void it(`${a} and ${b} are ${same ? 'the same' : 'different'}`, () => {
      const [left, right] = [parseMailbox(a), parseMailbox(b)];
      assert.ok(left && right);
      assert.equal(sameMailbox(left, right), same);
    });
  }

  void it('drops a sub-address at the first separator, never the whole local-part', () => {
    const base = (text: string, separator: string) => {
      const mailbox = parseMailbox(text);
      assert.ok(mailbox);
      return formatMailbox(withoutSubaddress(mailbox, separator));
    };
    assert.equal(base('alice+shop+x@corp.example', '+'), 'alice@corp.example');
    assert.equal(base('+shop@corp.example', '+'), '+shop@corp.example');
    assert.equal(
      base('"alice+ <ceo@corp.example>"@corp.example', '+'),
      '"alice+ <ceo@corp.example>"@corp.example',
    );
    assert.equal(base('alice+\u202eoec@corp.example', '+'), 'alice+\u202eoec@corp.example');
    assert.equal(base('alice+shop@corp.example', ''), 'alice+shop@corp.example');
  });
});
