import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatMailbox } from '../../plugins/core/mailbox.ts';
import { rightTo } from '../../plugins/core/rights.ts';
import { mailbox } from '../support/mailbox.ts';

const alice = {
  addresses: ['alice@corp.example', 'team+all@corp.example', 'team@corp.example'].map(mailbox),
  domains: ['app.corp.example'],
};

const cases = [
  { writes: 'alice@corp.example', separator: '+', because: 'alice@corp.example, owned' },
  { writes: 'ALICE@Corp.Example', separator: '+', because: 'alice@corp.example, owned' },
  { writes: 'alice+shop@corp.example', separator: '+', because: 'alice@corp.example, subaddress' },
  { writes: 'alice+shop+b@corp.example', separator: '+', because: 'alice@corp.example, subaddress' },
  { writes: 'alice-shop@corp.example', separator: '-', because: 'alice@corp.example, subaddress' },
  { writes: 'team+all@corp.example', separator: '+', because: 'team+all@corp.example, owned' },
  { writes: 'team+few@corp.example', separator: '+', because: 'team@corp.example, subaddress' },
  { writes: 'alice+shop@corp.example', separator: '', because: 'nothing' },
  { writes: 'alice+shop@corp.example', separator: '-', because: 'nothing' },
  { writes: '+shop@corp.example', separator: '+', because: 'nothing' },
  { writes: 'bob@corp.example', separator: '+', because: 'nothing' },
  { writes: 'alice@corp.example.org', separator: '+', because: 'nothing' },
  { writes: 'any.body@App.Corp.Example', separator: '+', because: 'any.body@app.corp.example, domain' },
  { writes: 'alice@x.app.corp.example', separator: '+', because: 'nothing' },
] as const;

void describe('the right to write as an address', () => {
  for (const { writes, separator, because } of cases) {
    void it(`${writes} with the separator '${separator}': ${because}`, () => {
      const right = rightTo(mailbox(writes), alice, separator);
      assert.equal(right ? `${formatMailbox(right.owned)}, ${right.rule}` : 'nothing', because);
    });
  }
});
