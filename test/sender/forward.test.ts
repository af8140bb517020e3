import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '../../plugins/core/identity.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import type { Mode } from '../../plugins/core/words.ts';
import { mailbox } from '../support/mailbox.ts';
import type { Verdict } from '../../plugins/core/verdict.ts';
import { decideEnvelope } from '../../plugins/sender/envelope.ts';
import { decideForward, forwardMode } from '../../plugins/sender/forward.ts';
import { decideHeader } from '../../plugins/sender/header.ts';
import { messageFacts } from './facts.ts';
import { nothingDelegated } from '../../plugins/core/rights.ts';

const { policy } = parseSettings('roles: [mx]\nprotected_domains: [corp.example, other.example]', 'test');

const exchange: Identity = {
  ...nothingDelegated,
  ...{ proof: 'account', name: 'exchange@srv.example', id: 'cn=exchange', domains: ['corp.example'] },
  ...{ addresses: [mailbox('exchange@srv.example')], forwards: 'enforce' },
};

const friend = 'friend@partner.example';

interface Case {
  readonly it: string;
  readonly sender: string;
  readonly from: string;
  readonly dkim?: readonly string[];
  readonly unchecked?: readonly string[];
  /** What MAIL, the header and the forward come to, up to the first refusal. */
  readonly is: string;
  /** The same without `forward_foreign`, where it differs. */
  readonly otherwise?: string;
}

const envelopeRefused = 'sender-not-owned';

const cases: readonly Case[] = [
  { it: 'its own mail', sender: 'bob@corp.example', from: 'bob@corp.example', is: 'pass' },
  { it: 'a bounce of its own', sender: '', from: 'postmaster@corp.example', is: 'pass' },
  {
    it: 'a redirect with the envelope of who redirects',
    ...{ sender: 'bob@corp.example', from: friend, is: 'pass', otherwise: 'header-not-owned' },
  },
  {
    it: 'a redirect with a rewritten envelope (SRS)',
    ...{ sender: 'SRS0=x=y=partner.example=friend@corp.example', from: friend },
    ...{ is: 'pass', otherwise: 'header-not-owned' },
  },
  {
    it: 'a notice with the null reverse-path',
    ...{ sender: '', from: `Friend <${friend}>`, is: 'pass', otherwise: 'header-not-owned' },
  },
  {
    it: 'a forward as it came, signed by its author',
    ...{ sender: friend, from: friend, dkim: ['partner.example'], is: 'pass', otherwise: envelopeRefused },
  },
  {
    it: 'a forward as it came, signed by a list',
    ...{ sender: 'bounces@list.example', from: friend, dkim: ['list.example'] },
    ...{ is: 'pass', otherwise: envelopeRefused },
  },
  {
    it: 'a forward as it came, with nothing that proves it',
    ...{ sender: friend, from: friend, is: 'forward-unproven', otherwise: envelopeRefused },
  },
  {
    it: 'a forward that somebody else has signed',
    ...{ sender: friend, from: friend, dkim: ['spam.example'] },
    ...{ is: 'forward-unproven', otherwise: envelopeRefused },
  },
  {
    it: 'a forward whose signature cannot be checked now',
    ...{ sender: friend, from: friend, unchecked: ['partner.example'] },
    ...{ is: 'dkim-temperror', otherwise: envelopeRefused },
  },
  {
    it: 'From of a protected domain that is not its own',
    ...{ sender: 'bob@corp.example', from: 'ceo@other.example', dkim: ['other.example'] },
    is: 'header-not-owned',
  },
  {
    it: 'envelope of a protected domain that is not its own',
    ...{ sender: 'ceo@other.example', from: friend, dkim: ['partner.example'], is: envelopeRefused },
  },
  {
    it: 'somebody else of the domain of its login',
    ...{ sender: 'ceo@srv.example', from: 'ceo@srv.example', dkim: ['srv.example'], is: envelopeRefused },
  },
  { it: 'a header that cannot be read', sender: '', from: 'a@b@c', is: 'header-malformed' },
  { it: 'an envelope that cannot be read', sender: 'a..b@x.example', from: friend, is: envelopeRefused },
];

function outcome({ sender, from, dkim = [], unchecked = [] }: Case, forwards: Mode): string {
  const facts = messageFacts({
    ...{ sender, header: `From: ${from}`, identity: { ...exchange, forwards } },
    dkim: { good: dkim, unknown: unchecked },
  });
  const decisions = [decideEnvelope, decideHeader, ...(forwards === 'off' ? [] : [decideForward])];
  const verdicts = decisions.map((decide): Verdict => decide(facts, policy));
  const adverse = verdicts.find(({ kind }) => kind === 'refuse' || kind === 'defer');
  return adverse && 'reason' in adverse ? adverse.reason : 'pass';
}

void describe('a server that forwards mail of others', () => {
  for (const each of cases) {
    const { it: title, is, otherwise = is } = each;
    void it(`${title}: ${is}, and ${otherwise} without forward_foreign`, () => {
      assert.deepEqual([outcome(each, 'enforce'), outcome(each, 'off')], [is, otherwise]);
    });
  }

  const modes: readonly { sender: Mode; forwards: Mode; is: Mode }[] = [
    { sender: 'enforce', forwards: 'enforce', is: 'enforce' },
    { sender: 'enforce', forwards: 'observe', is: 'observe' },
    { sender: 'observe', forwards: 'enforce', is: 'observe' },
    { sender: 'off', forwards: 'enforce', is: 'off' },
  ];
  for (const { sender, forwards, is } of modes) {
    void it(`with sender.mode ${sender} and forward_foreign ${forwards} is judged by ${is}`, () => {
      const settings = { ...policy, sender: { ...policy.sender, mode: sender } };
      assert.equal(forwardMode(settings, { ...exchange, forwards }), is);
    });
  }
});
