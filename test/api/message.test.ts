import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodeWords,
  formatMailbox,
  parseHeader,
  parseMailbox,
  parseMailboxList,
  readAuthors,
  sameMailbox,
} from '../../plugins/api/message.ts';

const octets = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));

const headers = [
  { it: 'fields and no body', message: 'A: 1\r\nB: 2\r\n\r\nC: 3\r\n', fields: ['a: 1', 'b: 2'] },
  { it: 'lines of files', message: 'A: 1\nB: 2\n\nC: 3\n', fields: ['a: 1', 'b: 2'] },
  { it: 'a header alone', message: 'A: 1\r\nB: 2\r\n', fields: ['a: 1', 'b: 2'] },
  { it: 'a last line without its end', message: 'A: 1\r\nB: 2', fields: ['a: 1', 'b: 2'] },
  { it: 'one line', message: 'A: 1', fields: ['a: 1'] },
  { it: 'a body that ends its lines otherwise', message: 'A: 1\r\n\r\nx\n\ry\n', fields: ['a: 1'] },
  { it: 'octets in a body', message: octets('A: 1\r\n\r\n', 0xff), fields: ['a: 1'] },
  { it: 'no field before a body', message: '\r\nA: 1\r\n', fields: [] },
  { it: 'the same of a file', message: '\nA: 1\n', fields: [] },
  { it: 'nothing', message: '', fields: [] },
  { it: 'no octets', message: new Uint8Array(), fields: [] },
  { it: 'continuation lines', message: 'A: 1\r\n\t2\r\n 3 \r\n\r\n', fields: ['a: 1\t2 3'] },
  { it: 'UTF-8', message: octets('A: ä\r\n\r\n'), fields: ['a: ä'] },
  {
    it: 'spaces that are no white space of mail',
    message: 'A: \u00a01\u3000 \t\r\n',
    fields: ['a: \u00a01\u3000'],
  },
  { it: 'octets of a part of a buffer', message: octets('xA: 1\r\n\r\nx').subarray(1, 5), fields: ['a: 1'] },
  { it: 'fields that come twice', message: 'A: 1\r\na: 2\r\n', fields: ['a: 1', 'a: 2'] },
] as const;

const malformedHeaders = [
  { it: 'a bare LF among CRLF', message: 'A: 1\r\nB: 2\nC: 3\r\n\r\n', because: /^line 2 .* bare LF$/ },
  { it: 'an end of the header by LF alone', message: 'A: 1\r\nB: 2\n\nC: 3\r\n\r\n', because: /bare LF$/ },
  { it: 'CRLF among bare LF', message: 'A: 1\nB: 2\r\nC: 3\n\n', because: /^line 2 .* bare CR/ },
  { it: 'a bare CR', message: 'A: 1\rB: 2\r\n\r\n', because: /bare CR/ },
  { it: 'a CR at the very end', message: 'A: 1\r\nB: 2\r', because: /^line 2 .*bare CR/ },
  { it: 'NUL', message: 'A: 1\0\r\n\r\n', because: /NUL/ },
  { it: 'octets that are no UTF-8', message: octets('A: ', 0xe4, '\r\n\r\n'), because: /no UTF-8/ },
  {
    it: 'a letter of UTF-8 in two lines',
    message: octets('A: ', 0xc3, '\r\n ', 0xa4, '\r\n'),
    because: /no UTF-8/,
  },
  { it: 'a continuation of nothing', message: ' A: 1\r\n\r\n', because: /^line 1 is no header field$/ },
  { it: 'a space before the colon', message: 'A : 1\r\n\r\n', because: /^line 1 is no header field$/ },
  { it: 'a byte order mark', message: octets('\ufeffA: 1\r\n\r\n'), because: /^line 1 is no header field$/ },
] as const;

void describe('parseHeader', () => {
  for (const { it: what, message, fields } of headers) {
    void it(`reads ${what}`, () => {
      const header = parseHeader(message);
      assert.equal(header.kind, 'header');
      assert.deepEqual(
        header.fields.map(({ name, value }) => `${name}: ${value}`),
        fields,
      );
    });
  }

  for (const { it: what, message, because } of malformedHeaders) {
    void it(`names ${what}`, () => {
      const header = parseHeader(message);
      assert.equal(header.kind, 'malformed');
      assert.match(header.because, because);
      assert.deepEqual(readAuthors(message), header);
    });
  }

  void it('tells how long lines are, in octets', () => {
    const header = parseHeader('A: 1\r\n  ä\r\n\r\n');
    assert.ok(header.kind === 'header');
    assert.deepEqual(header.fields, [{ name: 'a', value: '1  ä', longestLine: 4 }]);
  });

  void it('takes time in proportion to what is hostile', () => {
    const long = 500_000;
    for (const text of [' '.repeat(long), ' x'.repeat(long), ' \r\n'.repeat(long), '\n\r'.repeat(long)]) {
      const before = performance.now();
      parseHeader(`A: 1\r\n${text}`);
      parseHeader(`A: ${text}x\r\n`);
      assert.ok(performance.now() - before < 60_000);
    }
  });
});

const alice = parseMailbox('alice@corp.example');
const bob = parseMailbox('bob@corp.example');

const authors = [
  { it: 'one author', header: 'From: Alice <alice@corp.example>\r\n', from: [alice], sender: undefined },
  {
    it: 'several, and who sent it',
    header: 'From: alice@corp.example, bob@corp.example\r\nSender: bob@corp.example\r\n',
    ...{ from: [alice, bob], sender: bob },
  },
] as const;

const malformedAuthors = [
  { it: 'no From', header: 'To: alice@corp.example\r\n', because: 'From is missing' },
  {
    it: 'two of them',
    header: 'From: alice@corp.example\r\nFROM: bob@corp.example\r\n',
    because: 'from stands more than once',
  },
  {
    it: 'a Sender of two',
    header: 'From: alice@corp.example\r\nSender: alice@corp.example, bob@corp.example\r\n',
    because: 'Sender names more than one mailbox',
  },
  { it: 'an address without a name of its own', header: 'From: Alice\r\n', because: /^from: / },
  {
    it: 'an Resent-From that cannot be read',
    header: 'From: alice@corp.example\r\nResent-From: Bob\r\n',
    because: /^resent-from: /,
  },
  {
    it: 'a line of which some readers see the beginning alone',
    header: `From: ${' '.repeat(998)}alice@corp.example\r\n`,
    because: /998/,
  },
] as const;

void describe('readAuthors', () => {
  for (const { it: what, header, from, sender } of authors) {
    void it(`reads ${what}`, () => {
      const read = readAuthors(header);
      assert.ok(read.kind === 'authors');
      assert.deepEqual(
        read.from.map(({ mailbox }) => mailbox),
        from,
      );
      assert.deepEqual(read.sender?.mailbox, sender);
    });
  }

  for (const { it: what, header, because } of malformedAuthors) {
    void it(`names ${what}`, () => {
      const read = readAuthors(header);
      assert.ok(read.kind === 'malformed');
      assert.match(read.because, because instanceof RegExp ? because : new RegExp(`^${because}$`));
    });
  }
});

void describe('parseMailboxList', () => {
  void it('reads addresses with what stands beside them', () => {
    const list = parseMailboxList('"Alice, of Corp" <alice@corp.example>, bob@corp.example (Bob)');
    assert.deepEqual(list, {
      kind: 'mailboxes',
      mailboxes: [
        { mailbox: alice, display: ['Alice, of Corp'] },
        { mailbox: bob, display: ['Bob'] },
      ],
    });
  });

  const malformed = [
    { value: '', because: 'there is no address' },
    { value: 'team: alice@corp.example;', because: 'a group stands where a mailbox must (RFC 6854)' },
    { value: 'alice@[192.0.2.1]', because: 'an address literal belongs to nobody' },
    { value: 'alice @corp.example', because: /obsolete, RFC 5322 §4\.4/ },
    { value: '<=?utf-8?q?alice?=@corp.example>', because: /RFC 2047 §5/ },
  ] as const;
  for (const { value, because } of malformed) {
    void it(`names what is wrong in ${value === '' ? 'nothing' : value}`, () => {
      const list = parseMailboxList(value);
      assert.ok(list.kind === 'malformed');
      if (because instanceof RegExp) assert.match(list.because, because);
      else assert.equal(list.because, because);
    });
  }
});

void describe('decodeWords', () => {
  const cases = [
    { it: 'a text without any', text: 'Alice', is: { text: 'Alice', otherwise: [] } },
    { it: 'words', text: '=?utf-8?q?=C3=84?= =?utf-8?b?w6Q=?=', is: { text: 'Ää', otherwise: [] } },
    {
      it: 'what some take for words',
      text: 'x=?utf-8?q?a?=',
      is: { text: 'xa', otherwise: ['x=?utf-8?q?a?='] },
    },
    {
      it: 'what cannot be decoded',
      text: '=?no-such?q?a?=',
      is: {
        text: '\ufffd',
        otherwise: [],
        doubt: 'it is in the character set no-such, which is not known',
      },
    },
  ] as const;
  for (const { it: what, text, is } of cases) {
    void it(`decodes ${what}`, () => assert.deepEqual(decodeWords(text), is));
  }
});

void describe('a mailbox', () => {
  const written = [
    { text: 'Alice@CORP.example', is: 'Alice@corp.example' },
    { text: '"a b"@corp.example', is: '"a b"@corp.example' },
    { text: '"alice"@corp.example', is: 'alice@corp.example' },
    { text: 'alice@bücher.example', is: 'alice@xn--bcher-kva.example' },
    { text: 'alice', is: undefined },
    { text: '@corp.example', is: undefined },
    { text: 'alice@[192.0.2.1]', is: undefined },
    { text: 'Alice <alice@corp.example>', is: undefined },
  ] as const;
  for (const { text, is } of written) {
    void it(`${is === undefined ? 'is none' : `is ${is}`}: ${text}`, () => {
      const mailbox = parseMailbox(text);
      assert.equal(mailbox && formatMailbox(mailbox), is);
    });
  }

  void it('is the same however US-ASCII letters are written', () => {
    const upper = parseMailbox('ALICE@corp.example');
    assert.ok(alice && bob && upper);
    assert.ok(sameMailbox(alice, upper));
    assert.ok(!sameMailbox(alice, bob));
  });
});
