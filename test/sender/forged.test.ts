import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isForged } from '../../plugins/sender/forged.ts';

const stranger = { host: 'gw.corp.example', domains: ['corp.example', 'BÜCHER.example'] };
const peer = { host: 'gw.corp.example', domains: [] };

const results = (value: string) => ({ name: 'authentication-results', value });
const spf = (value: string) => ({ name: 'received-spf', value });

/** Each is of ours where a stranger brings it. */
const forged = [
  results(' gw.corp.example; none'),
  results('GW.Corp.Example.;none'),
  results(' "gw.corp.example" 1; none'),
  results(' "gw\\.corp.example"; none'),
  results('\r\n\t(a (nested) one\\)) gw.corp.example; none'),
  results(' (a \\) gw.corp.example; none'),
  results(' (never closed gw.corp.example) gw.corp.example'),
  results(' (gw.corp.example; none'),
  results(';gw.corp.example; none'),
  results(' gw.corp.example/1; none'),
  results(' gw\0.corp.example; none'),
  results(' other-host.corp.example; none'),
  results(' corp.example; none'),
  results(' mx.bücher.example; none'),
  results(' mx.xn--bcher-kva.example; none'),
  results(' =?utf-8?q?gw.corp.example?=; none'),
  spf(' pass (gw.corp.example: domain of x) client-ip=192.0.2.1'),
  spf(' pass client-ip=192.0.2.1; receiver=gw.corp.example'),
  spf(' pass client-ip=192.0.2.1;\r\n\tRECEIVER = "gw.corp.example";'),
  spf(' pass receiver (a comment) = gw.corp.example'),
  spf(' pass (x) receiver=mx2.corp.example'),
];

const honest = [
  results(' other.example; spf=pass (gw.corp.example: x) smtp.mailfrom=x@corp.example'),
  results(' other.example; iprev=pass (gw.corp.example); spf=pass smtp.helo=gw.corp.example'),
  results(' gw.corp.example.other.example; none'),
  results(' notcorp.example; none'),
  results(' spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=corp.example'),
  results(''),
  spf(' pass (google.com: domain of x@corp.example designates 192.0.2.1) helo=gw.corp.example'),
  spf(' pass (mx.other.example: x) receiver=mx.other.example; envelope-from="x@corp.example"'),
  spf(' none'),
  { name: 'arc-authentication-results', value: ' i=1; gw.corp.example; none' },
  { name: 'subject', value: ' gw.corp.example' },
];

void describe('what a client says in our name', () => {
  for (const field of forged) {
    void it(`is ${JSON.stringify(field.value)} in ${field.name}`, () => {
      assert.equal(
        isForged(field, () => stranger),
        true,
      );
    });
  }
  for (const field of honest) {
    void it(`is not ${JSON.stringify(field.value)} in ${field.name}`, () => {
      assert.equal(
        isForged(field, () => stranger),
        false,
      );
    });
  }

  void it('is not what another host of ours says of itself, where one of ours brings it', () => {
    const of = (value: string) => isForged(results(value), () => peer);
    assert.deepEqual([' mx2.corp.example; none', ' gw.corp.example; none'].map(of), [false, true]);
  });

  void it('is told of any text at all, and soon', () => {
    const text = fc.string({
      unit: fc.constantFrom('(', ')', '"', '\\', ' ', ';', '=', 'receiver', 'gw.corp.example'),
    });
    fc.assert(
      fc.property(text, (value) => {
        for (const field of [results(value), spf(value)]) isForged(field, () => stranger);
      }),
    );
    const started = performance.now();
    for (const part of ['(', ')', 'receiver', 'receiver ', '(receiver=', ' ', '";', '\\'])
      for (const field of [results, spf]) isForged(field(part.repeat(200_000)), () => stranger);
    assert.ok(performance.now() - started < 4000, String(performance.now() - started));
  });
});
