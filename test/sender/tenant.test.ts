import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '../../plugins/core/identity.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { decideTenant } from '../../plugins/sender/tenant.ts';
import { messageFacts } from './facts.ts';
import { cases, corp, elsewhere, proven, settings, type Case, type Fields } from './tenant-cases.ts';

const policies = new Map(
  ['off', 'observe', 'enforce'].map((forwards) => [
    forwards,
    parseSettings(settings(forwards), 'test').policy,
  ]),
);

function judged(each: Case, provisional: number) {
  const {
    sender = 'bob@corp.example',
    from = 'bob@corp.example',
    dkim = ['corp.example'],
    unchecked = [],
  } = each;
  const { tenants = ['corp', 'cloudless', 'gone'], forwards = 'off' } = each;
  const written: Fields = { ...proven, ...each.with };
  const fields = Object.entries(written).flatMap(([name, value = []]) =>
    [value].flat().map((one) => `${name}: ${one}`),
  );
  const known: Identity[] = [];
  const facts = messageFacts({
    ...{ sender, header: [`From: ${from}`, ...fields].join('\n'), provisional },
    dkim: { good: dkim, unknown: unchecked },
    tenancy: { kind: 'provisional', tenants },
    proveTenant: (identity) => known.push(identity),
  });
  const policy = policies.get(forwards);
  assert.ok(policy);
  const verdict = decideTenant(facts, policy, new Date('2026-06-01'));
  return { verdict, name: known[0]?.name };
}

void describe('a message that a server of a provider brings', () => {
  for (const each of cases) {
    void it(`with ${each.it}: ${each.is}`, () => {
      const { verdict, name } = judged(each, 1);
      assert.equal(name ?? ('reason' in verdict ? verdict.reason : verdict.kind), each.is);
      assert.equal(verdict.kind === 'pass', name !== undefined);
      const said = verdict.kind === 'refuse' ? verdict.detail : 'because' in verdict ? verdict.because : '';
      if (each.says !== undefined) assert.ok(said?.includes(each.says), said);
    });

    void it(`for local recipients alone, with ${each.it}: is refused for nothing of this`, () => {
      const { verdict, name } = judged(each, 0);
      assert.equal(verdict.kind, name === undefined ? 'skip' : 'pass');
      assert.equal(name !== undefined, each.is.startsWith('tenant:'));
    });
  }

  for (const { it: title, with: fields, is } of elsewhere) {
    void it(`of another provider, with ${title}: ${is}`, () => {
      const each = {
        it: title,
        with: { 'X-Tenant': 't-77', 'X-Tenant-Domain': 'corp.example', ...fields },
        is,
      };
      const { verdict, name } = judged({ ...each, tenants: ['elsewhere'] }, 1);
      assert.equal(name ?? ('reason' in verdict ? verdict.reason : verdict.kind), is);
    });
  }

  void it('has the rights of its entry', () => {
    const policy = policies.get('off');
    assert.ok(policy);
    assert.equal(judged({ it: '', is: '' }, 1).name, corp);
  });
});
