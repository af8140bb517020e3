import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { zone } from '../../scripts/demo/zone.ts';
import { gatekeeper, type CommandResult } from '../support/command.ts';

const hostile = { 'hostile.example': [{ TXT: 'v=spf1 a:\u001b[2J\u009b31m -all' }] };

let dns: DnsServer;
before(async () => {
  dns = await startDns({ port: 0, zone: { ...zone, ...hostile }, failsForTimeout: true });
});
after(() => dns.stop());

const results = [
  {
    args: ['192.0.2.5', 'alice@corp.example'],
    code: 0,
    says: ['pass: corp.example, 192.0.2.5: the domain lets this client send'],
  },
  {
    args: ['203.0.113.5', '<alice@corp.example>'],
    code: 1,
    says: [
      'fail: corp.example, 203.0.113.5: the domain does not let this client send',
      'MAIL FROM  alice@corp.example: fail (-all)',
      '  its explanation: 203.0.113.5 is none of the servers of corp.example',
      '  asked the DNS 3 times, for 1 terms, 0 of them for nothing',
    ],
  },
  {
    args: ['203.0.113.200', 'unsure.example'],
    code: 1,
    says: ['softfail: unsure.example, 203.0.113.200: the domain would rather not let this client send'],
  },
  {
    args: ['203.0.113.5', 'x@lists.corp.example'],
    code: 1,
    says: ['neutral: lists.corp.example, 203.0.113.5: the domain does not say whether this client may send'],
  },
  {
    args: ['2001:db8::5', 'x@nothing.example'],
    code: 1,
    says: ['none: nothing.example, 2001:db8::5: the domain says nothing of who may send'],
  },
  {
    args: ['203.0.113.5', 'x@broken.example'],
    code: 1,
    says: [
      'permerror: broken.example, 203.0.113.5: what the domain says cannot be read',
      'MAIL FROM  x@broken.example: permerror (broken.example: ip4:203.0.113.300: no address)',
    ],
  },
  {
    args: ['203.0.113.5', 'x@failing.example'],
    code: 69,
    says: ['temperror: failing.example, 203.0.113.5: the DNS did not answer'],
  },
  {
    args: ['198.51.100.2', '<>', 'mx.partner.example'],
    code: 0,
    says: [
      'pass: mx.partner.example, 198.51.100.2: the domain lets this client send',
      'HELO  mx.partner.example: pass (a)',
    ],
  },
  {
    args: ['198.51.100.2', '', 'gw.corp.example'],
    code: 1,
    says: ['fail: gw.corp.example, 198.51.100.2: the domain does not let this client send'],
  },
  {
    it: 'is that of MAIL FROM, whatever HELO comes to',
    args: ['198.51.100.5', 'x@partner.example', 'mx.partner.example'],
    code: 0,
    says: [
      'pass: partner.example, 198.51.100.5: the domain lets this client send',
      'MAIL FROM  x@partner.example: pass (ip4:198.51.100.0/26)',
      'HELO       mx.partner.example: fail (-all)',
    ],
  },
];

void describe('gatekeeper spf without an installation', { concurrency: 2 }, () => {
  const nowhere = mkdtempSync(join(tmpdir(), 'gatekeeper-spf-'));
  after(() => rmSync(nowhere, { recursive: true }));
  const run = (args: readonly string[]): Promise<CommandResult> =>
    gatekeeper(['spf', ...args, '--server', `127.0.0.1:${dns.port}`], { cwd: nowhere });

  for (const { args, code, says } of results) {
    void it(`${args.map((word) => word || "''").join(' ')}: ${says[0]?.split(':')[0]}`, async () => {
      const result = await run(args);
      const lines = result.out.split('\n');
      assert.equal(lines[0], says[0]);
      for (const line of says) assert.ok(lines.includes(line), `${line}\nnot in\n${result.out}`);
      assert.deepEqual([result.code, result.err], [code, '']);
      assert.doesNotMatch(result.out, /^port /m);
    });
  }

  void it('shows term by term how the result comes about', async () => {
    const { out } = await run(['203.0.113.9', 'news@partner.example']);
    assert.deepEqual(out.split('\n').slice(2), [
      '',
      'MAIL FROM:',
      '  TXT partner.example: 1 record',
      '  v=spf1 ip4:198.51.100.0/26 mx -all',
      '    ip4:198.51.100.0/26: does not match',
      '    mx: does not match',
      '      MX partner.example: 10 mx.partner.example',
      '      A mx.partner.example: 198.51.100.2',
      '    -all: matches',
      '  partner.example: fail',
      '  asked the DNS 3 times, for 1 terms, 0 of them for nothing',
      '',
    ]);
  });

  void it('gives one JSON document, with the trace', async () => {
    const { code, out } = await run(['192.0.2.5', 'alice@corp.example', 'gw.corp.example', '--json']);
    const answer = JSON.parse(out) as Record<string, Record<string, unknown>>;
    assert.equal(code, 0);
    assert.deepEqual(Object.keys(answer), ['result', 'ip', 'mail_from', 'helo']);
    const { trace, ...mailFrom } = answer['mail_from'] ?? {};
    assert.deepEqual(mailFrom, {
      sender: 'alice@corp.example',
      result: 'pass',
      domain: 'corp.example',
      record: 'v=spf1 ip4:192.0.2.0/26 include:_spf.newsletter.example -all exp=why.corp.example',
      mechanism: 'ip4:192.0.2.0/26',
      lookups: { terms: 0, voids: 0, queries: 1 },
    });
    assert.deepEqual((trace as { terms: unknown }).terms, [
      { term: 'ip4:192.0.2.0/26', questions: [], matches: true },
    ]);
  });

  void it('leaves a terminal alone, whatever the domain says', async () => {
    const { out } = await run(['203.0.113.5', 'x\u001b[1m@hostile.example', 'a\u202eb.example']);
    assert.doesNotMatch(out.replaceAll('\n', ''), /[\0-\x1f\x7f-\x9f\u202e]/);
    assert.match(out, /^MAIL FROM {2}x\\u001b\[1m@hostile\.example: permerror \(.*\\x1b\[2J/m);
  });

  for (const [args, says] of [
    [
      ['203.0.113.300', 'x@corp.example'],
      /'203\.0\.113\.300' is invalid for argument 'ip'\. Expected an IPv4 or IPv6 address\./,
    ],
    [['203.0.113.3', ''], /the null sender has no domain: give what the client says in EHLO/],
    [['203.0.113.3', '<>'], /the null sender has no domain/],
    [['203.0.113.3', 'x@corp.example', '--server', 'ns.example'], /Expected ADDRESS, ADDRESS:PORT/],
    [['203.0.113.3'], /missing required argument 'sender'/],
  ] as const) {
    void it(`cannot mean ${args.map((word) => word || "''").join(' ')}`, async () => {
      const { code, out, err } = await run(args);
      assert.deepEqual([code, out], [64, '']);
      assert.match(err, says);
    });
  }

  void it('asks the next server where the first is not there', async () => {
    const args = ['192.0.2.5', 'x@corp.example', '--server', '127.0.0.1:1'];
    assert.equal((await run(args)).code, 0);
  });
});
