import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import { formatTrace } from '../../../plugins/core/spf/format-trace.ts';
import { memoryDns } from './memory-dns.ts';
import { usual } from './table.ts';

const zone = {
  'corp.example': [
    { TXT: 'v=spf1 ip4:203.0.113.0/24 mx include:a.test exists:%{l}.u.%{d} exp=e.%{d} -all' },
    { MX: [10, 'mx.test'] },
  ],
  'e.corp.example': [{ TXT: 'Not from %{i}' }],
  'a.test': [{ TXT: 'v=spf1 ptr ~all' }],
  'mx.test': [{ A: '192.0.2.9' }],
  '1.2.0.192.in-addr.arpa': [{ PTR: 'x.a.test' }],
} as const;

describe('the trace', () => {
  it('tells what was looked at, what the DNS said, and what came of it', async () => {
    assert.deepEqual(formatTrace(await checkHost(usual, memoryDns(zone))), [
      'TXT corp.example: 1 record',
      'v=spf1 ip4:203.0.113.0/24 mx include:a.test exists:%{l}.u.%{d} exp=e.%{d} -all',
      '  ip4:203.0.113.0/24: does not match',
      '  mx: does not match',
      '    MX corp.example: 10 mx.test',
      '    A mx.test: 192.0.2.9',
      '  include:a.test: does not match',
      '    TXT a.test: 1 record',
      '    v=spf1 ptr ~all',
      '      ptr: does not match',
      '        PTR 1.2.0.192.in-addr.arpa: x.a.test',
      '        A x.a.test: nxdomain',
      '      ~all: matches',
      '    a.test: softfail',
      '  exists:%{l}.u.%{d} (alice.u.corp.example): does not match',
      '    A alice.u.corp.example: nxdomain',
      '  -all: matches',
      '  exp=e.%{d}',
      '    TXT e.corp.example: 1 record',
      'corp.example: fail',
      'its explanation: Not from 192.0.2.1',
      'asked the DNS 8 times, for 4 terms, 1 of them for nothing',
    ]);
  });

  it('ends where the evaluation ended', async () => {
    const dns = memoryDns({
      'corp.example': [{ TXT: 'v=spf1 redirect=a.test' }],
      'a.test': [{ TXT: 'v=spf1 a:b.test +all' }],
      'b.test': ['TIMEOUT'],
    });
    assert.deepEqual(formatTrace(await checkHost(usual, dns)), [
      'TXT corp.example: 1 record',
      'v=spf1 redirect=a.test',
      '  redirect=a.test',
      '    TXT a.test: 1 record',
      '    v=spf1 a:b.test +all',
      '      a:b.test',
      '        A b.test: timeout',
      '    a.test: not finished',
      'corp.example: temperror',
      'temperror because: no answer in time: A b.test',
      'asked the DNS 3 times, for 2 terms, 0 of them for nothing',
    ]);
  });

  it('is harmless to a terminal', async () => {
    const question = { ...usual, helo: 'a\x1b[2J\r\nb', sender: 'x@\x9b.\x1b[2J.example' };
    const dns = memoryDns({ '\x9b.\x1b[2j.example': [{ TXT: 'v=spf1 a:%{h}.test \x1b[2J' }] });
    for (const each of [question, { ...question, sender: 'alice@corp.example' }]) {
      const outcome = await checkHost(each, dns);
      for (const line of formatTrace(outcome)) assert.match(line, /^[\x20-\x7e]*$/);
    }
  });

  it('is bounded, whatever the record and the answers are', async () => {
    const dns = memoryDns({
      'corp.example': [
        {
          TXT: `v=spf1 ${'ip4:10.0.0.1 '.repeat(1000)} a a:${'b'.repeat(60)}.test exists:%{h}.test ptr -all`,
        },
        ...Array.from({ length: 1000 }, (_, index) => ({ A: `10.0.${index >> 8}.${index & 0xff}` })),
      ],
    });
    const outcome = await checkHost({ ...usual, helo: 'x'.repeat(60_000) }, dns);
    assert.equal(outcome.result, 'fail');
    assert.equal(outcome.trace.terms.length + outcome.trace.omitted, 1005);
    assert.ok(JSON.stringify(outcome.trace).length < 20_000);
    assert.ok(formatTrace(outcome).includes('  (and 805 terms more)'));
  });

  it('is plain data', async () => {
    const outcome = await checkHost(usual, memoryDns(zone));
    assert.deepEqual(JSON.parse(JSON.stringify(outcome)), outcome);
  });
});
