import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { excused, partnersFor } from '../../../plugins/core/inbound/partner.ts';
import { actionsOn, decideImpersonation, decideSpf } from '../../../plugins/core/inbound/spf.ts';
import { parseSettings } from '../../../plugins/core/settings/file.ts';
import type { SpfOutcome, SpfResult } from '../../../plugins/core/spf/result.ts';
import { refuse, type Verdict } from '../../../plugins/core/verdict.ts';

const { policy } = parseSettings(
  `roles: [mx]
protected_domains: [corp.example]
listeners:
  - { port: 2525, role: mx, spf: { fail: record, softfail: reject, permerror: reject, temperror: record } }
partners:
  - { name: news, owner: x, domains: [corp.example], addresses: [192.0.2.1], expires: 2026-06-30 }
  - { name: alumni, owner: x, forwarder: true, addresses: [192.0.2.2], expires: 2026-06-30 }
`,
  'test',
);

function outcome(result: SpfResult, domain: string): SpfOutcome {
  const trace = { domain, questions: [], terms: [], omitted: 0 };
  return { result, domain, lookups: { terms: 0, voids: 0, queries: 0 }, trace };
}

function shown(verdict: Verdict): string {
  return 'reason' in verdict ? verdict.reason : verdict.kind;
}

void describe('what follows from SPF of another domain', () => {
  const cases: readonly { result: SpfResult; shipped: string; strict: string }[] = [
    { result: 'pass', shipped: 'pass', strict: 'pass' },
    { result: 'fail', shipped: 'spf-fail', strict: 'skip' },
    { result: 'softfail', shipped: 'skip', strict: 'spf-softfail' },
    { result: 'neutral', shipped: 'skip', strict: 'skip' },
    { result: 'none', shipped: 'skip', strict: 'skip' },
    { result: 'permerror', shipped: 'skip', strict: 'spf-permerror' },
    { result: 'temperror', shipped: 'spf-temperror', strict: 'skip' },
  ];
  const decide = (port: number, helo: SpfOutcome, mailFrom?: SpfOutcome) => {
    const evidence = { helo, ...(mailFrom && { mailFrom }) };
    const sender = { text: mailFrom ? `x@${mailFrom.domain}` : '' };
    return shown(decideSpf(evidence, sender, actionsOn(port, policy), policy));
  };
  const none = outcome('none', 'mx.other.example');

  for (const { result, shipped, strict } of cases) {
    void it(`${result}: ${shipped} as shipped, ${strict} on a port that has its own`, () => {
      assert.equal(decide(25, none, outcome(result, 'other.example')), shipped);
      assert.equal(decide(2525, none, outcome(result, 'other.example')), strict);
    });

    void it(`${result} of HELO with the null sender: ${shipped} and ${strict}`, () => {
      assert.equal(decide(25, outcome(result, 'mx.other.example')), shipped);
      assert.equal(decide(2525, outcome(result, 'mx.other.example')), strict);
    });

    void it(`${result} of HELO beside a sender: ${result === 'fail' ? 'refused' : 'nothing'}`, () => {
      const sender = outcome('none', 'other.example');
      const said = result === 'fail' ? 'spf-fail' : 'skip';
      assert.equal(decide(25, outcome(result, 'mx.other.example'), sender), said);
    });
  }

  void it('refuses a fail of HELO by a protected domain wherever it is', () => {
    assert.equal(decide(2525, outcome('fail', 'corp.example'), outcome('pass', 'other.example')), 'spf-fail');
  });
});

void describe('what follows from SPF of a protected domain', () => {
  const cases: Readonly<Record<SpfResult, string>> = {
    pass: 'pass',
    fail: 'spf-fail',
    softfail: 'spf-softfail',
    neutral: 'sender-not-owned',
    none: 'sender-not-owned',
    permerror: 'spf-permerror',
    temperror: 'spf-temperror',
  };
  for (const [result, is] of Object.entries(cases)) {
    void it(`${result}: ${is}`, () => {
      const mailFrom = outcome(result as SpfResult, 'corp.example');
      const evidence = { helo: outcome('none', 'mx.example'), mailFrom };
      assert.equal(shown(decideImpersonation(evidence, { text: 'x@corp.example' }, policy)), is);
    });
  }

  void it('tells the words of the domain as its words', () => {
    const mailFrom = { ...outcome('fail', 'corp.example'), explanation: 'go away' };
    const evidence = { helo: outcome('none', 'mx.example'), mailFrom };
    const verdict = decideImpersonation(evidence, { text: 'x@corp.example' }, policy);
    assert.equal(verdict.kind === 'refuse' && verdict.told, 'corp.example explains: go away');
  });
});

void describe('partners', () => {
  const lastDay = new Date('2026-06-30T23:59:59Z');
  const dayAfter = new Date('2026-07-01T00:00:00Z');
  const names = (domain: string | undefined, now: Date) =>
    partnersFor(domain, policy, now).map(({ name }) => name);

  void it('count for the domains that they list, forwarders for those of others', () => {
    assert.deepEqual(names('corp.example', lastDay), ['news']);
    assert.deepEqual(names(undefined, lastDay), ['alumni']);
    assert.deepEqual(names('other.example', lastDay), []);
  });

  void it('count to the end of their last day, UTC', () => {
    assert.deepEqual(names('corp.example', dayAfter), []);
    assert.deepEqual(names(undefined, dayAfter), []);
  });

  void it('excuse a refusal; what cannot be known defers it, and nothing else changes it', () => {
    const refused = refuse('spf-fail', 'x@other.example: SPF fail of other.example');
    const [partner] = partnersFor(undefined, policy, lastDay);
    assert.ok(partner);
    assert.deepEqual(excused(refused, { partner }), {
      kind: 'skip',
      because: 'partner alumni: x@other.example: SPF fail of other.example',
    });
    assert.equal(shown(excused(refused, { unknown: 'partner news: no answer' })), 'spf-temperror');
    assert.equal(shown(excused(refused, {})), 'spf-fail');
    assert.equal(shown(excused({ kind: 'pass' }, { unknown: 'partner news: no answer' })), 'pass');
  });
});
