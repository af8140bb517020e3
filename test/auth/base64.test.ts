import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeBase64 } from '../../plugins/auth/base64.ts';

void describe('strict base64 (RFC 4648 §4)', () => {
  void it('decodes what Buffer encodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        assert.deepEqual(decodeBase64(Buffer.from(text)), Buffer.from(bytes));
      }),
    );
  });

  void it('accepts nothing that would not encode to the same text', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '+', '/', '=', '-', '*', '\0'),
          maxLength: 12,
        }),
        (text) => {
          const decoded = decodeBase64(Buffer.from(text));
          assert.ok(decoded === undefined || decoded.toString('base64') === text);
        },
      ),
    );
  });
});
