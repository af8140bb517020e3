import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '../../plugins/core/identity.ts';
import { parseMailbox } from '../../plugins/core/mailbox.ts';
import { nothingDelegated } from '../../plugins/core/rights.ts';
import { settingsSchema } from '../../plugins/core/settings/settings.ts';
import { decideLetter, readLetter } from '../../plugins/outbound/send-as.ts';

const policy = settingsSchema.parse({ roles: ['mx'] });
const own = 'invoices@corp.example';
const owned = [own].flatMap((each) => parseMailbox(each) ?? []);
const identity: Identity = {
  ...{ proof: 'internal', name: 'invoices', id: 'internal:invoices', forwards: 'off' },
  addresses: owned,
  ...nothingDelegated,
};

function decided(message: string): string {
  const letter = readLetter({ from: own, to: ['a@one.example'], message });
  if ('kind' in letter) return letter.kind;
  const verdict = decideLetter(letter, identity, policy);
  return verdict.kind === 'refuse' ? verdict.reason : verdict.kind;
}

void describe('a message of an internal sender', () => {
  const fields = (count: number) => `From: ${own}\n${'A: x\n'.repeat(count)}\nx\n`;
  const cases = [
    { it: 'with as many header lines as are read', message: fields(498), is: 'pass' },
    { it: 'with more, which Haraka would lose', message: fields(499), is: 'header-malformed' },
    { it: 'with a sub-address', message: 'From: invoices+7@corp.example\n\nx\n', is: 'pass' },
    { it: 'with two From', message: `From: ${own}\nFrom: ${own}\n\nx\n`, is: 'header-malformed' },
    {
      it: 'with a disguised From',
      message: `From: ${own}\nFrom : b@corp.example\n\n`,
      is: 'header-malformed',
    },
    {
      it: 'with a dot before a field',
      message: `From: ${own}\n.From: b@corp.example\n\n`,
      is: 'header-malformed',
    },
    { it: 'with a folded author', message: `From: x\n <b@corp.example>\n\n`, is: 'header-not-owned' },
    { it: 'with NUL', message: `From: ${own}\n\n\0\n`, is: 'refuse' },
  ];
  for (const { it: title, message, is } of cases) {
    void it(`${title}: ${is}`, () => {
      assert.equal(decided(message), is);
    });
  }

  void it('ends in a line end, has CRLF and a Message-ID, and keeps its own', () => {
    const letter = readLetter({ from: own, to: ['a@one.example'], message: `From: ${own}\n\nx` });
    assert.ok('text' in letter);
    assert.match(letter.text, /^Message-ID: <[\w-]{36}@corp\.example>\r\nFrom: [^\n]+\r\n\r\nx\r\n$/);
    const named = `Message-Id: <1@corp.example>\r\nFrom: ${own}\r\n\r\nx\r\n`;
    const kept = readLetter({ from: own, to: ['a@one.example'], message: named });
    assert.ok('text' in kept);
    assert.equal(kept.text, named);
  });
});
