import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { remedyFor } from '../../plugins/command/remedy.ts';
import { Withheld } from '../../plugins/command/withheld.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { withheldEvent as event } from './withheld-event.ts';

const impersonation = 'sender/impersonation';
const ours = {
  reason: 'spf-fail',
  sender: 'crm@corp.example',
  detail: 'x@corp.example: SPF fail of corp.example (-all)',
} as const;
const others = {
  reason: 'spf-fail',
  sender: 'x@b.example',
  detail: 'x@b.example: SPF fail of b.example (-all)',
} as const;
const alice = {
  identity: 'alice@corp.example',
  identity_id: 'uid=alice,dc=corp',
  port: 587,
  role: 'submission',
} as const;

const partner = { owner: 'Sales', expires: '2999-12-31' };
const partners = [
  { ...partner, name: 'old', addresses: ['198.51.100.1'], domains: ['corp.example'], expires: '2020-01-31' },
  { ...partner, name: 'lists', addresses: ['198.51.100.2'], forwarder: true },
  { ...partner, name: 'crm', addresses: ['198.51.100.3'], domains: ['corp.example'] },
];

const forwarder =
  'a forwarder? list it under partners with forwarder: true; else the domain has to mend its SPF record';
const login =
  'this system sends as corp.example without AUTH: give it a login, or list its address under partners';

const remedies = [
  {
    it: 'a system of ours that SPF does not know',
    ...event(0, impersonation, ours),
    domain: 'corp.example',
    fix: login,
  },
  {
    it: 'a system of ours without SPF',
    ...event(0, impersonation, {
      reason: 'sender-not-owned',
      sender: 'x@Corp.example',
      detail: 'x@Corp.example: SPF none of corp.example',
    }),
    domain: 'corp.example',
    fix: login,
  },
  {
    it: 'a broken record of ours',
    ...event(0, impersonation, {
      reason: 'spf-permerror',
      sender: 'x@corp.example',
      detail: 'x@corp.example: SPF permerror of corp.example (why)',
    }),
    domain: 'corp.example',
    fix: 'mend the SPF record of corp.example: gatekeeper spf 203.0.113.7 corp.example says where',
  },
  {
    it: 'a fail of another domain',
    ...event(0, 'sender/spf', others),
    domain: 'b.example',
    fix: forwarder,
  },
  {
    it: 'a softfail of another domain',
    ...event(0, 'sender/spf', {
      reason: 'spf-softfail',
      sender: 'x@b.example',
      detail: 'x@b.example: SPF softfail of b.example (~all)',
    }),
    domain: 'b.example',
    fix: forwarder,
  },
  {
    it: 'a broken record of another domain',
    ...event(0, 'sender/spf', {
      reason: 'spf-permerror',
      sender: 'x@b.example',
      detail: 'x@b.example: SPF permerror of b.example (2 SPF records)',
    }),
    domain: 'b.example',
    fix: 'the domain has to mend its SPF record: gatekeeper spf 203.0.113.7 b.example says where',
  },
  {
    it: 'a domain that no shell should see',
    ...event(0, 'sender/spf', {
      reason: 'spf-permerror',
      sender: 'x@b.example',
      detail: 'x@$(id).example: SPF permerror of $(id).example (why)',
    }),
    domain: '$(id).example',
    fix: 'the domain has to mend its SPF record: gatekeeper spf says where',
  },
  {
    it: 'a DNS that did not answer',
    ...event(0, 'sender/spf', {
      verdict: 'defer',
      reason: 'spf-temperror',
      sender: 'x@b.example',
      detail: 'x@b.example: SPF temperror of b.example (no answer in time: TXT b.example)',
    }),
    domain: 'b.example',
    fix: 'the DNS did not answer: gatekeeper spf 203.0.113.7 b.example says whether it does now',
  },
  {
    it: 'HELO of a domain of ours, whoever sends',
    ...event(0, 'sender/spf', {
      reason: 'spf-fail',
      sender: 'x@b.example',
      detail: 'HELO: SPF fail of corp.example (-all)',
    }),
    domain: 'corp.example',
    fix: 'it calls itself corp.example in EHLO: let the SPF record of corp.example name 203.0.113.7',
  },
  {
    it: 'an author of ours that nothing proves',
    ...event(0, 'sender/author', {
      reason: 'header-not-owned',
      sender: 'b@list.example',
      detail: '"a: b"@corp.example: list.example, x.example is proven',
    }),
    domain: 'corp.example',
    fix: 'sign with DKIM as corp.example, or list the address under partners',
  },
  {
    it: 'a header that cannot be read',
    ...event(0, 'sender/author', {
      reason: 'header-malformed',
      sender: 'x@b.example',
      detail: 'from: a comment does not end',
    }),
    domain: 'b.example',
    fix: 'what to do stands in docs/refusals.md, under header-malformed',
  },
  {
    it: 'what a trusted relay had from another client',
    ...event(0, 'sender/relayed', { ...ours, peer: 'backup-mx' }),
    domain: 'corp.example',
    fix: 'backup-mx brought it for another: whoever its Received field names needs a login, or an entry of partners',
  },
  {
    it: 'a partner that has expired',
    ...event(0, impersonation, { ...ours, client: '198.51.100.1' }),
    domain: 'corp.example',
    fix: 'partner old expired on 2020-01-31: ask Sales, and change expires',
  },
  {
    it: 'a partner that may not send as this domain',
    ...event(0, impersonation, { ...ours, client: '198.51.100.2' }),
    domain: 'corp.example',
    fix: 'partner lists has this address: add corp.example to its domains',
  },
  {
    it: 'a partner that forwards without the right to',
    ...event(0, 'sender/spf', { ...others, client: '198.51.100.3' }),
    domain: 'b.example',
    fix: 'partner crm has this address: let it forward, with forwarder: true',
  },
  {
    it: 'what an entry covers by now',
    ...event(0, impersonation, { ...ours, client: '198.51.100.3' }),
    domain: 'corp.example',
    fix: 'partner crm has this address by now',
  },
  {
    it: 'an account that does not own its sender',
    ...event(0, 'sender/envelope', { ...alice, reason: 'sender-not-owned', detail: 'bob@corp.example' }),
    domain: undefined,
    fix: 'add bob@corp.example to the account alice@corp.example in the directory, or let it use an address of its own',
  },
  {
    it: 'an account that writes no From',
    ...event(0, 'sender/header', { ...alice, reason: 'header-malformed', detail: 'From is missing' }),
    domain: undefined,
    fix: 'what to do stands in docs/refusals.md, under header-malformed',
  },
  {
    it: 'a check of somebody else',
    ...event(0, 'acme/size', { reason: 'not-cleared' }),
    domain: undefined,
    fix: 'what to do stands in docs/refusals.md, under not-cleared',
  },
];

const { policy } = parseSettings(
  JSON.stringify({ roles: ['mx'], protected_domains: ['corp.example'], partners }),
  'gatekeeper.yaml',
);

void describe('what to do about', () => {
  for (const { it: title, domain, fix, ...one } of remedies) {
    void it(`${title}: ${fix}`, () => {
      const withheld = new Withheld();
      withheld.add(one);
      const [group] = withheld.groups();
      assert.ok(group);
      assert.equal(group.domain, domain);
      assert.equal(remedyFor(group, policy, new Date()), fix);
    });
  }
});

void describe('a flood of refusals that were withheld', () => {
  void it('does not fill the memory: beyond 10,000 groups they are only counted', () => {
    const withheld = new Withheld();
    for (let index = 0; index < 10_050; index += 1) {
      const detail = `x@d${index}.example: SPF fail of d${index}.example (-all)`;
      withheld.add({ ...event(0, 'sender/spf', others), detail });
    }
    assert.deepEqual([withheld.groups().length, withheld.omitted], [10_000, 50]);
  });
});
