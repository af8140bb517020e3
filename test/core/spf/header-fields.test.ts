import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { authenticationResult } from '../../../plugins/core/spf/authentication-results.ts';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import { receivedSpf, type SpfFacts } from '../../../plugins/core/spf/received-spf.ts';
import type { SpfOutcome } from '../../../plugins/core/spf/result.ts';
import { memoryDns } from './memory-dns.ts';
import { usual } from './table.ts';

interface Row {
  readonly it: string;
  readonly spf?: string;
  readonly facts?: Partial<SpfFacts>;
  readonly receivedSpf: string;
  readonly authenticationResult: string;
}

const rows: readonly Row[] = [
  {
    it: 'pass',
    spf: 'v=spf1 a:%{l}.test/24 ip4:192.0.2.1 -all',
    receivedSpf:
      'pass (mx.receiver.test: domain of corp.example designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1; ' +
      'identity=mailfrom; envelope-from="alice@corp.example"; helo=mail.sender.test; receiver=mx.receiver.test; ' +
      'mechanism="ip4:192.0.2.1";',
    authenticationResult: 'spf=pass smtp.mailfrom=alice@corp.example',
  },
  {
    it: 'fail for the null sender, by IPv6',
    spf: 'v=spf1 -all',
    facts: { sender: '', helo: 'corp.example', ip: '2001:db8::1' },
    receivedSpf:
      'fail (mx.receiver.test: domain of corp.example does not designate 2001:db8::1 as permitted sender) ' +
      'client-ip="2001:db8::1"; identity=helo; envelope-from=""; helo=corp.example; receiver=mx.receiver.test; ' +
      'mechanism=-all;',
    authenticationResult: 'spf=fail smtp.helo=corp.example',
  },
  {
    it: 'softfail of HELO, said by the caller',
    spf: 'v=spf1 ~all',
    facts: { sender: 'postmaster@corp.example', helo: 'corp.example', identity: 'helo' },
    receivedSpf:
      'softfail (mx.receiver.test: domain of corp.example would rather not have 192.0.2.1 as sender) ' +
      'client-ip=192.0.2.1; identity=helo; envelope-from="postmaster@corp.example"; helo=corp.example; ' +
      'receiver=mx.receiver.test; mechanism=~all;',
    authenticationResult: 'spf=softfail smtp.helo=corp.example',
  },
  {
    it: 'neutral by default',
    spf: 'v=spf1',
    receivedSpf:
      'neutral (mx.receiver.test: domain of corp.example does not say whether 192.0.2.1 is a permitted sender) ' +
      'client-ip=192.0.2.1; identity=mailfrom; envelope-from="alice@corp.example"; helo=mail.sender.test; ' +
      'receiver=mx.receiver.test; mechanism=default;',
    authenticationResult: 'spf=neutral smtp.mailfrom=alice@corp.example',
  },
  {
    it: 'none',
    receivedSpf:
      'none (mx.receiver.test: domain of corp.example does not say who its senders are) client-ip=192.0.2.1; ' +
      'identity=mailfrom; envelope-from="alice@corp.example"; helo=mail.sender.test; receiver=mx.receiver.test;',
    authenticationResult: 'spf=none smtp.mailfrom=alice@corp.example',
  },
  {
    it: 'permerror, with what tries to be more',
    spf: 'v=spf1 "moo\r\nX: (y)',
    facts: { helo: 'a"b\\\r\nc;', receiver: '(x)' },
    receivedSpf:
      'permerror (\\(x\\): domain of corp.example has no record that can be understood) client-ip=192.0.2.1; ' +
      'identity=mailfrom; envelope-from="alice@corp.example"; helo="a\\"b\\\\??c;"; receiver="(x)"; ' +
      'problem="corp.example: \\"moo\\\\x0d\\\\x0aX:: no term";',
    authenticationResult:
      'spf=permerror reason="corp.example: \\"moo\\\\x0d\\\\x0aX:: no term" smtp.mailfrom=alice@corp.example',
  },
  {
    it: 'a sender that needs quotes',
    facts: { sender: 'a b;@corp.example' },
    receivedSpf:
      'none (mx.receiver.test: domain of corp.example does not say who its senders are) client-ip=192.0.2.1; ' +
      'identity=mailfrom; envelope-from="a b;@corp.example"; helo=mail.sender.test; receiver=mx.receiver.test;',
    authenticationResult: 'spf=none smtp.mailfrom="a b;@corp.example"',
  },
];

describe('Received-SPF (RFC 7208 §9.1) and Authentication-Results (RFC 8601 §2.7.2)', () => {
  for (const row of rows) {
    it(row.it, async () => {
      const facts = { ...usual, ...row.facts };
      const dns = memoryDns({ 'corp.example': row.spf === undefined ? [] : [{ TXT: row.spf }] });
      const outcome = await checkHost(facts, dns);
      assert.equal(receivedSpf(outcome, facts), row.receivedSpf);
      assert.equal(authenticationResult(outcome, facts), row.authenticationResult);
    });
  }

  const text = fc.string({ unit: 'binary', maxLength: 2000 });

  it('are a line of ASCII that a field can hold, whatever is in it', () => {
    const strings = fc.record({ ip: text, sender: text, helo: text, receiver: text });
    const results = fc.constantFrom('pass', 'fail', 'none', 'permerror', 'temperror', 'neutral', 'softfail');
    const outcomes = fc.record({
      result: results,
      domain: text,
      mechanism: text,
      record: text,
      because: text,
    });
    fc.assert(
      fc.property(outcomes, strings, (outcome, facts) => {
        const parts = { lookups: { terms: 0, voids: 0, queries: 0 }, trace: emptyTrace };
        const complete: SpfOutcome = { ...outcome, ...parts };
        for (const body of [receivedSpf(complete, facts), authenticationResult(complete, facts)]) {
          assert.match(body, /^[\x20-\x7e]{1,985}$/);
          assert.match(body, onlyStrings, body);
        }
      }),
    );
  });
});

const emptyTrace = { domain: '', questions: [], terms: [], omitted: 0 };

/** Comments and quoted strings end where they should: outside of them is nothing that could begin another. */
const onlyStrings = /^(?:[^"()\\]|"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\))*$/;
