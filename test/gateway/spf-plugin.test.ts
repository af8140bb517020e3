import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { defaultPlugins } from '../../scripts/demo/gateway.ts';
import { proxyAddress } from '../../scripts/demo/instance.ts';
import type { Zone } from '../../scripts/demo/dns-zone.ts';
import {
  eventually,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts';
import { textOf } from '../support/pages.ts';
import { SmtpClient } from '../support/smtp.ts';

/** haraka-plugin-spf leaves out the addresses of examples, but for those of IPv6. */
const client = '2001:db8::25';

const zone: Zone = {
  'pass.test': [{ TXT: 'v=spf1 IP6:2001:db8::/64 -all' }],
  'fail.test': [{ TXT: 'v=spf1 -all' }],
  'softfail.test': [{ TXT: 'v=spf1 ~all' }],
  'neutral.test': [{ TXT: 'v=spf1 ?all' }],
  'default.test': [{ TXT: 'v=spf1 ip4:192.0.2.1' }],
  'none.test': [{ MX: [10, 'mx.none.test'] }],
  'permerror.test': [{ TXT: 'v=spf1 foo:bar -all' }],
  'two.test': [{ TXT: 'v=spf1 -all' }, { TXT: 'v=spf1 +all' }],
  'temperror.test': ['SERVFAIL'],
  'redirect.test': [{ TXT: 'v=spf1 redirect=pass.test' }],
  'include.test': [{ TXT: 'v=spf1 include:pass.test -all' }],
  'mx.test': [{ TXT: 'v=spf1 a -all' }, { AAAA: client }],
  'd.test': [{ TXT: 'v=spf1 exists:%{l}.d.test -all' }],
};

const sessions: readonly { readonly helo: string; readonly sender: string }[] = [
  ...[
    'pass',
    'fail',
    'softfail',
    'neutral',
    'default',
    'none',
    'permerror',
    'two',
    'temperror',
    'redirect',
  ].map((name) => ({ helo: 'mx.test', sender: `x@${name}.test` })),
  { helo: 'nowhere.test', sender: 'x@include.test' },
  { helo: 'fail.test', sender: 'x@Pass.TEST' },
  { helo: 'pass.test', sender: 'x@pass.test' },
  { helo: 'mx.test', sender: '' },
  { helo: 'permerror.test', sender: '' },
  { helo: `[IPv6:${client}]`, sender: 'x@pass.test' },
];

const withPlugin = ['spf', ...defaultPlugins];

function start(options: TestGatewayOptions): Promise<TestGateway> {
  const reader = join(import.meta.dirname, '../haraka-plugins/spf-reader.js');
  return startTestGateway({ zone, last: [reader], ...options });
}

async function begin({ ports }: TestGateway, helo: string): Promise<SmtpClient> {
  const smtp = await SmtpClient.connect({ port: ports.mx, from: proxyAddress });
  assert.match((await smtp.command(`PROXY TCP6 ${client} 2001:db8::1 40000 ${ports.mx}`)).text, /^220 /);
  assert.match((await smtp.command(`EHLO ${helo}`)).text, /^250 /);
  return smtp;
}

interface Read {
  readonly notes: object;
  readonly score: number;
}

/** What other plugins find after MAIL of a session. */
async function readIn(gateway: TestGateway, helo: string, sender: string): Promise<Read> {
  const seen = linesRead(gateway).length;
  const smtp = await begin(gateway, helo);
  assert.match((await smtp.command(`MAIL FROM:<${sender}>`)).text, /^250 /);
  smtp.destroy();
  return JSON.parse(await eventually('the line', () => linesRead(gateway)[seen])) as Read;
}

function linesRead(gateway: TestGateway): string[] {
  return [...gateway.log().matchAll(/\[spf-reader\] read (.*)$/gm)].map(([, line = '']) => line);
}

const hostile = 'MAIL FROM:<aaaa%{l}@d.test>';

void describe('what haraka-plugin-spf publishes', () => {
  let gateways: TestGateway[];
  before(async () => {
    const harden = { settings: { spf: { harden_spf_plugin: true } } };
    gateways = await Promise.all([
      start({ plugins: withPlugin }),
      start({}),
      start({ plugins: withPlugin, ...harden }),
    ]);
  });
  after(() => Promise.all(gateways.map((each) => each.stop())));

  for (const { helo, sender } of sessions) {
    void it(`is what we publish, and what it publishes when hardened: EHLO ${helo}, MAIL FROM:<${sender}>`, async () => {
      const [upstream, ours, hardened] = await Promise.all(
        gateways.map((each) => readIn(each, helo, sender)),
      );
      assert.ok(upstream);
      // What we cannot read as a record is no record to us.
      if (sender.endsWith('@permerror.test')) Object.assign(upstream.notes, { spf_mail_record: '' });
      assert.deepEqual(ours, upstream);
      assert.deepEqual(hardened, upstream);
    });
  }

  void it('comes to karma', async () => {
    for (const gateway of gateways) {
      const { score } = await readIn(gateway, 'nowhere.test', 'x@fail.test');
      assert.equal(score, -4);
    }
  });

  void it('stands in the header beside what we publish, which is first', async () => {
    const [gateway] = gateways;
    assert.ok(gateway);
    const smtp = await begin(gateway, 'mx.test');
    await smtp.command('MAIL FROM:<x@pass.test>');
    await smtp.command('RCPT TO:<both@corp.example>');
    await smtp.command('DATA');
    const forged = 'Received-SPF: Pass receiver=gw.corp.example; forged';
    assert.match((await smtp.command(`${forged}\r\nFrom: x@pass.test\r\n\r\nx\r\n.`)).text, /^250 /);
    smtp.destroy();
    const [message] = await eventually(
      'the message',
      () => gateway.delivered().length > 0 && gateway.delivered(),
    );
    const said = String(message?.bytes).match(/^Received-SPF: \w+|spf=.*|forged/gm);
    assert.deepEqual(said, [
      'spf=pass smtp.mailfrom=x@pass.test;',
      'spf=pass smtp.mailfrom=pass.test',
      ...['Received-SPF: pass', 'Received-SPF: Pass', 'Received-SPF: Pass'],
    ]);
  });

  void it('hardened, comes at once for an address that holds a macro', async () => {
    const [, , hardened] = gateways;
    assert.ok(hardened);
    const started = performance.now();
    const { notes } = await readIn(hardened, 'mx.test', 'aaaa%{l}@d.test');
    assert.deepEqual(notes, {
      spf_helo: 2,
      spf_mail_result: 'Fail',
      spf_mail_record: 'v=spf1 exists:%{l}.d.test -all',
    });
    assert.ok(performance.now() - started < 3000);
  });
});

void describe('haraka-plugin-spf as it is', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await start({ plugins: withPlugin });
  });
  after(() => {
    // It would not hear that it is to stop, and reckon on meanwhile.
    gateway.gateway.process.kill('SIGKILL');
    return gateway.stop();
  });

  void it('never answers an address that holds a macro, nor anybody else from then on', async () => {
    const smtp = await begin(gateway, 'mx.test');
    smtp.write(`${hostile}\r\n`);
    await assert.rejects(smtp.reply(1500), /no reply/);
    const other = await SmtpClient.connect({ port: gateway.ports.mx });
    await assert.rejects(other.reply(1000), /no reply/);
    smtp.destroy();
    other.destroy();
  });
});

void describe('spf.harden_spf_plugin', () => {
  void it('takes effect while Haraka runs', async () => {
    const gateway = await start({ plugins: withPlugin });
    try {
      const file = join(gateway.dir, 'config/gatekeeper.yaml');
      const [shown] = /spf: \{ harden_spf_plugin: true \}/.exec(textOf('docs/migrate/spf.md')) ?? [];
      appendFileSync(file, `${shown}\n`);
      await eventually('the reload', () => gateway.log().includes('is in force'));
      assert.ok(await readIn(gateway, 'mx.test', 'aaaa%{l}@d.test'));
    } finally {
      await gateway.stop();
    }
  });
});
