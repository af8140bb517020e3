import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { protectedDomainOf } from '../../../plugins/core/inbound/protected.ts';
import { parseSettings } from '../../../plugins/core/settings/file.ts';

const { policy } = parseSettings('roles: [mx]\nprotected_domains: [corp.example, BÜCHER.example]', 'test');

void describe('a sender of a protected domain', () => {
  const cases = [
    { sender: 'alice@corp.example', is: 'corp.example' },
    { sender: 'ALICE@Corp.Example', is: 'corp.example' },
    { sender: 'alice@bücher.example', is: 'xn--bcher-kva.example' },
    { sender: 'alice@XN--BCHER-KVA.example', is: 'xn--bcher-kva.example' },
    // What we cannot read, another server may.
    { sender: 'a..b@corp.example.', is: 'corp.example' },
    { sender: 'alice@bücher.example。', is: 'xn--bcher-kva.example' },
    { sender: 'alice@corp.example．', is: 'corp.example' },
    { sender: 'alice@ｃorp｡example', is: 'corp.example' },
    { sender: '"a@b"@corp.example', is: 'corp.example' },
    { sender: 'corp.example', is: 'corp.example' },
    { sender: 'alice@mail.corp.example', is: undefined },
    { sender: 'alice@corp.example.org', is: undefined },
    { sender: 'alice@example', is: undefined },
    { sender: 'postmaster', is: undefined },
    { sender: '', is: undefined },
  ];
  for (const { sender, is } of cases) {
    void it(`<${sender}>: ${is ?? 'none'}`, () => {
      assert.equal(protectedDomainOf({ text: sender }, policy), is);
    });
  }
});
