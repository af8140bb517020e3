import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requireTlsIn } from '../../../plugins/core/haraka/require-tls.ts';

const cases = [
  { line: 'MAIL FROM:<a@b.example>', has: {}, is: 'absent' },
  { line: 'MAIL FROM:<a@b.example> SIZE=1', has: { SIZE: '1' }, is: 'absent' },
  { line: 'MAIL FROM:<a@b.example> REQUIRETLS', has: { REQUIRETLS: null }, is: 'present' },
  { line: 'mail from:<a@b.example> size=1 requiretls', has: { SIZE: '1', REQUIRETLS: null }, is: 'present' },
  { line: 'MAIL FROM:<a@b.example> REQUIRETLS=yes', has: { REQUIRETLS: 'yes' }, is: 'malformed' },
  { line: 'MAIL FROM:<a@b.example> REQUIRETLS requiretls', has: { REQUIRETLS: null }, is: 'malformed' },
  { line: 'MAIL FROM:<a@b.example> REQUIRETLS=1 REQUIRETLS', has: { REQUIRETLS: null }, is: 'malformed' },
  { line: 'MAIL FROM:<" REQUIRETLS "@b.example> REQUIRETLS', has: { REQUIRETLS: null }, is: 'present' },
  { line: 'MAIL FROM:a@b.example REQUIRETLS', has: { REQUIRETLS: null }, is: 'present' },
  { line: null, has: { REQUIRETLS: null }, is: 'present' },
  { line: null, has: undefined, is: 'absent' },
] as const;

void describe('the parameter REQUIRETLS of MAIL (RFC 8689 §2)', () => {
  for (const { line, has, is } of cases) {
    void it(`${line ?? 'no line'}: ${is}`, () => {
      assert.equal(requireTlsIn(has, line), is);
    });
  }
});
