import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Origin } from '../../plugins/core/provenance/record.ts';
import { settingsSchema } from '../../plugins/core/settings/settings.ts';
import { rulesOf } from '../../plugins/outbound/tls-demand.ts';

const of = (require_tls: readonly object[]) => settingsSchema.parse({ roles: ['mx'], require_tls });

const policy = of([
  { level: 'encrypt' },
  { level: 'verify', recipient_domains: ['bank.example', '*.gov.example', 'bücher.example'] },
  { level: 'may', recipient_domains: ['old.gov.example', '*.old.example'] },
  { level: 'encrypt', recipient_domains: ['*.lab.gov.example'] },
  { level: 'verify', identities: ['payroll@corp.example', 'uid=carol,ou=people,dc=corp,dc=example'] },
  { level: 'may', identities: ['loud@corp.example'] },
]);

const identity = (name: string, id = `uid=${name}`): Origin => ({
  kind: 'identity',
  proof: 'account',
  id,
  name,
});

const rows: readonly (readonly [
  to: string | readonly string[],
  from: string,
  level: string | undefined,
  by?: string,
])[] = [
  ['somebody.example', 'alice', 'encrypt', 'require_tls'],
  ['bank.example', 'alice', 'verify', 'require_tls of bank.example'],
  ['BANK.example', 'alice', 'verify', 'require_tls of bank.example'],
  ['www.bank.example', 'alice', 'encrypt', 'require_tls'],
  ['tax.gov.example', 'alice', 'verify', 'require_tls of *.gov.example'],
  ['a.b.gov.example', 'alice', 'verify', 'require_tls of *.gov.example'],
  ['gov.example', 'alice', 'encrypt', 'require_tls'],
  ['old.gov.example', 'alice', undefined],
  ['x.old.gov.example', 'alice', 'verify', 'require_tls of *.gov.example'],
  ['x.old.example', 'alice', undefined],
  ['x.lab.gov.example', 'alice', 'encrypt', 'require_tls of *.lab.gov.example'],
  ['xn--bcher-kva.example', 'alice', 'verify', 'require_tls of xn--bcher-kva.example'],
  ['old.gov.example', 'Payroll@corp.example', 'verify', 'require_tls of Payroll@corp.example'],
  ['old.gov.example', 'loud@corp.example', undefined],
  ['bank.example', 'loud@corp.example', 'verify', 'require_tls of bank.example'],
  [['x.old.example', 'bank.example'], 'alice', 'verify', 'require_tls of bank.example'],
];

void describe('which TLS a message needs', () => {
  for (const [to, from, level, by] of rows) {
    void it(`to ${[to].flat().join(' and ')} from ${from}: ${level ?? 'none'}`, () => {
      const recipientDomains = [to].flat();
      const message = { origin: identity(from), senderDomain: 'corp.example', recipientDomains };
      const certificate = level === 'verify' ? 'valid' : 'any';
      assert.deepEqual(rulesOf(message, policy), level ? [{ by, isEnforced: true, certificate }] : []);
    });
  }

  void it('is known by the id of an account, too', () => {
    const origin = identity('carol', 'uid=Carol,ou=people,dc=corp,dc=example');
    const message = { origin, senderDomain: undefined, recipientDomains: ['x.old.example'] };
    assert.equal(rulesOf(message, policy)[0]?.certificate, 'valid');
  });

  void it('is that of its recipients where nobody has logged in', () => {
    for (const origin of [undefined, { kind: 'bounce', of: 'x' }, { kind: 'inbound' }] as const) {
      const message = { origin, senderDomain: 'corp.example', recipientDomains: ['bank.example'] };
      assert.equal(rulesOf(message, policy)[0]?.certificate, 'valid');
    }
  });

  void it('is none as shipped', () => {
    const message = { origin: identity('alice'), senderDomain: 'a.example', recipientDomains: ['b.example'] };
    assert.deepEqual(rulesOf(message, of([])), []);
  });

  void it('is that of REQUIRETLS, beside what is demanded anyhow (RFC 8689 §4.2.1)', () => {
    const message = { origin: identity('alice'), senderDomain: 'a.example', tlsOption: 'require' } as const;
    assert.deepEqual(
      rulesOf({ ...message, recipientDomains: ['b.example'] }, policy).map(({ by }) => by),
      ['require_tls', 'REQUIRETLS'],
    );
  });

  void it('is asked for, and no more, where there is no sender to hear of it (RFC 8689 §5)', () => {
    const message = { origin: { kind: 'bounce', of: 'x' }, senderDomain: undefined } as const;
    const rules = rulesOf({ ...message, recipientDomains: ['b.example'], tlsOption: 'require' }, of([]));
    assert.deepEqual(rules, [{ by: 'REQUIRETLS', requiretls: true, isEnforced: false, certificate: 'any' }]);
  });

  const mistakes = [
    [[{ level: 'verify' }, { level: 'may' }], /all mail has an entry already/],
    [
      [
        { level: 'verify', recipient_domains: ['a.example'] },
        { level: 'may', recipient_domains: ['A.example'] },
      ],
      /a\.example has an entry already/,
    ],
    [
      [
        { level: 'verify', identities: ['a@corp.example'] },
        { level: 'may', identities: ['A@CORP.example'] },
      ],
      /has an entry already/,
    ],
  ] as const;
  for (const [entries, says] of mistakes) {
    void it(`is not told by two entries for the same: ${says.source}`, () => {
      assert.throws(() => of(entries), says);
    });
  }

  void it('is not told by one entry about recipients and senders', () => {
    assert.throws(
      () => of([{ level: 'verify', recipient_domains: ['a.example'], identities: ['b'] }]),
      /one is about recipients or about senders/,
    );
  });
});
