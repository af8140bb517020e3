import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { saysTlsNotRequired } from '../../../plugins/core/message/tls-required.ts';

const field = (value: string) => [`TLS-Required:${value}\r\n`];

const cases: readonly { it: string; header: readonly string[]; is: boolean }[] = [
  { it: 'no field', header: ['From: a@b.example\r\n'], is: false },
  { it: 'No', header: ['From: a@b.example\r\n', ...field(' No'), 'To: c@d.example\r\n'], is: true },
  { it: 'NO, and the name in small letters', header: ['tls-required: NO\n'], is: true },
  { it: 'no white space', header: field('no'), is: true },
  { it: 'white space around it', header: field(' \t No \t'), is: true },
  { it: 'comments around it', header: field(' (not (so) secret) No (really)'), is: true },
  { it: 'folded lines', header: field('\r\n (no secret)\r\n\tNo\r\n '), is: true },
  { it: 'Yes, which has no meaning', header: field(' Yes'), is: false },
  { it: 'an empty value', header: field(''), is: false },
  { it: 'a comment alone', header: field(' (No)'), is: false },
  { it: 'more words', header: field(' No thanks'), is: false },
  { it: 'No twice in one field', header: field(' No, No'), is: false },
  { it: 'a quoted string', header: field(' "No"'), is: false },
  { it: 'a longer word', header: field(' None'), is: false },
  { it: 'a comment that does not end', header: field(' No (really'), is: false },
  { it: 'a bare CR', header: field(' No\r No'), is: false },
  { it: 'a look-alike letter', header: field(' N\u043e'), is: false },
  { it: 'two fields', header: [...field(' No'), ...field(' No')], is: false },
  {
    it: 'two fields, of which one is hidden',
    header: [...field(' No'), 'TLS-Required : Yes\r\n'],
    is: false,
  },
  { it: 'white space before the colon', header: ['TLS-Required : No\r\n'], is: false },
  { it: 'another field', header: ['X-TLS-Required: No\r\n', 'TLS-Required-By: No\r\n'], is: false },
  { it: 'a field that speaks of it', header: ['Subject: x\r\n TLS-Required: No\r\n'], is: false },
  { it: 'a megabyte', header: field(` ${'('.repeat(1_000_000)}No`), is: false },
];

void describe('TLS-Required (RFC 8689 §3)', () => {
  for (const { it: what, header, is } of cases) {
    void it(`${what}: ${is ? 'TLS is not required' : 'says nothing'}`, () => {
      assert.equal(saysTlsNotRequired(header), is);
    });
  }
});
