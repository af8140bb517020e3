import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { startDns } from '../../scripts/demo/dns.ts';
import type { Zone } from '../../scripts/demo/dns-zone.ts';
import { defaultPlugins, startGateway, type Gateway } from '../../scripts/demo/gateway.ts';
import type { StoredMessage } from '../../scripts/demo/mailstore.ts';
import { talliesOf } from '../../plugins/core/events/tallies.ts';
import { eventWith } from '../core/events/sample-events.ts';
import { failed, noPolicy, sts, succeeded, tlsa } from '../core/tls-report/events.ts';
import { reportSchema } from '../core/tls-report/schema.ts';
import { verifyDkim } from '../package/dkim.ts';
import { keepEvents } from '../support/events.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The day that is reported on; for the gateway it is the day after. */
const day = Math.floor(Date.now() / dayMs) * dayMs;

/** It is looked every second whether reports are due, by a clock that shows an hour of the next day. */
function at(hour: number): readonly string[] {
  const ahead = day + dayMs + hour * hourMs - Date.now();
  const code = `const [now, every] = [Date.now, globalThis.setInterval];
Date.now = () => now() + ${ahead};
globalThis.setInterval = (work, ms, ...rest) => every(work, ms === 20_000 ? 1000 : ms, ...rest);
`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

/** As long as two looks take, and more. */
const twoLooksMs = 3500;

const longestMs = 60_000;

const record = (rua: string) => [{ TXT: `v=TLSRPTv1; rua=${rua}` }];

const zone: Zone = {
  '_smtp._tls.good.example': record('https://good.example/tls,mailto:tls%2Breports@reports.example'),
  '_smtp._tls.two.example': record('mailto:a@reports.example,mailto:b@else.example'),
  '_smtp._tls.https.example': record('https://https.example/tls'),
  '_smtp._tls.hostile.example': record(
    'mailto:x@evil.example%0D%0ABcc:y@evil.example,mailto:%3Cx@evil.example%3E,mailto:x%2Cy@evil.example',
  ),
  '_smtp._tls.records.example': [...record('mailto:a@evil.example'), ...record('mailto:b@evil.example')],
  '_smtp._tls.later.example': ['SERVFAIL'],
};

const mended: Zone = { ...zone, '_smtp._tls.later.example': record('mailto:late@reports.example') };

const sessions = [
  ...[succeeded('good.example', sts), succeeded('good.example', sts), succeeded('good.example', noPolicy)],
  failed('good.example', 'certificate-expired', sts),
  ...[succeeded('two.example', tlsa), succeeded('https.example', sts), succeeded('hostile.example', sts)],
  ...[succeeded('records.example', sts), succeeded('later.example', sts), succeeded('quiet.example', sts)],
  succeeded('loop.example', sts, { proof: 'tls-report' }),
];

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  ...{ privateKeyEncoding: { type: 'pkcs8', format: 'pem' } },
  ...{ publicKeyEncoding: { type: 'spki', format: 'pem' } },
});

const signed = [
  ...['From', 'To', 'Subject', 'Date', 'Message-ID', 'MIME-Version', 'Content-Type'],
  ...['TLS-Report-Domain', 'TLS-Report-Submitter'],
];

void describe('reports on TLS by mail, with workers', () => {
  let test: TestGateway;
  let running: Gateway;
  const recipients = () =>
    test
      .delivered()
      .flatMap(({ envelope }) => envelope.to)
      .sort();
  const file = () => join(test.dir, 'var/gatekeeper/tls-reports.json');
  const state = () => JSON.parse(readFileSync(file(), 'utf8')) as { isOver: boolean; left: string[] };
  const first = ['a@reports.example', 'b@else.example', 'tls+reports@reports.example'];

  before(async () => {
    test = await startTestGateway({
      ...{ nodes: 2, zone, execArgv: at(0.1) },
      plugins: ['dkim', ...defaultPlugins],
      config: {
        'dkim.ini': `[sign]\nenabled=true\nheaders=${signed.join(',')}\n[verify]\nenabled=false\n`,
        'dkim/corp.example/private': privateKey,
        'dkim/corp.example/selector': 'test\n',
      },
      settings: {
        outbound: {
          tls_reports: {
            organization: 'Corp & Söhne',
            contact: 'postmaster@corp.example',
            from: 'tls-reports@corp.example',
          },
        },
      },
    });
    running = test.gateway;
  });
  after(async () => {
    await running.stop();
    await test.stop();
  });

  async function restart(hour: number, meanwhile: () => Promise<unknown> = () => Promise.resolve()) {
    await running.stop();
    await meanwhile();
    const { dir, ports } = test;
    running = await startGateway({
      ...{ dir, ports, directoryUrl: '', sinkPort: 0, reuse: true },
      execArgv: at(hour),
    });
  }

  void it('do not come before their time', async () => {
    await delay(twoLooksMs);
    assert.deepEqual([recipients(), existsSync(file())], [[], false]);
  });

  void it('come once, to whom the records of domains name, and to nobody else', async () => {
    const events = sessions.map((each, index) => eventWith(each, day + index * hourMs));
    await restart(12, () => keepEvents(test.dir, events));
    await eventually('the mail', () => recipients().length >= first.length, longestMs);
    await eventually('its end', () => state().isOver, longestMs);
    await delay(twoLooksMs);
    assert.deepEqual(recipients(), first);
    assert.deepEqual(state().left, ['later.example']);
  });

  void it('are mail as RFC 8460 has it, signed', () => {
    const mail = test.delivered().find(({ envelope }) => envelope.to.includes('tls+reports@reports.example'));
    assert.ok(mail);
    assert.equal(mail.envelope.from, 'tls-reports@corp.example');
    const { header, parts } = parsed(mail);
    const report = reportSchema.parse(
      JSON.parse(gunzipSync(parts[1]?.content ?? Buffer.alloc(0)).toString()),
    );
    assert.equal(header.get('from'), 'tls-reports@corp.example');
    assert.equal(header.get('to'), 'tls+reports@reports.example');
    assert.equal(header.get('tls-report-domain'), 'good.example');
    assert.equal(header.get('tls-report-submitter'), 'corp.example');
    assert.equal(header.get('tls-required'), 'No');
    assert.equal(header.get('auto-submitted'), 'auto-generated');
    assert.equal(
      header.get('subject'),
      `Report Domain: good.example Submitter: corp.example Report-ID: <${report['report-id']}>`,
    );
    assert.match(header.get('content-type') ?? '', /^multipart\/report; report-type=tlsrpt; boundary="/);
    assert.ok(header.has('message-id') && header.has('date'));
    assert.deepEqual(
      parts.map(({ type }) => type),
      ['text/plain; charset=us-ascii', 'application/tlsrpt+gzip'],
    );
    const [begin, end] = [day / 1000, (day + dayMs) / 1000 - 1];
    const name = new RegExp(
      `^attachment; filename="corp\\.example!good\\.example!${begin}!${end}![0-9a-f]{16}\\.json\\.gz"$`,
    );
    assert.match(parts[1]?.disposition ?? '', name);
    assert.match(parts[0]?.content.toString() ?? '', /^Sessions that failed: 1\r$/m);
    assert.equal(report['organization-name'], 'Corp & Söhne');
    assert.equal(report['date-range']['start-datetime'], `${new Date(day).toISOString().slice(0, 19)}Z`);
    assert.deepEqual(
      report.policies.map(({ policy, summary }) => [policy['policy-type'], ...Object.values(summary)]),
      [
        ['sts', 2, 1],
        ['no-policy-found', 1, 0],
      ],
    );
    const found = verifyDkim(mail.bytes, publicKey);
    assert.deepEqual([found.domain, found.bodyHash, found.signature], ['corp.example', 'matches', 'valid']);
    assert.ok(found.signed.includes('tls-report-domain') && found.signed.includes('tls-report-submitter'));
  });

  void it('leave as what they are, and are not counted themselves', async () => {
    const left = await eventually('the deliveries', () => {
      const events = test.events().filter(({ sender }) => sender === 'tls-reports@corp.example');
      const delivered = events.filter(({ outcome }) => outcome === 'delivered');
      return delivered.length >= first.length && events;
    });
    for (const event of left) {
      assert.deepEqual([event.verdict, event.proof], ['pass', 'tls-report']);
      assert.deepEqual(
        talliesOf({ ...event, ...sts, remote_tls: 'TLSv1.3 X' }).filter(({ topic }) => topic === 'tls'),
        [],
      );
    }
    assert.ok(left.some(({ check }) => check === 'outbound/provenance'));
  });

  void it('do not come again after a restart', async () => {
    await restart(12.5);
    await delay(twoLooksMs);
    assert.deepEqual(recipients(), first);
  });

  void it('come later where the DNS could not be asked, and only those', async () => {
    await restart(13.5, async () => {
      await test.dns.stop();
      const dns = await startDns({ port: test.dns.port, zone: mended });
      after(() => dns.stop());
    });
    await eventually('the mail', () => recipients().length > first.length, longestMs);
    await eventually('its end', () => state().left.length === 0, longestMs);
    await delay(twoLooksMs);
    assert.deepEqual(recipients(), [...first, 'late@reports.example'].sort());
  });
});

interface Part {
  readonly type: string | undefined;
  readonly disposition: string | undefined;
  readonly content: Buffer;
}

function parsed({ bytes }: StoredMessage): { header: ReadonlyMap<string, string>; parts: readonly Part[] } {
  const { header, body } = entityIn(bytes.toString('latin1'));
  const [, boundary = ''] = /boundary="([^"]+)"/.exec(header.get('content-type') ?? '') ?? [];
  const [, ...parts] = body.split(`--${boundary}`);
  assert.equal(parts.at(-1), '--\r\n');
  return {
    header,
    parts: parts.slice(0, -1).map((text) => {
      const part = entityIn(text.replace(/^\r\n/, ''));
      const isEncoded = part.header.get('content-transfer-encoding') === 'base64';
      for (const line of part.body.split('\r\n')) assert.ok(line.length <= 76, line);
      return {
        type: part.header.get('content-type'),
        disposition: part.header.get('content-disposition'),
        content: Buffer.from(part.body, isEncoded ? 'base64' : 'latin1'),
      };
    }),
  };
}

function entityIn(text: string): { header: ReadonlyMap<string, string>; body: string } {
  const end = text.indexOf('\r\n\r\n');
  const fields = text
    .slice(0, end)
    .split(/\r\n(?![ \t])/)
    .map((field) => /^([^:]+):\s*([^]*)$/.exec(field.replaceAll('\r\n', '')) ?? assert.fail(field));
  return {
    header: new Map(fields.map(([, name = '', value = '']) => [name.toLowerCase(), value])),
    body: text.slice(end + 4),
  };
}
