import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Report } from '../../plugins/core/readings/report.ts';
import { eventWith } from '../core/events/sample-events.ts';
import { failed as refused, noPolicy, sts, succeeded } from '../core/tls-report/events.ts';
import { reportSchema } from '../core/tls-report/schema.ts';
import { failed, loggedIn, sent } from '../readings/events.ts';
import { gatekeeper } from '../support/command.ts';
import { breakEvents, keepEvents } from '../support/events.ts';
import { startSite, type Site } from '../support/instance.ts';
import { withheldEvent } from './withheld-event.ts';

const alice = 'alice@corp.example';
const hostile = '=cmd|"x"\u001b[2J\u202e\n@corp.example';

let site: Site;
before(async () => {
  site = await startSite({ settings: { protected_domains: ['corp.example'] } });
  const now = Date.now();
  await keepEvents(site.dir, [
    loggedIn(now - 5000, alice, '192.0.2.7'),
    ...sent(now - 4000, alice, '192.0.2.7', { recipients: 3, bytes: 1500 }),
    ...Array.from({ length: 20 }, (_, index) =>
      failed(now - index * 1000, alice, '11.0.0.1', `guess ${index}`),
    ),
    failed(now, hostile, '11.1.0.1', 'guess'),
    withheldEvent(1, 'sender/impersonation', { reason: 'spf-fail', sender: 'x@corp.example', detail: 'why' }),
  ]);
});
after(() => site.stop());

function run(...args: string[]) {
  return gatekeeper(['report', ...args], { haraka: site.dir });
}

void describe('gatekeeper report', () => {
  void it('tells what was found before any figures', async () => {
    const { code, out } = await run();
    assert.equal(code, 0);
    assert.match(
      out,
      /^Failed logins: 1 finding\n\n {2}guessing: alice@corp\.example\n {4}what +Somebody guesses/m,
    );
    assert.match(out, /^ {4}do +See that alice@corp\.example has a long password/m);
    assert.ok(out.indexOf('guessing: alice') < out.indexOf('Mail flow: by outcome'));
    assert.match(out, /^ {2}accepted +1 +3 +1\.5 kB$/m);
  });

  void it('gives one JSON document, with --json as with --format json', async () => {
    const parsed = await Promise.all(
      [['--json'], ['--format', 'json']].map(async (args) => JSON.parse((await run(...args)).out) as Report),
    );
    for (const { sections } of parsed) {
      assert.deepEqual(
        sections.map(({ name }) => name),
        ['flow', 'logins', 'takeover', 'misconfigured', 'impersonation', 'withheld'],
      );
      assert.deepEqual(
        sections[1]?.findings.map(({ subject }) => subject),
        [alice],
      );
    }
  });

  void it('shows one section, from a time on', async () => {
    const { out } = await run('--section', 'withheld', '--since', '2026-11-24', '--json');
    const { sections } = JSON.parse(out) as Report;
    assert.deepEqual(
      sections.map(({ name }) => name),
      ['withheld'],
    );
    assert.equal(sections[0]?.tables[0]?.rows[0]?.['who'], 'corp.example');
  });

  void it('gives CSV whose rows have the columns of all, and in which nothing is run', async () => {
    const { out } = await run('--format', 'csv', '--section', 'logins');
    const lines = out.split('\r\n');
    assert.match(
      lines[0] ?? '',
      /^section,table,reading,subject,says,evidence,remedy,networks,count,first,last,/,
    );
    assert.match(lines[1] ?? '', /^logins,findings,guessing,alice@corp\.example,"?Somebody guesses/);
    assert.match(out, /,"'=cmd\|""x""\\u001b\[2j\\u202e\\u000a@corp\.example",/);
  });

  void it('never prints raw what an event holds', async () => {
    for (const format of ['table', 'csv', 'json']) {
      const { out } = await run('--format', format);
      assert.doesNotMatch(out.replaceAll(/\r?\n/g, ''), /[\0-\x1f\x7f-\x9f\u202e]/);
    }
  });

  for (const args of [
    ['-n', '0'],
    ['--since', 'yesterday'],
    ['--section', 'no'],
    ['--format', 'pdf'],
  ]) {
    void it(`cannot mean ${args.join(' ')}`, async () => {
      assert.equal((await run(...args)).code, 64);
    });
  }
});

void describe('gatekeeper report --tlsrpt', () => {
  const day = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000;
  const date = new Date(day).toISOString().slice(0, 10);
  before(() =>
    keepEvents(
      site.dir,
      [
        succeeded('b.example', sts),
        succeeded('a.example', noPolicy),
        refused('b.example', 'certificate-expired', sts, { remote: 'mx\u202e\u001b[2J.example' }),
      ].map((fields) => eventWith(fields, day + 1000)),
    ),
  );

  void it('gives a line for each domain, of yesterday or another day', async () => {
    for (const args of [[], ['--day', date], ['--format', 'json'], ['--json']]) {
      const { code, out } = await run('--tlsrpt', ...args);
      assert.equal(code, 0);
      const reports = out
        .trimEnd()
        .split('\n')
        .map((line) => reportSchema.parse(JSON.parse(line)));
      assert.deepEqual(
        reports.map(({ policies }) => policies[0]?.policy['policy-domain']),
        ['a.example', 'b.example'],
      );
      assert.doesNotMatch(out.replaceAll('\n', ''), /[\0-\x1f\x7f-\x9f\u202e]/);
    }
  });

  void it('gives one domain in lines for people, and in one with --json', async () => {
    const { out } = await run('--tlsrpt', '--domain', 'B.example');
    assert.match(out, /^ {2}"organization-name": "/m);
    assert.match(out, /^ {8}"policy-domain": "b\.example"/m);
    assert.doesNotMatch(out.replaceAll('\n', ''), /[\0-\x1f\x7f-\x9f\u202e]/);
    const { out: line } = await run('--tlsrpt', '--domain', 'b.example', '--json');
    assert.deepEqual(reportSchema.parse(JSON.parse(out)), JSON.parse(line));
    assert.equal(line.trimEnd().split('\n').length, 1);
  });

  void it('says with 1 that there was nothing', async () => {
    const none = await run('--tlsrpt', '--day', '2020-02-29', '--domain', 'bücher.example');
    assert.deepEqual([none.code, none.out], [1, '']);
    assert.match(none.err, /no TLS sessions with xn--bcher-kva\.example are counted of 2020-02-29/);
  });

  for (const args of [
    ['--tlsrpt', '--day', '2026-02-30'],
    ['--tlsrpt', '--day', 'yesterday'],
    ['--tlsrpt', '--domain', 'no domain'],
    ['--tlsrpt', '--format', 'csv'],
    ['--tlsrpt', '--since', '2d'],
    ['--tlsrpt', '--section', 'flow'],
    ['--tlsrpt', '-n', '3'],
    ['--day', date],
    ['--domain', 'a.example'],
  ]) {
    void it(`cannot mean ${args.join(' ')}`, async () => {
      assert.equal((await run(...args)).code, 64);
    });
  }
});

void describe('gatekeeper report without events', () => {
  void it('says with 1 that there are none yet, with 69 that they cannot be read', async () => {
    const other = await startSite();
    const none = await gatekeeper(['report'], { haraka: other.dir });
    await keepEvents(other.dir, []);
    breakEvents(other.dir);
    const unreadable = await gatekeeper(['report'], { haraka: other.dir });
    await other.stop();
    assert.deepEqual([none.code, unreadable.code], [1, 69]);
    assert.match(none.err, /^gatekeeper: no events yet: .* has none$/m);
    assert.match(unreadable.err, /^gatekeeper: the events cannot be read: .*not a database/);
  });
});
