import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findMx, referenceNames, type FoundMx } from '../../../plugins/core/dane/mx.ts';
import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { zone } from '../dns/fixtures.ts';

/** Below `example` all zones are signed, below `test` none is. */
const isSigned = (name: string): boolean => name.endsWith('.example');

const data: Zone = {
  'corp.example': [
    { MX: [20, 'Second.example.'] },
    { MX: [10, 'first.example'] },
    { MX: [20, 'also.example'] },
  ],
  'corp.test': [{ MX: [10, 'mx.example'] }],
  'alias.example': [{ CNAME: 'Corp.example' }],
  'out.example': [{ CNAME: 'corp.test' }],
  'plain.example': [{ A: '192.0.2.1' }],
  'plain.test': [{ A: '192.0.2.1' }],
  'silent.example': [{ MX: [0, ''] }],
  'odd.example': [{ MX: [10, ''] }, { MX: [0, ''] }],
  'mixed.example': [{ MX: [0, ''] }, { MX: [10, 'mx.example'] }],
  'ill.example': ['SERVFAIL'],
  'dead.example': ['TIMEOUT'],
};

const ofCorp = [
  { preference: 10, exchange: 'first.example' },
  { preference: 20, exchange: 'second.example' },
  { preference: 20, exchange: 'also.example' },
];
const hosts = (domain: string, parts: Partial<Extract<FoundMx, { kind: 'hosts' }>>): FoundMx => ({
  ...{ kind: 'hosts', hosts: [], isImplicit: false, isSecure: true },
  ...{ domain, canonicalDomain: domain },
  ...parts,
});
const mx = [{ preference: 10, exchange: 'mx.example' }];

const cases: readonly { it: string; domain: string; is: FoundMx | RegExp }[] = [
  { it: 'its hosts, by preference', domain: 'corp.example', is: hosts('corp.example', { hosts: ofCorp }) },
  {
    it: 'the same in another spelling',
    domain: 'CORP.example.',
    is: hosts('corp.example', { hosts: ofCorp }),
  },
  {
    it: 'hosts that are not authenticated',
    domain: 'corp.test',
    is: hosts('corp.test', { hosts: mx, isSecure: false }),
  },
  {
    it: 'the hosts of what it is an alias of',
    domain: 'alias.example',
    is: hosts('alias.example', { hosts: ofCorp, canonicalDomain: 'corp.example' }),
  },
  {
    it: 'the hosts of what it is an alias of, out of signed zones',
    domain: 'out.example',
    is: hosts('out.example', { hosts: mx, canonicalDomain: 'corp.test', isSecure: false }),
  },
  {
    it: 'itself, without an MX (RFC 5321 §5.1)',
    domain: 'plain.example',
    is: hosts('plain.example', { hosts: [{ preference: 0, exchange: 'plain.example' }], isImplicit: true }),
  },
  {
    it: 'itself, without an MX, not authenticated',
    domain: 'plain.test',
    is: hosts('plain.test', {
      ...{ hosts: [{ preference: 0, exchange: 'plain.test' }], isImplicit: true },
      isSecure: false,
    }),
  },
  { it: 'that it takes no mail (RFC 7505 §3)', domain: 'silent.example', is: { kind: 'null-mx' } },
  { it: 'that it takes no mail, twice', domain: 'odd.example', is: { kind: 'null-mx' } },
  { it: 'hosts beside none', domain: 'mixed.example', is: hosts('mixed.example', { hosts: mx }) },
  { it: 'that there is none', domain: 'gone.example', is: { kind: 'no-domain' } },
  { it: 'trouble (RFC 7672 §2.1.2)', domain: 'ill.example', is: /MX ill\.example: .*SERVFAIL/ },
  { it: 'silence', domain: 'dead.example', is: /MX dead\.example: nobody answered/ },
];

void describe('dane: the DNS says of a domain', () => {
  for (const { it: what, domain, is } of cases) {
    void it(what, async () => {
      const { dns } = await zone(data, { validates: true }, { isSigned });
      const found = await findMx(dns, domain);
      if (is instanceof RegExp) assert.match(found.kind === 'failed' ? found.why : found.kind, is);
      else assert.deepEqual(found, is);
    });
  }

  void it('hosts that are never authenticated, where servers need not validate', async () => {
    const { dns } = await zone(data, {}, { isSigned: () => true });
    assert.deepEqual(
      await findMx(dns, 'corp.example'),
      hosts('corp.example', { hosts: ofCorp, isSecure: false }),
    );
  });
});

void describe('dane: names of a certificate below a DANE-TA record (RFC 7672 §3.2.2)', () => {
  const base = 'mx.example';
  const named = (domain: string, parts: Parameters<typeof hosts>[1]): readonly string[] => {
    const found = hosts(domain, parts);
    return found.kind === 'hosts' ? referenceNames(found, base) : [];
  };
  for (const { it: what, names, is } of [
    { it: 'the base domain and the domain', names: named('corp.example', {}), is: [base, 'corp.example'] },
    {
      it: 'what the domain is an alias of, too',
      names: named('alias.example', { canonicalDomain: 'corp.example' }),
      is: [base, 'alias.example', 'corp.example'],
    },
    { it: 'each once', names: named(base, {}), is: [base] },
    {
      it: 'the base domain alone, where the MX is not authenticated',
      names: named('out.example', { canonicalDomain: 'corp.test', isSecure: false }),
      is: [base],
    },
    {
      it: 'without an MX, the base domain and what it is the expansion of',
      names: named('alias.example', { canonicalDomain: base, isImplicit: true, isSecure: false }),
      is: [base, 'alias.example'],
    },
  ]) {
    void it(what, () => assert.deepEqual(names, is));
  }
});
