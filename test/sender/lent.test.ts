import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePair, type Delegated } from '../../plugins/core/rights.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { decideHeader } from '../../plugins/sender/header.ts';
import { mailbox } from '../support/mailbox.ts';
import { identityOf, submitted } from './judging.ts';

const { policy } = parseSettings('roles: [mx]\nprotected_domains: [corp.example]', 'test');

interface Case {
  readonly rights: Partial<Delegated>;
  readonly envelope: string;
  readonly header: string;
  /** The refusal in one line; empty where there is none. */
  readonly is: string;
}

const own = 'robot@corp.example';
const carol = 'From: carol@corp.example';
const onBehalf = { onBehalf: [mailbox('carol@corp.example')] };
const list: Partial<Delegated> = { grants: ['list'] };
const resend: Partial<Delegated> = { grants: ['resend'] };
const pairs = (...texts: string[]): Partial<Delegated> => ({
  pairs: texts.map((text) => parsePair(text) ?? assert.fail(text)),
});
const bounces = pairs('bounces@news.corp.example news@corp.example');
const replies = pairs('bounces@news.corp.example news@corp.example', '<> replies@corp.example');

const needsSender = 'carol@corp.example in From: on behalf, it needs a Sender of its own';
const needsList =
  'carol@corp.example in From: of a list, it needs List-Id, and a Sender or MAIL FROM of its own';
const needsResent = 'x@other.example in From: sent again, it needs a Resent-From of its own';
const otherPair = (address: string) => `${address} in From: MAIL FROM is of another pair`;

const cases: readonly Case[] = [
  { rights: onBehalf, envelope: own, header: `${carol}\nSender: ${own}`, is: '' },
  { rights: onBehalf, envelope: own, header: carol, is: needsSender },
  { rights: onBehalf, envelope: own, header: `${carol}\nSender: carol@corp.example`, is: needsSender },
  { rights: list, envelope: own, header: `${carol}\nList-Id: <all.corp.example>`, is: '' },
  { rights: list, envelope: '', header: `${carol}\nList-Id: <all.corp.example>\nSender: ${own}`, is: '' },
  { rights: list, envelope: '', header: `${carol}\nList-Id: <all.corp.example>`, is: needsList },
  { rights: list, envelope: own, header: carol, is: needsList },
  { rights: resend, envelope: own, header: `Resent-From: ${own}\nFrom: x@other.example`, is: '' },
  { rights: resend, envelope: own, header: 'From: x@other.example', is: needsResent },
  {
    ...{ rights: resend, envelope: own, header: `Resent-From: ${own}\n${carol}` },
    is: 'carol@corp.example in From',
  },
  { rights: bounces, envelope: 'bounces@news.corp.example', header: 'From: news@corp.example', is: '' },
  {
    ...{ rights: bounces, envelope: 'news@corp.example', header: 'From: news@corp.example' },
    is: otherPair('news@corp.example'),
  },
  { rights: bounces, envelope: '', header: 'From: news@corp.example', is: otherPair('news@corp.example') },
  { rights: replies, envelope: '', header: 'From: replies@corp.example', is: '' },
  { rights: replies, envelope: '', header: 'From: news@corp.example', is: otherPair('news@corp.example') },
  {
    ...{ rights: replies, envelope: 'bounces@news.corp.example', header: 'From: replies@corp.example' },
    is: otherPair('replies@corp.example'),
  },
  {
    ...{ rights: replies, envelope: '', header: `From: replies@corp.example\nSender: ${own}` },
    is: `${own} in Sender`,
  },
];

void describe('what was lent holds for a message that is as it has to be', () => {
  for (const { rights, envelope, header, is } of cases) {
    void it(`${JSON.stringify(rights)}, <${envelope}>, ${JSON.stringify(header)}: ${is || 'accepted'}`, () => {
      const headerLines = header.split('\n').map((line) => `${line}\n`);
      const verdict = decideHeader(
        submitted({ identity: identityOf([own], rights), from: envelope, headerLines }),
        policy,
      );
      assert.equal('detail' in verdict ? verdict.detail : '', is);
      assert.equal(verdict.kind, is === '' ? 'pass' : 'refuse');
    });
  }
});
