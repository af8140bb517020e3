import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { zone } from '../../scripts/demo/zone.ts';
import { gatekeeper } from '../support/command.ts';
import { startSite, type Site } from '../support/instance.ts';

let dns: DnsServer;
before(async () => {
  dns = await startDns({ port: 0, zone, failsForTimeout: true });
});
after(() => dns.stop());

const border = {
  spf: { softfail: 'reject' },
  nodes: [{ name: 'gateway-2', addresses: ['203.0.113.77'] }],
  listeners: [
    { port: 25, role: 'mx' },
    { port: 26, role: 'mx', spf: { softfail: 'record', fail: 'record' } },
    { port: 587, role: 'submission' },
  ],
  partners: [
    {
      name: 'newsletter',
      owner: 'Marketing',
      domains: ['corp.example'],
      addresses: ['203.0.113.99'],
      expires: '2999-12-31',
    },
    {
      name: 'old',
      owner: 'IT',
      domains: ['corp.example'],
      addresses: ['203.0.113.98'],
      expires: '2020-01-31',
    },
  ],
};

const decisions = [
  {
    it: 'goes on with a pass',
    args: ['192.0.2.5', 'x@corp.example'],
    ports: ['port 25    goes on: SPF pass', 'port 26    goes on: SPF pass'],
  },
  {
    it: 'refuses a fail, or not, as each port says',
    args: ['203.0.113.9', 'x@partner.example'],
    ports: [
      'port 25    550 5.7.23 SPF does not let this client send for the domain (sender/spf: x@partner.example: SPF fail of partner.example (-all))',
      'port 26    goes on: x@partner.example: SPF fail of partner.example (-all)',
    ],
  },
  {
    it: 'refuses a sender of a protected domain without a pass',
    args: ['203.0.113.9', 'x@lists.corp.example'],
    settings: { protected_domains: ['corp.example', 'lists.corp.example'] },
    ports: [
      'port 25    553 5.7.1 Sender address is not yours to use (sender/impersonation: x@lists.corp.example: SPF neutral of lists.corp.example (?all))',
      'port 26    553 5.7.1 Sender address is not yours to use (sender/impersonation: x@lists.corp.example: SPF neutral of lists.corp.example (?all))',
    ],
  },
  {
    it: 'lets a partner through',
    args: ['203.0.113.99', 'x@corp.example'],
    ports: [
      'port 25    goes on: partner newsletter: x@corp.example: SPF fail of corp.example (-all)',
      'port 26    goes on: partner newsletter: x@corp.example: SPF fail of corp.example (-all)',
    ],
  },
  {
    it: 'no longer lets a partner through that has expired',
    args: ['203.0.113.98', 'x@corp.example'],
    settings: { listeners: [] },
    ports: [
      'port 25    550 5.7.23 SPF does not let this client send for the domain (sender/impersonation: x@corp.example: SPF fail of corp.example (-all))',
    ],
  },
  {
    it: 'does not judge an own node',
    args: ['203.0.113.77', 'x@corp.example'],
    settings: { listeners: [] },
    ports: [
      'port 25    goes on: 203.0.113.77 is gateway-2 of nodes: mail from there is not judged by its address',
    ],
  },
  {
    it: 'defers where the DNS fails',
    args: ['203.0.113.9', 'x@failing.example'],
    settings: { listeners: [] },
    code: 69,
    ports: [
      /^port 25 {4}451 4\.7\.24 SPF of the domain cannot be checked now \(sender\/spf: x@failing\.example: SPF temperror of failing\.example \(.* SERVFAIL: TXT failing\.example\)\)$/,
    ],
  },
  {
    it: 'only observes',
    args: ['203.0.113.9', 'x@corp.example'],
    settings: { listeners: [], emergency: 'observe' },
    ports: [
      'port 25    goes on, would be answered 550 5.7.23 (sender/impersonation: x@corp.example: SPF fail of corp.example (-all); its mode is observe)',
    ],
  },
  {
    it: 'does nothing where both are off',
    args: ['203.0.113.9', 'x@corp.example'],
    settings: { listeners: [], sender: { mode: 'off' }, spf: { mode: 'off' } },
    ports: ['port 25    goes on: sender.mode and spf.mode are off'],
  },
  {
    it: 'has no such port with the role submission alone',
    args: ['203.0.113.9', 'x@corp.example'],
    settings: { listeners: [], roles: ['submission'] },
    ports: [],
  },
];

void describe('what the gateway would do, says gatekeeper spf: it', { concurrency: 2 }, () => {
  for (const { it: title, args, settings, ports, code } of decisions) {
    void it(title, async () => {
      const site = await startSite({ dnsPort: dns.port, settings: { ...border, ...settings } });
      const result = await gatekeeper(['spf', ...args], { haraka: site.dir });
      await site.stop();
      const shown = result.out.split('\n').filter((line) => line.startsWith('port '));
      assert.equal(shown.length, ports.length, result.out + result.err);
      ports.forEach((port, index) => {
        if (typeof port === 'string') assert.equal(shown[index], port);
        else assert.match(shown[index] ?? '', port);
      });
      if (code !== undefined) assert.equal(result.code, code);
    });
  }
});

void describe('gatekeeper spf with an installation', () => {
  let site: Site;
  before(async () => {
    site = await startSite({ settings: { dns: { servers: ['127.0.0.1:1'], timeout_seconds: 0.1 } } });
  });
  after(() => site.stop());
  const server = () => ['--server', `127.0.0.1:${dns.port}`];

  void it('asks the servers of the settings, or those that it is told', async () => {
    const args = ['spf', '192.0.2.5', 'x@corp.example'];
    assert.equal((await gatekeeper(args, { haraka: site.dir })).code, 69);
    assert.equal((await gatekeeper([...args, ...server()], { haraka: site.dir })).code, 0);
  });

  void it('says in JSON what the gateway would do', async () => {
    const { out } = await gatekeeper(['spf', '203.0.113.9', 'x@corp.example', '--json', ...server()], {
      haraka: site.dir,
    });
    assert.deepEqual((JSON.parse(out) as { gateway: unknown }).gateway, [
      {
        port: 1,
        action: 'refuse',
        check: 'sender/impersonation',
        reason: 'spf-fail',
        mode: 'enforce',
        why: 'x@corp.example: SPF fail of corp.example (-all)',
      },
    ]);
  });

  void it('says with 78 that the directory that is named is none', async () => {
    const { code, err } = await gatekeeper(['spf', '192.0.2.5', 'x@corp.example', '--haraka', '/nowhere']);
    assert.equal(code, 78);
    assert.match(err, /\/nowhere is no directory of a Haraka/);
  });
});
