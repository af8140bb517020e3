import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { remedyFor } from '../../plugins/core/readings/remedies.ts';
import { completed } from '../../plugins/core/events/event.ts';
import { ask } from '../../plugins/core/readings/ask.ts';
import { refusalOf } from '../../plugins/core/readings/refusals.ts';
import { readReport } from '../../plugins/core/readings/read-report.ts';
import { MemoryEvents } from '../support/memory-events.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { withheldEvent as event } from '../command/withheld-event.ts';

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
    it: 'a server without the TLS that its domain demands',
    ...event(0, 'outbound/tls', {
      ...{ ...alice, reason: 'starttls-not-supported', sender: 'alice@corp.example' },
      detail: 'mx.bank.example: offers no STARTTLS (the MTA-STS policy of bank.example)',
    }),
    domain: undefined,
    fix: 'whoever runs that server has to mend it: the example names it',
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
    fix: 'a trusted relay brought it for another: whoever its Received field names needs a login, or an entry of partners',
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

const day = { since: new Date('2026-11-24T00:00:00Z'), until: new Date('2026-11-25T00:00:00Z') };

void describe('what to do about', () => {
  for (const { it: title, domain, fix, ...one } of remedies) {
    void it(`${title}: ${fix}`, async () => {
      const store = new MemoryEvents();
      store.append([completed(one)]);
      const [tally] = await ask(store.tallies, 'adverse', { since: +day.since, until: +day.until });
      assert.ok(tally);
      if (domain !== undefined) assert.equal(refusalOf(tally).domain, domain);
      assert.equal(remedyFor(refusalOf(tally), policy, new Date()), fix);
      const { sections } = await readReport(store.tallies, { ...day, now: new Date(), settings: policy });
      const [row] = sections.find(({ name }) => name === 'withheld')?.tables[0]?.rows ?? [];
      assert.equal(row?.['fix'], fix);
    });
  }
});
