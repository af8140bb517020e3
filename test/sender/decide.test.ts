import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EnvelopeAddress } from '../../plugins/core/haraka/facts/told.ts';
import type { Identity } from '../../plugins/core/identity.ts';
import { parseMailbox } from '../../plugins/core/mailbox.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { decideEnvelope } from '../../plugins/sender/envelope.ts';
import { decideHeader } from '../../plugins/sender/header.ts';
import type { Verdict } from '../../plugins/core/verdict.ts';
import { mailbox } from '../support/mailbox.ts';
import { nothingDelegated } from '../../plugins/core/rights.ts';

const { policy } = parseSettings(
  'protected_domains: [corp.example, BÜCHER.example]\ndirectory: {urls: ["ldaps://x"], bind_dn: x, base: x}',
  'test',
);

const alice: Identity = {
  proof: 'account',
  name: 'alice@corp.example',
  id: 'uid=alice',
  addresses: ['alice@corp.example', 'alice.smith@corp.example', 'alice@xn--bcher-kva.example'].map(mailbox),
  ...nothingDelegated,
  forwards: 'off',
};

const session = {
  client: { address: '192.0.2.1' },
  listener: { port: 587, role: 'submission' as const },
  helo: 'client.example',
  once: <T>(_name: string, make: () => T) => make(),
  receiver: 'gw.corp.example',
  publish: () => undefined,
};

function envelope(text: string): EnvelopeAddress {
  const parsed = parseMailbox(text);
  return { text, isNull: text === '', ...(parsed && { mailbox: parsed }) };
}

function shown(verdict: Verdict): string {
  return verdict.kind === 'refuse' ? verdict.reason : verdict.kind;
}

void describe('MAIL FROM', () => {
  const cases = [
    { sender: 'alice@corp.example', login: 'pass' },
    { sender: 'ALICE@Corp.Example', login: 'pass' },
    { sender: 'alice+shop@corp.example', login: 'pass' },
    { sender: 'alice@bücher.example', login: 'pass' },
    { sender: '', login: 'skip' },
    { sender: 'bob@corp.example', login: 'sender-not-owned' },
    { sender: 'alice@corp.example.org', login: 'sender-not-owned' },
    { sender: 'x@partner.example', login: 'sender-not-owned' },
    { sender: 'postmaster', login: 'sender-not-owned' },
    { sender: 'a..b@corp.example.', login: 'sender-not-owned' },
  ] as const;

  for (const { sender, login } of cases) {
    void it(`<${sender}> is ${login} with a login, and not judged without`, () => {
      const facts = { ...session, sender: envelope(sender) };
      assert.equal(shown(decideEnvelope({ ...facts, identity: alice }, policy)), login);
      assert.equal(shown(decideEnvelope(facts, policy)), 'skip');
    });
  }
});

void describe('header From and Sender', () => {
  const cases: readonly { it: string; header: string; is: string }[] = [
    { it: 'owned', header: 'From: alice@corp.example', is: 'pass' },
    { it: 'an alias with a name', header: 'From: "Smith, Alice" <alice.smith@corp.example>', is: 'pass' },
    { it: "somebody else's", header: 'From: bob@corp.example', is: 'header-not-owned' },
    { it: 'foreign', header: 'From: alice@partner.example', is: 'header-not-owned' },
    { it: 'missing', header: 'Subject: x', is: 'header-malformed' },
    { it: 'twice', header: 'From: alice@corp.example\nFrom: alice@corp.example', is: 'header-malformed' },
    {
      it: 'twice in another case',
      header: 'From: alice@corp.example\nfROM: bob@corp.example',
      is: 'header-malformed',
    },
    {
      it: 'two authors without Sender',
      header: 'From: alice@corp.example, alice.smith@corp.example',
      is: 'header-malformed',
    },
    {
      it: 'two authors with Sender',
      header: 'From: alice@corp.example, alice.smith@corp.example\nSender: alice@corp.example',
      is: 'pass',
    },
    {
      it: 'one author of two is foreign',
      header: 'From: alice@corp.example, x@y.example\nSender: alice@corp.example',
      is: 'header-not-owned',
    },
    {
      it: 'Sender foreign',
      header: 'From: alice@corp.example\nSender: bob@corp.example',
      is: 'header-not-owned',
    },
    {
      it: 'Sender with two mailboxes',
      header: 'From: alice@corp.example\nSender: alice@corp.example, alice.smith@corp.example',
      is: 'header-malformed',
    },
  ];
  const facts = (header: string) => ({
    ...session,
    sender: envelope('alice@corp.example'),
    headerLines: header.split('\n').map((line) => `${line}\n`),
    isHeaderWhole: true,
    isSmtpUtf8: true,
    dkim: { good: [], unknown: [] },
    ...{ recipients: [], provisional: 0, proveTenant: () => undefined, certificate: () => undefined },
  });

  for (const { it: title, header, is } of cases) {
    void it(`${title}: ${is}`, () => {
      assert.equal(shown(decideHeader({ ...facts(header), identity: alice }, policy)), is);
    });
  }

  void it('is not judged without an identity', () => {
    assert.equal(shown(decideHeader(facts('From: bob@corp.example'), policy)), 'skip');
  });

  void it('is not judged by a part of it', () => {
    const long = { ...facts('From: alice@corp.example'), isHeaderWhole: false, identity: alice };
    assert.equal(shown(decideHeader(long, policy)), 'header-malformed');
  });
});
