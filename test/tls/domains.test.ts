import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMailbox } from '../../plugins/core/mailbox.ts';
import { authorDomains, senderDomains } from '../../plugins/tls/domains.ts';
import { policyOf } from './scene.ts';

const policy = policyOf({ criteria: ['name: bank, sender_domains: [bank.example], sni: required'] });

const froms: readonly { header: string; are: readonly string[]; isCut?: true }[] = [
  { header: 'From: a@bank.example\n', are: ['bank.example'] },
  { header: 'From: a@x.example, b@BANK.example\n', are: ['x.example', 'bank.example'] },
  { header: 'From: a@x.example\nFrom: b@bank.example\n', are: ['x.example', 'bank.example'] },
  { header: 'From: a@b\u00fccher.example\n', are: ['xn--bcher-kva.example'] },
  { header: 'Subject: a@bank.example\n', are: [] },
  { header: 'From: a <a@x.example> b <b@bank.example>\n', are: ['x.example', 'bank.example'] },
  { header: 'From : b@bank.example\nFrom: a@x.example\n', are: ['bank.example', 'x.example'] },
  { header: 'From: b@bank.example\n', are: ['bank.example'], isCut: true },
];

void describe('the domains of authors, as whoever reads the least carefully sees them', () => {
  for (const { header, are, isCut } of froms) {
    void it(JSON.stringify(header) + (isCut ? ', of more lines than are read' : ''), () => {
      const headerLines = header.match(/[^\n]*\n/g) ?? [];
      const found = authorDomains({ headerLines, isHeaderWhole: !isCut }, policy);
      assert.deepEqual([...new Set(found)], are);
    });
  }
});

const senders = [
  { text: 'a@bank.example', is: 'bank.example' },
  { text: '"a b"@BANK.example', is: 'bank.example' },
  { text: 'a b@bank.example', is: 'bank.example' },
  { text: 'a@bank.example.', is: 'bank.example' },
] as const;

void describe('the domain of an envelope sender', () => {
  for (const { text, is } of senders) {
    void it(text, () => {
      const mailbox = parseMailbox(text);
      assert.deepEqual(senderDomains({ text, isNull: false, ...(mailbox && { mailbox }) }, policy), [is]);
    });
  }
  void it('is none of the null reverse-path, and none where nobody asks', () => {
    assert.deepEqual(senderDomains({ text: '', isNull: true }, policy), []);
    assert.deepEqual(senderDomains({ text: 'a@x.example', isNull: false }, policyOf({})), []);
  });
});
