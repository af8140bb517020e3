import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { excused, partnersFor } from '../../../plugins/core/inbound/partner.ts';
import type { Partner } from '../../../plugins/core/partners.ts';
import { parseSettings } from '../../../plugins/core/settings/file.ts';
import { defer, pass, refuse, skip, type Verdict } from '../../../plugins/core/verdict.ts';

const { policy } = parseSettings(
  `
roles: [mx]
protected_domains: [corp.example, BÜCHER.example, lists.corp.example]
partners:
  - { name: newsletter, owner: m, domains: [corp.example, BÜCHER.example], addresses: [192.0.2.1], expires: 2027-06-30 }
  - { name: printer, owner: m, domains: [corp.example], addresses: [192.0.2.2], expires: 2027-12-31 }
  - { name: alumni, owner: m, forwarder: true, addresses: [192.0.2.3], expires: 2027-06-30 }
  - { name: both, owner: m, domains: [lists.corp.example], forwarder: true, addresses: [192.0.2.4], expires: 2027-06-30 }
`,
  'test',
);

const [newsletter] = policy.partners;
assert.ok(newsletter);

void describe('partners that may excuse a refusal', () => {
  const cases = [
    { it: 'of a protected domain', domain: 'corp.example', are: ['newsletter', 'printer'] },
    { it: 'of one with other letters', domain: 'xn--bcher-kva.example', are: ['newsletter'] },
    { it: 'of one that a forwarder may use', domain: 'lists.corp.example', are: ['both'] },
    { it: 'of a domain that no entry names', domain: 'mail.corp.example', are: [] },
    { it: 'of other domains: the forwarders', domain: undefined, are: ['alumni', 'both'] },
    { it: 'on their last day', domain: 'corp.example', on: '2027-06-30', are: ['newsletter', 'printer'] },
    { it: 'on the day after', domain: 'corp.example', on: '2027-07-01', are: ['printer'] },
    { it: 'of other domains, when they have expired', domain: undefined, on: '2027-07-01', are: [] },
  ] as const;
  for (const { it: title, domain, are, ...day } of cases) {
    void it(`${title}: ${are.join(', ') || 'none'}`, () => {
      const { on = '2027-01-01' } = day as { on?: string };
      const found = partnersFor(domain, policy, new Date(`${on}T23:59:59Z`));
      assert.deepEqual(
        found.map(({ name }) => name),
        are,
      );
    });
  }
});

void describe('what is left of a verdict', () => {
  const fail = refuse('spf-fail', 'a@corp.example: SPF fail of corp.example (-all)');
  const dark = defer('spf-temperror', 'a@corp.example: SPF temperror of corp.example');
  const partner: Partner = newsletter;
  const unknown = 'partner dark: timeout';
  const cases: readonly { it: string; verdict: Verdict; of: object; is: Verdict }[] = [
    {
      it: 'a refusal, for a partner',
      verdict: fail,
      of: { partner },
      is: skip('partner newsletter: a@corp.example: SPF fail of corp.example (-all)'),
    },
    {
      it: 'a refusal without detail, for a partner',
      verdict: refuse('spf-fail'),
      of: { partner },
      is: skip('partner newsletter: spf-fail'),
    },
    {
      it: 'a deferral, for a partner',
      verdict: dark,
      of: { partner },
      is: skip('partner newsletter: a@corp.example: SPF temperror of corp.example'),
    },
    { it: 'a refusal, for a stranger', verdict: fail, of: {}, is: fail },
    {
      it: 'a refusal, for who may be a partner',
      verdict: fail,
      of: { unknown },
      is: defer('spf-temperror', unknown),
    },
    { it: 'a pass', verdict: pass, of: { partner }, is: pass },
    { it: 'a pass, where a partner cannot be asked', verdict: pass, of: { unknown }, is: pass },
    { it: 'a skip', verdict: skip('x'), of: { partner }, is: skip('x') },
  ];
  for (const { it: title, verdict, of, is } of cases) {
    void it(`${title}: ${is.kind}`, () => assert.deepEqual(excused(verdict, of), is));
  }
});
