import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressesIn, displayOf, hiddenIn } from '../../../plugins/core/message/display.ts';
import { decodeWords, type Reader } from '../../../plugins/core/message/encoded-words.ts';
import { lookOfDomain, lookOfName } from '../../../plugins/core/message/looks.ts';

const different = 'has an encoded-word that readers decode in different ways';

const words: readonly { it: string; text: string; is: string; as?: Reader; doubt?: string }[] = [
  { it: 'Q', text: '=?utf-8?Q?M=C3=BCller=2C_A?=', is: 'Müller, A' },
  { it: 'B', text: '=?UTF-8?B?TcO8bGxlcg==?=', is: 'Müller' },
  { it: 'B without padding', text: '=?utf-8?b?TcO8bGxlcg?=', is: 'Müller' },
  { it: 'a language', text: '=?us-ascii*en?q?A?=', is: 'A' },
  { it: 'text around it', text: 'Dr =?utf-8?q?A?= B', is: 'Dr A B' },
  { it: 'no space between two', text: '=?utf-8?q?A?= \t=?utf-8?q?B?=', is: 'AB' },
  { it: 'nor between two character sets', text: '=?utf-8?q?A?= =?iso-8859-1?q?=FC?=', is: 'Aü' },
  { it: 'a letter that is cut through', text: '=?utf-8?b?w?= =?utf-8?q?=BC?=', is: '\ufffd' },
  { it: 'a letter that is cut through, in Q', text: '=?utf-8?q?=C3?= =?utf-8?q?=BC?=', is: 'ü' },
  { it: 'base64 that is cut through', text: '=?utf-8?b?QWxpY?= =?utf-8?b?2U=?=', is: 'Alice', as: 'joining' },
  { it: 'windows-1252', text: '=?windows-1252?q?O=92Hara_=80?=', is: 'O\u2019Hara \u20ac' },
  { it: 'what browsers take iso-8859-1 for', text: '=?iso-8859-1?q?=96?=', is: '\u2013' },
  { it: 'koi8-r', text: '=?koi8-r?b?4czJ08E=?=', is: 'Алиса' },
  { it: 'iso-2022-jp', text: '=?iso-2022-jp?b?GyRCOzNFRBsoQg==?=', is: '山田' },
  { it: 'cp932', text: '=?cp932?b?jlKTYw==?=', is: '山田' },
  { it: 'utf8mb4', text: '=?utf8mb4?b?TcO8?=', is: 'Mü' },
  { it: 'an unencoded space, dot and parenthesis', text: '=?utf-8?q?A B. (C)?=', is: 'A B. (C)' },
  { it: 'within a word, where RFC 2047 has none', text: 'a=?utf-8?q?=40?=b', is: 'a@b' },
  { it: 'not there for who is strict', text: 'a=?utf-8?q?=40?=b', is: 'a=?utf-8?q?=40?=b', as: 'strict' },
  {
    it: 'one of two for who is strict',
    ...{ text: '=?utf-8?q?a=40b.example?= =?utf-8?q?x?=y', is: 'a@b.example =?utf-8?q?x?=y', as: 'strict' },
  },
  {
    it: 'utf-7',
    text: '=?utf-7?q?a+AEA-b?=',
    is: '\ufffd',
    doubt: 'is in the character set utf-7, which is not known',
  },
  {
    it: 'no character set',
    text: '=??q?A?=',
    is: '\ufffd',
    doubt: 'is in the character set , which is not known',
  },
  { it: 'base64 that goes on behind its end', text: '=?utf-8?b?QQ==QUI=?=', is: 'AAB', doubt: different },
  { it: 'base64 with other signs', text: '=?utf-8?b?Q(Q)Q?=', is: 'A\x04', doubt: different },
  { it: 'one within another', text: '=?utf-8?q?A=?utf-8?q?B?=', is: 'A=?utf-8?q?B', doubt: different },
  { it: 'one without an end', text: '=?utf-8?q?A B', is: 'A B', doubt: different },
  { it: 'none', text: '=?utf-8?x?A?= =? ?=', is: '=?utf-8?x?A?= =? ?=' },
];

void describe('encoded-words (RFC 2047), as readers show them', () => {
  for (const { it: title, text, is, as = 'lenient', doubt } of words) {
    void it(`${title}, ${as}: ${text}`, () => {
      assert.deepEqual(decodeWords(text, as), { text: is, ...(doubt !== undefined && { doubt }) });
    });
  }

  void it('are also read as who puts them together does, where that can be something else', () => {
    const readings = (text: string) => displayOf(text).readings.slice(1);
    assert.deepEqual(readings('=?utf-8?q?a=4?= =?utf-8?q?0b?='), ['a=40b', 'a@b']);
    assert.deepEqual(readings('=?utf-8?b?YU?= =?utf-8?b?Bi?='), ['a\x06', 'a@b']);
    assert.deepEqual(readings('=?utf-8?q?a?= =?utf-8?b?YQ==?='), ['aa']);
  });

  void it('are read as they stand, decoded, twice decoded, and as others do', () => {
    assert.deepEqual(displayOf('A'), { readings: ['A'] });
    assert.deepEqual(displayOf('=?utf-8?q?=3D=3Futf-8=3Fq=3FA=3F=3D?=').readings, [
      '=?utf-8?q?=3D=3Futf-8=3Fq=3FA=3F=3D?=',
      '=?utf-8?q?A?=',
      'A',
    ]);
  });
});

const mentions: readonly { text: string; are: readonly string[] }[] = [
  { text: 'Alice', are: [] },
  { text: 'alice@corp.example', are: ['alice@corp.example'] },
  { text: '<alice@corp.example>, (bob@corp.example)', are: ['alice@corp.example', 'bob@corp.example'] },
  { text: "'alice@corp.example'", are: ['alice@corp.example'] },
  { text: 'alice@corp . example', are: ['alice@corp', 'alice@corp.example'] },
  { text: 'alice @ corp\u3000.example', are: ['alice@corp', 'alice@corp.example'] },
  { text: "o'brien@corp.example", are: ["o'brien@corp.example"] },
  { text: '…alice@corp.example…', are: ['alice@corp.example'] },
  { text: '山田【alice@corp.example】', are: ['alice@corp.example'] },
  { text: 'alice @ \t corp.example', are: ['alice@corp.example'] },
  { text: 'alice@corp.example-- Alice', are: ['alice@corp.example'] },
  { text: 'alice@corp.example_', are: ['alice@corp.example'] },
  { text: 'alice@corp.example.', are: ['alice@corp.example'] },
  { text: 'mailto:alice@corp.example', are: ['alice@corp.example'] },
  { text: 'a\u200blice@corp\u00ad.example', are: ['alice@corp.example'] },
  { text: 'ａｌｉｃｅ＠ｃｏｒｐ．example', are: ['alice@corp.example'] },
  { text: 'alice\ufe6bcorp\u3002example', are: ['alice@corp.example'] },
  { text: 'alice@bücher.example', are: ['alice@xn--bcher-kva.example'] },
  { text: '"alice"@corp.example', are: ['@corp.example'] },
  { text: 'Alice (@alice)', are: [] },
  { text: '@', are: [] },
];

void describe('addresses that people see in a text', () => {
  for (const { text, are } of mentions) {
    void it(JSON.stringify(text), () => {
      assert.deepEqual(
        addressesIn(text).map((each) => each.text),
        are,
      );
    });
  }

  void it('without a local-part that can be read, they have no mailbox', () => {
    assert.deepEqual(addressesIn('"alice"@corp.example'), [
      { text: '@corp.example', domain: 'corp.example' },
    ]);
  });
});

const direction = 'a character that turns the direction of writing';
const unseen = 'a character that cannot be seen';
const control = 'a control character';

const hidden: readonly { it: string; text: string; is?: string }[] = [
  { it: 'plain letters', text: 'Alice' },
  { it: 'other letters', text: 'Müller 山田 Алиса' },
  { it: 'a joiner within an emoji', text: '👩\u200d💻' },
  { it: 'a non-joiner of Persian', text: 'می\u200cخواهم' },
  { it: 'marks of direction', text: 'אליס \u200f(Alice)\u200e' },
  { it: 'a variation selector', text: '❤\ufe0f' },
  { it: 'the flag of Wales', text: '🏴\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}' },
  { it: 'a tab', text: 'a\tb' },
  { it: 'an override', text: 'a\u202eb', is: `${direction}, U+202E` },
  { it: 'an isolate', text: '\u2068a\u2069', is: `${direction}, U+2068` },
  { it: 'a space without width', text: 'a\u200bb', is: `${unseen}, U+200B` },
  { it: 'a soft hyphen', text: 'a\u00adb', is: `${unseen}, U+00AD` },
  { it: 'a byte order mark', text: '\ufeffa', is: `${unseen}, U+FEFF` },
  { it: 'a Hangul filler', text: '\u3164', is: `${unseen}, U+3164` },
  { it: 'tags without a flag', text: 'a\u{e0061}\u{e0062}\u{e0063}\u{e007f}', is: `${unseen}, U+E0061` },
  { it: 'a flag that does not end', text: '🏴\u{e0067}\u{e0062}\u{e0077}', is: `${unseen}, U+E0067` },
  { it: 'a bell', text: 'a\x07', is: `${control}, U+0007` },
  { it: 'a control of ISO 8859', text: 'a\x85', is: `${control}, U+0085` },
  { it: 'an end of line of Unicode', text: 'a\u2028b', is: `${control}, U+2028` },
];

void describe('what cannot be seen in a name', () => {
  for (const { it: title, text, is } of hidden) {
    void it(`${title}: ${is ?? 'nothing'}`, () => assert.equal(hiddenIn(text), is));
  }
});

void describe('looks (UTS 39)', () => {
  const domains = [
    ['c0rp.example', 'corp.example', true],
    ['cоrp.example', 'corp.example', true],
    ['xn--crp-sed.example', 'corp.example', true],
    ['xn--bcher-kva.example', 'bücher.example', true],
    ['corps.example', 'corp.example', false],
    ['c-orp.example', 'corp.example', false],
  ] as const;
  for (const [one, other, alike] of domains) {
    void it(`${one} ${alike ? 'looks' : 'does not look'} like ${other}`, () => {
      assert.equal(lookOfDomain(one) === lookOfDomain(other), alike);
    });
  }

  const names = [
    ['Chief, Carol', 'carol chief'],
    ['CÁROL  CHIEF (CEO)', 'ceo carol chief'],
    ['Саrоl Chief', 'carol chief'],
    ['Carol\u200b Chief', 'carol chief'],
  ] as const;
  for (const [name, look] of names) {
    void it(`${JSON.stringify(name)} has the words ${look}`, () => {
      const wanted = [...lookOfName(look)].sort();
      assert.deepEqual([...lookOfName(name)].sort(), wanted);
    });
  }
});
