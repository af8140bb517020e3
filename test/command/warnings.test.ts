import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { defaultPlugins, type InstanceOptions } from '../../scripts/demo/instance.ts';
import { gatekeeper } from '../support/command.ts';
import { startSite } from '../support/instance.ts';

/** A day, so many days from now. */
function day(offset: number): string {
  return new Date(Date.now() + offset * 24 * 3600 * 1000).toISOString().slice(0, 10);
}

function partner(name: string, expires: string) {
  return { name, owner: 'Eva', forwarder: true, addresses: ['192.0.2.1'], expires };
}

const tlsReports = {
  organization: 'Corp',
  contact: 'postmaster@corp.example',
  from: 'tls-reports@corp.example',
};

const spfLine =
  'config/plugins:10: haraka-plugin-spf: one address stops it: MAIL FROM:<a%{l}@...> against a record with exists:%{l}; ' +
  'set spf.harden_spf_plugin: true, or take the line out';
const withSpf = [...defaultPlugins, 'spf'];

const cases: readonly {
  it: string;
  options: Partial<InstanceOptions>;
  plugin?: string;
  warnings: readonly string[];
}[] = [
  {
    it: 'of partners that have expired or will within 30 days',
    options: {
      settings: {
        partners: [
          partner('gone', '2020-01-31'),
          partner('today', day(0)),
          partner('tomorrow', day(1)),
          partner('soon', day(30)),
          partner('later', day(31)),
        ],
      },
    },
    warnings: [
      'partner gone expired on 2020-01-31 and no longer counts; ask Eva',
      `partner today expires on ${day(0)}, today; ask Eva`,
      `partner tomorrow expires on ${day(1)}, in 1 day; ask Eva`,
      `partner soon expires on ${day(30)}, in 30 days; ask Eva`,
    ],
  },
  {
    it: 'of servers that expire, or forward where no signature is checked',
    options: {
      settings: {
        protected_domains: ['corp.example'],
        mail_servers: [
          {
            name: 'exchange',
            owner: 'Eva',
            account: 'a@corp.example',
            expires: day(2),
            forward_foreign: 'enforce',
          },
        ],
        registered_networks: [
          {
            name: 'scanners',
            owner: 'Eva',
            addresses: ['10.1.0.1'],
            domains: ['x.example'],
            expires: '2020-01-31',
          },
        ],
      },
    },
    warnings: [
      'registered network scanners expired on 2020-01-31 and no longer counts; ask Eva',
      `mail server exchange expires on ${day(2)}, in 2 days; ask Eva`,
      'exchange has forward_foreign: enforce, but config/plugins does not load dkim: what it forwards with a foreign envelope cannot be proven',
    ],
  },
  {
    it: 'of reports that nobody signs',
    options: { settings: { outbound: { tls_reports: tlsReports } } },
    warnings: [
      'outbound.tls_reports: config/plugins does not load dkim: reports that no other plugin signs at pre_send_trans_email are thrown away by those who get them',
    ],
  },
  {
    it: 'not of those that haraka-plugin-dkim signs',
    options: { plugins: ['dkim', ...defaultPlugins], settings: { outbound: { tls_reports: tlsReports } } },
    warnings: [],
  },
  {
    it: 'of our plugins without the one that keeps events',
    options: { plugins: defaultPlugins.filter((name) => name !== 'gatekeeper/audit') },
    warnings: [
      'config/plugins does not load gatekeeper/audit: no event is kept, and trace, events and report show nothing',
    ],
  },
  { it: 'of haraka-plugin-spf', options: { plugins: withSpf }, warnings: [spfLine] },
  {
    it: 'of haraka-plugin-spf by its whole name',
    options: { plugins: [...defaultPlugins, 'haraka-plugin-spf'] },
    warnings: [spfLine],
  },
  {
    it: 'not of haraka-plugin-spf that is hardened',
    options: { plugins: withSpf, settings: { spf: { harden_spf_plugin: true } } },
    warnings: [],
  },
  {
    it: "not of the operator's own plugin spf",
    options: { plugins: withSpf },
    plugin: 'spf.js',
    warnings: [],
  },
];

void describe('gatekeeper check warns', { concurrency: 2 }, () => {
  for (const { it: title, options, plugin, warnings } of cases) {
    void it(title, async () => {
      const site = await startSite(options);
      if (plugin !== undefined) {
        writeFileSync(join(site.dir, 'plugins', plugin), 'exports.register = () => {};\n');
      }
      const people = await gatekeeper(['check'], { haraka: site.dir });
      const json = await gatekeeper(['check', '--json'], { haraka: site.dir });
      await site.stop();
      const [ok, , , ...lines] = people.out.trimEnd().split('\n');
      assert.deepEqual([ok, people.code, json.code], ['ok', 0, 0], people.out + people.err);
      const from = lines.findIndex((line) => line.startsWith('warning'));
      const checks = from === -1 ? lines : lines.slice(0, from);
      for (const line of checks) assert.match(line, /^(?:checks {4}| {10})[a-z]+: [a-z]+\/[a-z_]+/);
      assert.deepEqual(
        lines.slice(checks.length),
        warnings.map((each, index) => `${(index === 0 ? 'warning' : '').padEnd(10)}${each}`),
      );
      const document = JSON.parse(json.out) as { ok: boolean; warnings?: readonly string[] };
      assert.deepEqual([document.ok, document.warnings ?? []], [true, warnings]);
    });
  }

  void it('of mail in the queue that was there before the gateway was', async () => {
    const site = await startSite();
    const header = {
      ...{ uuid: 'A.1', queue_time: 1, domain: 'x.example', notes: {} },
      mail_from: { user: 'a', host: 'corp.example' },
      rcpt_to: [{ user: 'b', host: 'x.example' }],
    };
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    const message = Buffer.concat([length, text, Buffer.from('Subject: x\r\n\r\n')]);
    for (const n of [1, 2])
      writeFileSync(join(site.dir, `queue/160000000000${n}_0_1_1_a_${n}_host`), message);
    const { code, out } = await gatekeeper(['check'], { haraka: site.dir });
    await site.stop();
    assert.equal(code, 0);
    assert.match(out, /^warning {3}2 messages in the queue have no record of ours, and would be held; /m);
  });

  void it('of nothing where the gateway would not start: only that counts', async () => {
    const partners = [partner('gone', '2020-01-31')];
    const site = await startSite({ settings: { partners }, plugins: ['gatekeeper/audit'] });
    const { code, out } = await gatekeeper(['check'], { haraka: site.dir });
    await site.stop();
    assert.equal(code, 78);
    assert.doesNotMatch(out, /gone/);
  });
});
