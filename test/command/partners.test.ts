import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import type { Zone } from '../../scripts/demo/dns-zone.ts';
import { gatekeeper } from '../support/command.ts';
import { startSite } from '../support/instance.ts';

const zone: Zone = {
  'corp.example': [{ TXT: 'v=spf1 ip4:192.0.2.0/26 include:_spf.crm.example -all' }],
  '_spf.crm.example': [
    { TXT: 'v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.128/25 ip6:2001:db8:1::/48 a:mail.crm.example -all' },
  ],
  'mail.crm.example': [{ A: '203.0.113.5' }, { AAAA: '2001:db8:2::5' }],
  'odd.example': [{ TXT: 'v=spf1 ip4:198.51.100.7 exists:%{i}.odd.example -all' }],
  'open.example': [{ TXT: 'v=spf1 +all' }],
  'closed.example': [{ TXT: 'v=spf1 -all' }],
  'broken.example': [{ TXT: 'v=spf1 ip4:203.0.113.300 -all' }],
  'failing.example': ['SERVFAIL'],
};

let dns: DnsServer;
before(async () => {
  dns = await startDns({ port: 0, zone });
});
after(() => dns.stop());

const whole = ['198.51.100.0/24', '2001:db8:1::/49', '2001:db8:1:8000::/49', '203.0.113.5', '2001:db8:2::5'];
const crm = { name: 'crm', owner: 'Sales', domains: ['corp.example'], expires: '2999-12-31' };

const cases = [
  {
    it: 'no drift where both name the same, however it is cut',
    partners: [{ ...crm, include: '_spf.crm.example', addresses: whole }],
    code: 0,
    findings: [],
  },
  {
    it: 'what only one of them has',
    partners: [
      {
        ...crm,
        include: '_spf.crm.example',
        addresses: [
          '198.51.100.0/25',
          '192.0.2.77',
          '::ffff:203.0.113.5',
          '2001:db8:1::/48',
          '2001:db8:9::/64',
        ],
      },
    ],
    code: 1,
    findings: [
      'drift      192.0.2.77: addresses have it, _spf.crm.example does not publish it',
      '           2001:db8:9::/64: addresses have it, _spf.crm.example does not publish it',
      'drift      198.51.100.128/25: _spf.crm.example publishes it, addresses do not have it',
      '           2001:db8:2::5: _spf.crm.example publishes it, addresses do not have it',
    ],
  },
  {
    it: 'an include that evaluates',
    partners: [{ ...crm, include: '_spf.crm.example' }],
    code: 0,
    findings: [],
  },
  {
    it: 'terms that nobody can list',
    partners: [{ ...crm, include: 'odd.example' }],
    code: 0,
    findings: ['note      exists:%{i}.odd.example of odd.example: nobody can list its addresses'],
  },
  {
    it: 'an include without a record',
    partners: [{ ...crm, include: 'nothing.example' }],
    code: 1,
    findings: ['broken    SPF none: nothing.example has no SPF record'],
  },
  {
    it: 'an include that cannot be read',
    partners: [{ ...crm, include: 'broken.example', addresses: ['192.0.2.1'] }],
    code: 1,
    findings: ['broken     SPF permerror: broken.example: ip4:203.0.113.300: no address'],
  },
  {
    it: 'an include of everybody',
    partners: [{ ...crm, include: 'open.example' }],
    code: 1,
    findings: ['broken    open.example lets everybody send, and so does this entry'],
  },
  {
    it: 'an include of nobody',
    partners: [{ ...crm, include: 'closed.example' }],
    code: 1,
    findings: ['broken    closed.example lets nobody send'],
  },
  {
    it: 'trouble with the DNS',
    partners: [{ ...crm, include: 'failing.example' }],
    code: 69,
    findings: [/^trouble {3}SPF temperror: .* SERVFAIL: TXT failing\.example$/],
  },
  {
    it: 'addresses that are not in our own record',
    partners: [{ ...crm, addresses: ['192.0.2.60/30', '192.0.2.64', '198.51.100.3'] }],
    code: 0,
    findings: ['note       192.0.2.64: not in the SPF record of corp.example'],
  },
  {
    it: 'an own domain without a record',
    partners: [{ ...crm, domains: ['bücher.example'], addresses: ['192.0.2.64'] }],
    code: 0,
    findings: ['note       xn--bcher-kva.example has no SPF record'],
  },
  {
    it: 'nothing of a forwarder by address',
    partners: [{ ...crm, domains: [], forwarder: true, addresses: ['192.0.2.64'] }],
    code: 0,
    findings: [],
  },
  {
    it: 'nothing of an entry that has expired, whatever the DNS says',
    partners: [{ ...crm, include: 'failing.example', expires: '2020-01-31' }],
    code: 1,
    findings: [],
  },
  {
    it: 'that drift is sure where something else cannot be asked',
    partners: [
      { ...crm, include: 'failing.example' },
      { ...crm, name: 'other', include: 'open.example' },
    ],
    code: 1,
    findings: [/^trouble/, /^broken/],
  },
];

async function run(partners: readonly object[], ...args: string[]) {
  const protected_domains = ['corp.example', 'bücher.example'];
  const site = await startSite({ dnsPort: dns.port, settings: { protected_domains, partners } });
  const result = await gatekeeper(['partners', ...args], { haraka: site.dir });
  await site.stop();
  return result;
}

void describe('gatekeeper partners says', { concurrency: 2 }, () => {
  for (const { it: title, partners, code, findings } of cases) {
    void it(`${title}: ${code}`, async () => {
      const result = await run(partners);
      const lines = result.out.split('\n').map((line) => line.slice(2));
      const from = lines.findIndex((line) => /^(?:drift|broken|trouble|note) /.test(line));
      const shown = lines.filter(
        (line, index) => from >= 0 && index >= from && /^(?:drift|broken|trouble|note|) {2}/.test(line),
      );
      assert.equal(shown.length, findings.length, result.out + result.err);
      findings.forEach((finding, index) => {
        if (typeof finding === 'string') assert.equal(shown[index], finding);
        else assert.match(shown[index] ?? '', finding);
      });
      assert.deepEqual([result.code, result.err], [code, '']);
    });
  }

  void it('of each entry who, what and how long', async () => {
    const [today = ''] = new Date().toISOString().split('T');
    const { code, out } = await run([
      { ...crm, addresses: ['192.0.2.1'], note: 'Ticket \u001b[2J7', expires: today },
      { name: 'old', owner: 'IT', forwarder: true, include: '_spf.crm.example', expires: '2020-01-31' },
    ]);
    assert.equal(code, 1);
    assert.deepEqual(out.replace(/\d+ days ago/, 'N days ago').split('\n'), [
      `crm: in force until ${today}, today`,
      '  owner      Sales',
      '  sends as   corp.example',
      '  addresses  192.0.2.1',
      '  says       Ticket \\u001b[2J7',
      '',
      'old: expired on 2020-01-31, N days ago',
      '  owner     IT',
      '  forwards  mail of others',
      '  include   _spf.crm.example',
      '',
    ]);
  });

  void it('in JSON the same', async () => {
    const { out } = await run(
      [{ ...crm, include: '_spf.crm.example', addresses: ['198.51.100.0/24'] }],
      '--json',
    );
    const [entry] = (JSON.parse(out) as { partners: Record<string, unknown>[] }).partners;
    assert.ok(entry);
    const { days_left: left, ...rest } = entry;
    assert.ok(Number(left) > 300_000);
    assert.deepEqual(rest, {
      ...crm,
      include: '_spf.crm.example',
      addresses: ['198.51.100.0/24'],
      forwarder: false,
      state: 'in force',
      findings: [
        {
          kind: 'drift',
          domain: '_spf.crm.example',
          networks: ['203.0.113.5', '2001:db8:1::/48', '2001:db8:2::5'],
          text: '_spf.crm.example publishes it, addresses do not have it',
        },
      ],
    });
  });

  void it('that there are none', async () => {
    const { code, out } = await run([]);
    assert.deepEqual([code, out], [0, 'no partners\n']);
  });

  void it('nothing without settings', async () => {
    const { code, err } = await gatekeeper(['partners', '--haraka', '/nowhere']);
    assert.equal(code, 78);
    assert.match(err, /\/nowhere is no directory of a Haraka/);
  });
});
