import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHeader, type Malformed } from '../../../plugins/core/message/header.ts';
import { parseMailboxList } from '../../../plugins/core/message/mailbox-list.ts';
import { formatMailbox } from '../../../plugins/core/mailbox.ts';

const headers: readonly { it: string; lines: readonly string[]; is: string }[] = [
  { it: 'reads a field', lines: ['From: a@b\n'], is: 'from=[ a@b]' },
  { it: 'unfolds', lines: ['Subject: a\n', ' b\n', '\tc\n'], is: 'subject=[ a b\tc]' },
  { it: 'reads an empty value', lines: ['Bcc:\n'], is: 'bcc=[]' },
  {
    it: 'refuses a first line that continues nothing',
    lines: [' From: a@b\n'],
    is: 'line 1 is no header field',
  },
  { it: 'refuses white space before the colon', lines: ['From : a@b\n'], is: 'line 1 is no header field' },
  { it: 'refuses a name with a high byte', lines: ['From\u00ff: a@b\n'], is: 'line 1 is no header field' },
  { it: 'refuses a line without a colon', lines: ['A: b\n', 'nonsense\n'], is: 'line 2 is no header field' },
  { it: 'refuses a name that begins with a dot', lines: ['.From: a@b\n'], is: 'line 1 is no header field' },
  { it: 'refuses NUL', lines: ['From\0: a@b\n'], is: 'line 1 holds NUL, bare CR or bare LF' },
  { it: 'refuses a bare CR', lines: ['X: a\rFrom: c@d\n'], is: 'line 1 holds NUL, bare CR or bare LF' },
];

void describe('header lines (RFC 5322 §2.2)', () => {
  for (const { it: title, lines, is } of headers) {
    void it(title, () => {
      const header = parseHeader(lines);
      const shown =
        'malformed' in header
          ? header.malformed
          : header.map(({ name, value }) => `${name}=[${value}]`).join(' ');
      assert.equal(shown, is);
    });
  }
});

const lists: readonly { value: string; is: readonly string[] | 'malformed' }[] = [
  { value: 'alice@corp.example', is: ['alice@corp.example'] },
  { value: ' <alice@corp.example> ', is: ['alice@corp.example'] },
  { value: 'Alice Smith <alice@corp.example>', is: ['alice@corp.example'] },
  { value: 'J. Smith <alice@corp.example>', is: ['alice@corp.example'] },
  { value: '"Smith, \\"Al\\" <x@y>" <alice@corp.example>', is: ['alice@corp.example'] },
  { value: '=?utf-8?q?Smith=2C_=3Cx=40y=3E?= <alice@corp.example>', is: ['alice@corp.example'] },
  { value: 'alice@corp.example (Alice (of Sales))', is: ['alice@corp.example'] },
  { value: 'alice@corp.example, Bob <bob@corp.example>', is: ['alice@corp.example', 'bob@corp.example'] },
  { value: '"alice"@corp.example', is: ['alice@corp.example'] },
  { value: 'a@bücher.example', is: ['a@xn--bcher-kva.example'] },
  { value: '', is: 'malformed' },
  { value: '<>', is: 'malformed' },
  { value: 'Alice', is: 'malformed' },
  { value: 'alice@corp.example bob@corp.example', is: 'malformed' },
  { value: 'alice@corp.example,', is: 'malformed' },
  { value: ',alice@corp.example', is: 'malformed' },
  { value: '<alice@corp.example> junk', is: 'malformed' },
  { value: '<alice@corp.example><bob@corp.example>', is: 'malformed' },
  { value: '<bob@corp.example> <alice@corp.example>', is: 'malformed' },
  { value: '<@relay.example:alice@corp.example>', is: 'malformed' },
  { value: 'team: alice@corp.example;', is: 'malformed' },
  { value: 'alice @corp.example', is: 'malformed' },
  { value: 'alice@(x)corp.example', is: 'malformed' },
  { value: 'alice@corp.example (unclosed', is: 'malformed' },
  { value: '"unclosed <alice@corp.example>', is: 'malformed' },
  { value: 'bob@corp.example <alice@corp.example>', is: 'malformed' },
  { value: 'a\0lice@corp.example', is: 'malformed' },
  { value: 'alice@corp.example\\', is: 'malformed' },
  { value: 'alice@[10.0.0.1]', is: 'malformed' },
  { value: 'alice@corp.example\u0000', is: 'malformed' },
];

void describe('mailbox-list (RFC 5322 §3.4, without its obsolete forms)', () => {
  for (const { value, is } of lists) {
    void it(JSON.stringify(value), () => {
      const mailboxes = parseMailboxList(value);
      assert.deepEqual(
        'malformed' in mailboxes ? 'malformed' : mailboxes.map(({ mailbox }) => formatMailbox(mailbox)),
        is,
      );
    });
  }

  void it('gives up on comments that nest without end, without recursion', () => {
    assert.ok('malformed' in parseMailboxList(`${'('.repeat(60_000)}a@b.example`));
  });

  void it('reads thousands of addresses, and gives up on what no message has', () => {
    const many = parseMailboxList(Array(5000).fill('a@b.example').join(','));
    assert.ok(!('malformed' in many));
    assert.equal(many.length, 5000);
    const { malformed } = parseMailboxList(`"${'x'.repeat(65_536)}" <a@b.example>`) as Malformed;
    assert.equal(malformed, 'an address list is too long');
  });
});
