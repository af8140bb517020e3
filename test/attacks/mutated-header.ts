import fc from 'fast-check';
import { attackCases } from './attack-cases.ts';
import { readSentMail } from '../sender/sent-mail.ts';

/** What there is to begin with: every case, and whatever Alice sends. */
const seeds: readonly Buffer[] = [
  ...attackCases.map(({ headers_b64 }) => Buffer.from(headers_b64, 'base64')),
  ...readSentMail()
    .filter(({ login }) => login === 'alice')
    .map(({ content }) => Buffer.from(`${content.split('\r\n\r\n', 1)[0] ?? ''}\r\n`, 'latin1')),
];

/** Pieces that mean something to some reader. */
const pieces = [
  ...[
    '<',
    '>',
    '@',
    ',',
    ':',
    ';',
    '"',
    '(',
    ')',
    '\\',
    '.',
    ' ',
    '\t',
    '\r\n ',
    '\r\n\t',
    '\r\n',
    '\r',
    '\n',
    '\0',
  ],
  ...[
    '=',
    '?',
    '=?',
    '?=',
    '=?utf-8?q?',
    '=?utf-8?b?',
    '=40',
    '=2C',
    '=3C',
    '[',
    ']',
    "'",
    '\u00a0',
    '\u3000',
    '\ufeff',
  ],
  ...[
    '\u200b',
    '\uff20',
    '\uff0c',
    '\uff1c',
    '\u2028',
    '\u0085',
    '\u00ad',
    '\xff',
    '%',
    '!',
    '+x',
    '@x',
    '""',
    '()',
    '\\"',
  ],
  ...[
    'carol@corp.example',
    '<carol@corp.example>',
    'fred@other.example',
    '<fred@other.example>',
    'alice@corp.example',
  ],
  ...[
    '<alice@corp.example>',
    '(fred@other.example)',
    '"fred@other.example"',
    ' <fred@other.example',
    'fred@other.example,',
  ],
  ...[
    'From: ',
    'From',
    '\r\nFrom: fred@other.example\r\n',
    '\r\nfrom :fred@other.example\r\n',
    'Sender: ',
    '\r\n\r\n',
  ],
  ...[
    '=?utf-8?q?fred=40other.example?=',
    '=?utf-8?b?PGZyZWRAb3RoZXIuZXhhbXBsZT4=?=',
    'G:',
    ':;',
    '@other.example:',
  ],
].map((text) => Buffer.from(text, text === '\xff' ? 'latin1' : 'utf8'));

const place = fc.nat(0xffff);
/** Most changes fall into the first lines, where From stands mostly. */
const edit = fc.record({
  at: fc.oneof({ weight: 3, arbitrary: fc.nat(120) }, { weight: 1, arbitrary: place }),
  remove: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) }),
  insert: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }).map((octets) => Buffer.from(octets)) },
  ),
});

/** A header with a few changes, of which about one in five is accepted. */
export const mutatedHeader: fc.Arbitrary<Buffer> = fc
  .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }))
  .map(([seed, edits]) =>
    edits.reduce((text, { at, remove, insert }) => {
      const cut = at % (text.length + 1);
      return Buffer.concat([text.subarray(0, cut), insert, text.subarray(cut + remove)]);
    }, seed),
  );
