import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatMailbox } from '../../plugins/core/mailbox.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import type { SpfOutcome, SpfResult } from '../../plugins/core/spf/result.ts';
import { decideAuthor, protectedAuthors } from '../../plugins/sender/author.ts';
import { messageFacts } from './facts.ts';
import { mailbox } from '../support/mailbox.ts';

const { policy } = parseSettings('roles: [mx]\nprotected_domains: [corp.example, BÜCHER.example]', 'test');

function authorsOf(header: string, isHeaderWhole = true): string {
  const found = protectedAuthors(messageFacts({ header, isHeaderWhole }), policy);
  if (found.kind === 'unreadable') return found.isOurs ? 'unreadable, perhaps ours' : 'unreadable';
  return found.authors.map(formatMailbox).join(', ');
}

void describe('authors of a protected domain', () => {
  const cases: readonly { it: string; header: string; are: string }[] = [
    { it: 'one', header: 'From: Alice <alice@corp.example>', are: 'alice@corp.example' },
    { it: 'nobody', header: 'Subject: x', are: '' },
    { it: 'somebody else', header: 'From: friend@partner.example', are: '' },
    { it: 'only in the name', header: 'From: "alice@corp.example" <friend@partner.example>', are: '' },
    { it: 'only in Sender', header: 'From: a@b.example\nSender: alice@corp.example', are: '' },
    {
      it: 'some of several',
      header: 'From: a@b.example, alice@corp.example,\n "B, B" <bob@CORP.example>',
      are: 'alice@corp.example, bob@corp.example',
    },
    {
      it: 'of every From',
      header: 'From: a@b.example\nfrom: alice@corp.example',
      are: 'alice@corp.example',
    },
    { it: 'by its letters', header: 'From: alice@bücher.example', are: 'alice@xn--bcher-kva.example' },
    { it: 'of a sub-domain', header: 'From: alice@mail.corp.example', are: '' },
    { it: 'of a longer domain', header: 'From: alice@corp.example.org', are: '' },
  ];
  for (const { it: title, header, are } of cases) {
    void it(`${title}: ${are || 'none'}`, () => assert.equal(authorsOf(header), are));
  }
});

void describe('a From that cannot be read beyond doubt is perhaps ours', () => {
  const cases: readonly { it: string; header: string; isOurs: boolean }[] = [
    { it: 'in wide letters', header: 'From: alice@ｃｏｒｐ。example', isOurs: true },
    { it: 'with a letter that nobody sees', header: 'From: alice@co\u200brp.example', isOurs: true },
    { it: 'of another domain', header: 'From: friend@partner.example, x', isOurs: false },
    { it: 'without any address', header: 'From: friend', isOurs: false },
    { it: 'beside a broken line', header: 'From: alice@corp.example\nno field', isOurs: true },
    { it: 'below a broken line', header: 'no field\nFrom: alice@corp.example', isOurs: true },
    { it: 'beside a broken line, of another domain', header: 'From: x@y.example\nno field', isOurs: false },
    { it: 'in another field', header: 'To: alice@corp.example\nno field', isOurs: false },
    { it: 'with a space before the colon', header: 'From : alice@corp.example', isOurs: true },
    { it: 'behind a space', header: 'X: y\nno field\n From: alice@corp.example', isOurs: true },
    { it: 'behind a dot, which a server may drop', header: '.From: alice@corp.example', isOurs: true },
    { it: 'behind a bare CR', header: 'X: y\rFrom: alice@corp.example', isOurs: true },
    { it: 'with a NUL', header: 'From: alice@corp.example\0', isOurs: true },
    { it: 'of more than an address', header: 'From: alice@corp.example, x', isOurs: true },
    { it: 'in a group', header: 'From: us: alice@corp.example;', isOurs: true },
    { it: 'behind a route', header: 'From: <@a.example:alice@corp.example>', isOurs: true },
    { it: 'with a dot at its end', header: 'From: alice@corp.example.', isOurs: true },
    { it: 'with a wide dot at its end', header: 'From: alice@bücher.example。', isOurs: true },
    { it: 'with a space behind the @', header: 'From: alice@ corp.example', isOurs: true },
    { it: 'folded behind the @', header: 'From: Alice <alice@\n corp.example>', isOurs: true },
    { it: 'with spaces around dots', header: 'From: Alice <alice@corp\t. example>', isOurs: true },
    { it: 'with a comment behind the @', header: 'From: alice@(of (the) shop)corp.example', isOurs: true },
    { it: 'with a comment in the domain', header: 'From: alice@corp.(x)example', isOurs: true },
    { it: 'behind a comment without end', header: 'From: (alice@corp.example', isOurs: true },
  ];
  for (const { it: title, header, isOurs } of cases) {
    void it(`${title}: ${isOurs ? 'yes' : 'no'}`, () => {
      assert.equal(authorsOf(header), isOurs ? 'unreadable, perhaps ours' : 'unreadable');
    });
  }

  void it('of which Haraka has kept the beginning alone: yes', () => {
    assert.equal(authorsOf('From: alice@corp.example', false), 'unreadable, perhaps ours');
    assert.equal(authorsOf('From: friend@partner.example', false), 'unreadable');
  });

  // With a quadratic search the first of these takes minutes.
  for (const part of [' ', '(', '\r', '@', 'a@', '@ ', '. ', 'From', 'From: \t']) {
    void it(`in a long header of ${JSON.stringify(part)}: no`, () => {
      const lines = Array.from({ length: 4000 }, () => ` ${part.repeat(990 / part.length)}`);
      assert.equal(authorsOf(['no field', ...lines].join('\n')), 'unreadable');
      assert.equal(authorsOf(['From: ,', ...lines].join('\n')), 'unreadable');
    });
  }
});

void describe('an author of a protected domain is proven', () => {
  const corp = 'corp.example';
  const cases: readonly {
    it: string;
    authors?: readonly string[];
    mailFrom?: readonly [result: SpfResult, domain: string];
    helo?: readonly [result: SpfResult, domain: string];
    dkim?: readonly string[];
    unchecked?: readonly string[];
    is: string;
  }[] = [
    { it: 'when there is none', authors: [], is: 'skip' },
    { it: 'by SPF of MAIL FROM', mailFrom: ['pass', corp], is: 'pass' },
    { it: 'by SPF of a domain below', mailFrom: ['pass', `bounce.${corp}`], is: 'pass' },
    { it: 'by SPF of the domain above', authors: ['a@x.corp.example'], mailFrom: ['pass', corp], is: 'pass' },
    { it: 'not by SPF of another domain', mailFrom: ['pass', 'list.example'], is: 'header-not-owned' },
    { it: 'not by the end of a name', mailFrom: ['pass', `evil${corp}`], is: 'header-not-owned' },
    { it: 'not by SPF that does not pass', mailFrom: ['neutral', corp], is: 'header-not-owned' },
    { it: 'not by SPF without answer', mailFrom: ['temperror', corp], is: 'header-not-owned' },
    { it: 'by HELO, of a bounce', helo: ['pass', `gw.${corp}`], is: 'pass' },
    { it: 'not by HELO that fails', helo: ['fail', corp], is: 'header-not-owned' },
    {
      it: 'not by HELO, where there is a MAIL FROM',
      helo: ['pass', corp],
      mailFrom: ['pass', 'list.example'],
      is: 'header-not-owned',
    },
    { it: 'by DKIM', mailFrom: ['fail', 'list.example'], dkim: ['list.example', corp], is: 'pass' },
    { it: 'not by DKIM of another', dkim: ['list.example'], is: 'header-not-owned' },
    { it: 'perhaps by DKIM that cannot be checked now', unchecked: [corp], is: 'defer' },
    { it: 'not by that of another', unchecked: ['list.example'], is: 'header-not-owned' },
    {
      it: 'each by its own',
      authors: ['a@corp.example', 'b@bücher.example'],
      dkim: [corp],
      is: 'header-not-owned',
    },
    {
      it: 'each by its own, one by SPF and one by DKIM',
      authors: ['a@corp.example', 'b@bücher.example'],
      mailFrom: ['pass', corp],
      dkim: ['xn--bcher-kva.example'],
      is: 'pass',
    },
  ];
  for (const { it: title, authors = ['alice@corp.example'], is, ...rest } of cases) {
    void it(`${title}: ${is}`, () => {
      const { helo = ['none', 'mx.list.example'] as const, mailFrom, dkim = [], unchecked = [] } = rest;
      const evidence = { helo: outcome(...helo), ...(mailFrom && { mailFrom: outcome(...mailFrom) }) };
      const verdict = decideAuthor({ authors: authors.map(mailbox) }, evidence, {
        good: dkim,
        unknown: unchecked,
      });
      assert.equal(verdict.kind === 'refuse' ? verdict.reason : verdict.kind, is);
    });
  }
});

function outcome(result: SpfResult, domain: string): SpfOutcome {
  const trace = { domain, questions: [], terms: [], omitted: 0 };
  return { result, domain, lookups: { terms: 0, voids: 0, queries: 0 }, trace };
}
