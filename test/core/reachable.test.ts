import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMailbox } from '../../plugins/core/mailbox.ts';
import { isAlwaysReachable } from '../../plugins/core/reachable.ts';

void describe('a recipient that can always be written to', () => {
  const cases = [
    { recipient: 'postmaster@corp.example', is: true },
    { recipient: 'PostMaster@CORP.example', is: true },
    { recipient: 'abuse@corp.example', is: true },
    { recipient: 'ABUSE@bücher.example', is: true },
    // RFC 5321 §4.5.1: without a domain too.
    { recipient: 'Postmaster', is: true },
    { recipient: 'postmaster@[192.0.2.1]', is: true },
    // RFC 5321 §4.1.2: quotes that nothing needs change nothing.
    { recipient: '"postmaster"@corp.example', is: true },
    { recipient: 'postmaster+x@corp.example', is: false },
    { recipient: 'postmaster.x@corp.example', is: false },
    { recipient: 'x-postmaster@corp.example', is: false },
    { recipient: '"postmaster@corp.example"@corp.example', is: false },
    { recipient: 'alice@postmaster', is: false },
    { recipient: 'poſtmaster@corp.example', is: false },
    { recipient: 'ｐostmaster@corp.example', is: false },
    { recipient: 'postmaster ', is: false },
    { recipient: 'alice@corp.example', is: false },
    { recipient: '', is: false },
    { recipient: '@', is: false },
  ] as const;
  for (const { recipient, is } of cases) {
    void it(`<${recipient}>: ${is ? 'yes' : 'no'}`, () => {
      const mailbox = parseMailbox(recipient);
      assert.equal(isAlwaysReachable({ text: recipient, ...(mailbox && { mailbox }) }), is);
    });
  }
});
