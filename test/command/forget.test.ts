import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { looksLikeNetwork } from '../../plugins/core/guessing/forgetting.ts';
import { gatekeeper } from '../support/command.ts';

// What is forgotten, and that a gateway hears of it: test/gateway/guessing.test.ts.

void describe('gatekeeper forget of what cannot be meant', () => {
  let nowhere: string;
  before(() => {
    nowhere = mkdtempSync(join(tmpdir(), 'gatekeeper-nowhere-'));
  });
  after(() => rmSync(nowhere, { recursive: true, force: true }));

  const cases = [
    {
      it: 'a prefix that is too long',
      args: ['10.0.0.0/33'],
      says: '10.0.0.0/33 is no network: expected ADDRESS or ADDRESS/PREFIX',
    },
    {
      it: 'a part that is too large',
      args: ['192.0.2.300'],
      says: '192.0.2.300 is no network: expected ADDRESS or ADDRESS/PREFIX',
    },
    {
      it: 'a network as if it were known from some',
      args: ['192.0.2.7', '--networks'],
      says: '--networks is for an account',
    },
    {
      it: 'a network as if it had written to some',
      args: ['192.0.2.7', '--recipients'],
      says: '--recipients is for an account',
    },
  ] as const;
  for (const { it: title, args, says } of cases) {
    void it(`${title} is 64, whatever the settings are`, async () => {
      const answer = await gatekeeper(['forget', ...args], { haraka: nowhere });
      assert.deepEqual(answer, { code: 64, out: '', err: `gatekeeper: ${says}\n` });
    });
  }
});

void describe('what gatekeeper forget takes for a network with a slip in it', () => {
  const table: readonly { text: string; is: boolean }[] = [
    { text: '10.0.0.0/33', is: true },
    { text: '10.0.0.0/', is: true },
    { text: '10.0.0.0/24x', is: true },
    { text: '10.0/16', is: true },
    { text: '10/8', is: true },
    { text: '0.0.0.0/0', is: true },
    { text: '192.0.2.300', is: true },
    { text: '192.0.2.', is: true },
    { text: '192.0.2.1.1', is: true },
    { text: ' 192.0.2.300 ', is: true },
    { text: '2001:db8::/129', is: true },
    { text: '2001:db8::1::2', is: true },
    { text: '[2001:db8::1]', is: true },
    { text: '2001:db8:1:2:3:4:5', is: true },
    { text: 'alice@corp.example', is: false },
    { text: 'alice', is: false },
    { text: '4711', is: false },
    { text: '1.2', is: false },
    { text: '192.0.2.1@corp.example', is: false },
    { text: 'CORP\\alice', is: false },
    { text: 'smtp/gw.corp.example', is: false },
    { text: '00:1b:44:11:3a:b7', is: false },
    { text: 'face:book', is: false },
    { text: '', is: false },
  ];
  for (const { text, is } of table) {
    void it(`${is ? 'takes' : 'does not take'} '${text}'`, () => assert.equal(looksLikeNetwork(text), is));
  }
});
