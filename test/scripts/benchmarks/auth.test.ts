import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authTextOf } from '../../../scripts/benchmarks/auth-report.ts';
import { measureAuth } from '../../../scripts/benchmarks/auth.ts';

describe('scripts/bench auth', () => {
  it('has everybody log in over every kind of connection, and reports it', async () => {
    const { entries, crowd } = await measureAuth({
      ...{ rounds: 1, seconds: 0.05, clients: 2, say: () => undefined, signal: new AbortController().signal },
      // libldap needs a C compiler.
      names: ['gatekeeper', 'remembered', 'ldapts', 'auth-ldap'],
    });
    assert.deepEqual(
      entries.map(({ security, kind, name }) => `${security} ${kind} ${name}`),
      [
        'plain bind gatekeeper',
        'plain bind ldapts',
        'plain bind auth-ldap',
        'plain search, then bind gatekeeper',
        'plain search, then bind remembered',
        'plain search, then bind ldapts',
        'ldaps bind gatekeeper',
        'ldaps bind ldapts',
        'ldaps bind auth-ldap',
        'ldaps search, then bind gatekeeper',
        'ldaps search, then bind remembered',
        'ldaps search, then bind ldapts',
        'StartTLS bind gatekeeper',
        'StartTLS bind ldapts',
        'StartTLS search, then bind gatekeeper',
        'StartTLS search, then bind remembered',
        'StartTLS search, then bind ldapts',
      ],
    );
    for (const { rates } of entries) assert.ok(rates.length === 1 && rates.every((rate) => rate > 0));
    const machine = { processor: 'x', cores: 2, versions: {} };
    const text = authTextOf({ entries, crowd }, machine, 1);
    assert.match(text, /^Gatekeeper, remembered +\d+ \(/m);
  });
});
