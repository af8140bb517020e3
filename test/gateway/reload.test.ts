import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { SmtpClient } from '../support/smtp.ts';
import { inForce, Operator, refused } from './operator.ts';
import { alice, greeted, workersIn } from './traffic.ts';

for (const nodes of [0, 2]) {
  void describe(`settings that change while the gateway runs, with nodes=${nodes}`, () => {
    let gateway: TestGateway;
    let operator: Operator;
    before(async () => {
      gateway = await startTestGateway({ nodes });
      operator = new Operator(gateway);
    });
    after(() => gateway.stop());

    /** The help text at the end of a refusal, asked of each process that serves. */
    async function helpTexts(): Promise<string[]> {
      const texts: string[] = [];
      for (let turn = 0; turn < 2 * Math.max(1, nodes); turn += 1) {
        const client = await greeted({ port: gateway.ports.submission });
        const { text } = await client.command('MAIL FROM:<alice@corp.example>');
        texts.push(text.replace(/^.*\) /, ''));
        client.destroy();
      }
      return [...new Set(texts)];
    }

    void it('are in force in every process, without a restart', async () => {
      const said = await operator.and(() => operator.write({ help_text: 'Help 1' }), inForce);
      assert.match(said, nodes === 0 ? /is in force, after \w{12}/ : /in this process and 2 workers, after/);
      assert.deepEqual(await helpTexts(), ['Help 1']);
      const { revision, settings } = await operator.health();
      assert.equal(settings, 'current');
      assert.ok(said.includes(revision));
    });

    void it('are refused when they are wrong: those in force stay, log, health and metric say so', async () => {
      const wrong = operator.changed({ help_text: 'Help 2', tsl: {} });
      const said = await operator.and(() => writeFileSync(operator.file('gatekeeper.yaml'), wrong), refused);
      assert.match(said, /stay in force/);
      assert.match(gateway.log(), /gatekeeper\.yaml:\d+:1: tsl: unknown key; did you mean tls\?/);
      assert.deepEqual(await helpTexts(), ['Help 1']);
      assert.equal((await operator.health()).settings, 'stale');
      assert.equal(await operator.metric('gatekeeper_settings_last_reload_successful'), 0);
    });

    void it('are good again when the mistake is mended', async () => {
      await operator.and(() => operator.write({ help_text: 'Help 3' }), inForce);
      assert.deepEqual(await helpTexts(), ['Help 3']);
      assert.equal((await operator.health()).settings, 'current');
      assert.equal(await operator.metric('gatekeeper_settings_last_reload_successful'), 1);
    });

    const changes: readonly { it: string; change: (settings: string) => void }[] = [
      {
        it: 'a file that is renamed over the old one',
        change: (settings) => {
          writeFileSync(operator.file('new.yaml'), settings);
          renameSync(operator.file('new.yaml'), operator.file('gatekeeper.yaml'));
        },
      },
      {
        it: 'a link to another file',
        change: (settings) => {
          writeFileSync(operator.file('linked.yaml'), settings);
          rmSync(operator.file('gatekeeper.yaml'));
          symlinkSync('linked.yaml', operator.file('gatekeeper.yaml'));
        },
      },
    ];
    for (const [index, { it: title, change }] of changes.entries()) {
      void it(`are seen in ${title}`, async () => {
        const text = `Changed ${index}`;
        await operator.and(() => change(operator.changed({ help_text: text })), inForce);
        assert.deepEqual(await helpTexts(), [text]);
      });
    }

    void it('come from the files of registries too, and go with them', async () => {
      mkdirSync(operator.file('gatekeeper.d'), { recursive: true });
      const registry = operator.file('gatekeeper.d/domains.yaml');
      await operator.and(() => writeFileSync(registry, 'protected_domains: [new.example]\n'), inForce);
      const mail = async () => {
        const client = await greeted({ port: gateway.ports.mx });
        await client.command('MAIL FROM:<x@new.example>');
        const { code } = await client.command('RCPT TO:<bob@corp.example>');
        client.destroy();
        return code;
      };
      assert.equal(await mail(), 553);
      await operator.and(() => rmSync(registry), inForce);
      assert.equal(await mail(), 250);
    });

    void it('do not touch a transaction that has begun: it ends as it began', async () => {
      await operator.and(() => operator.write({ sender: { mode: 'observe' } }), inForce);
      const client = await alice({ port: gateway.ports.submission });
      await client.command('MAIL FROM:<alice@corp.example>');
      await client.command('RCPT TO:<begun@partner.example>');
      await operator.and(() => operator.write({ sender: { mode: 'enforce' } }), inForce);
      await client.command('DATA');
      client.write('From: bob@corp.example\r\n\r\nx\r\n.\r\n');
      assert.equal((await client.reply()).code, 250, 'judged by the settings that it began with');
      await client.command('MAIL FROM:<alice@corp.example>');
      await client.command('RCPT TO:<next@partner.example>');
      await client.command('DATA');
      client.write('From: bob@corp.example\r\n\r\nx\r\n.\r\n');
      assert.equal((await client.reply()).code, 550, 'the next one by the new ones');
      client.destroy();
      const judged = () =>
        gateway.events().filter(({ check, verdict }) => check === 'sender/header' && verdict === 'refuse');
      const [begun, next] = await eventually('both events', () => judged().length === 2 && judged());
      assert.deepEqual([begun?.would_refuse, next?.would_refuse], [true, undefined]);
    });

    void it('hold for the next handshake', async () => {
      await operator.and(() => operator.write({ tls: { min_version: 'TLSv1.3' } }), inForce);
      const handshake = async (maxVersion: 'TLSv1.2' | 'TLSv1.3') => {
        const client = await greeted({ port: gateway.ports.submission, tlsOptions: { maxVersion } });
        await client.command('STARTTLS');
        return client.upgrade().then(
          () => 'done',
          () => 'failed',
        );
      };
      assert.deepEqual([await handshake('TLSv1.2'), await handshake('TLSv1.3')], ['failed', 'done']);
      await operator.and(() => operator.write({ tls: { min_version: 'TLSv1.2' } }), inForce);
      assert.equal(await handshake('TLSv1.2'), 'done', 'looser again');
    });

    void it('are refused as a whole when the key cannot keep their TLS policy', async () => {
      const { revision } = await operator.health();
      const [help] = await helpTexts();
      const ciphers = 'ECDHE+AESGCM:@SECLEVEL=5';
      await operator.and(() => operator.write({ help_text: 'Too strict', tls: { ciphers } }), refused);
      assert.match(
        gateway.log(),
        /settings: tls: the key and certificate of tls\.ini .*: .*ee key too small/,
      );
      assert.deepEqual(await helpTexts(), [help]);
      assert.equal((await operator.health()).revision, revision, 'that of the primary');
      await operator.and(() => operator.write({}), inForce);
    });

    void it('lead to another directory, and a password file alone is a change', async () => {
      const { directory } = parse(operator.changed({})) as { directory: { urls: string[] } };
      const login = async () => {
        const client = await greeted({ port: gateway.ports.submission });
        await client.command('STARTTLS');
        await client.upgrade();
        await client.command('EHLO client.example');
        const secret = Buffer.from('\0alice@corp.example\0pw-alice').toString('base64');
        const { code } = await client.command(`AUTH PLAIN ${secret}`);
        client.destroy();
        return code;
      };
      await operator.and(
        () => operator.write({ directory: { ...directory, urls: ['ldap://127.0.0.1:1'] } }),
        inForce,
      );
      assert.equal(await login(), 454);
      await operator.and(() => operator.write({}), inForce);
      assert.equal(await login(), 235);
      const password = readFileSync(operator.file('ldap.password'), 'utf8');
      await operator.and(() => writeFileSync(operator.file('ldap.password'), 'wrong\n'), inForce);
      assert.equal(await login(), 454);
      await operator.and(() => writeFileSync(operator.file('ldap.password'), password), inForce);
      assert.equal(await login(), 235);
      const said = await operator.and(() => writeFileSync(operator.file('ldap.password'), ''), refused);
      assert.match(said, /stay in force/);
      assert.equal(await login(), 235);
      await operator.and(() => writeFileSync(operator.file('ldap.password'), password), inForce);
    });

    void it('cannot ask for a plugin that is not loaded, nor for more time than Haraka gives', async () => {
      await operator.and(() => operator.write({ deadline_seconds: 31 }), refused);
      assert.match(
        gateway.log(),
        /plugin_timeout is 30 s for .*: Haraka would answer before our own deadline_seconds, 31/,
      );
      await operator.and(() => operator.write({ roles: ['mx'], listeners: [] }), refused);
      assert.match(gateway.log(), /loads gatekeeper\/auth, which only the role submission is for/);
    });

    void it('may be an emergency, which log, health and metric show until it is over', async () => {
      await operator.and(
        () => operator.write({ emergency: 'observe' }),
        /emergency: observe: no content policy refuses/,
      );
      assert.equal((await operator.health()).emergency, true);
      assert.equal(await operator.metric('gatekeeper_emergency'), 1);
      await operator.and(() => operator.write({}), inForce);
      assert.equal((await operator.health()).emergency, undefined);
      assert.equal(await operator.metric('gatekeeper_emergency'), 0);
    });

    void it('send events to another file', async () => {
      const file = join(gateway.dir, 'moved.jsonl');
      await operator.and(() => operator.write({ audit: { store: 'file', file } }), inForce);
      const client: SmtpClient = await greeted({ port: gateway.ports.submission });
      await client.command('MAIL FROM:<alice@corp.example>');
      client.destroy();
      await eventually('an event there', () =>
        readFileSync(file, { encoding: 'utf8', flag: 'a+' }).includes('tls-missing'),
      );
      await operator.and(() => operator.write({}), inForce);
    });

    if (nodes === 0) return;
    async function killWorkers(): Promise<void> {
      const listening = () => gateway.log().match(/listening on/g)?.length ?? 0;
      const before = listening();
      for (const pid of workersIn(gateway.log()).slice(-2)) process.kill(pid, 'SIGKILL');
      await eventually('that two new workers listen', () => listening() >= before + 6, 30_000);
      await delay(200);
    }

    void it('are tried again when a worker was too busy to answer', async () => {
      const [busy = 0] = workersIn(gateway.log()).slice(-1);
      process.kill(busy, 'SIGSTOP');
      try {
        await operator.and(() => operator.write({ help_text: 'Again' }), refused);
        assert.match(gateway.log(), /settings: worker \d+ did not answer within 10 s/);
      } finally {
        process.kill(busy, 'SIGCONT');
      }
      await operator.and(() => undefined, inForce);
      assert.deepEqual(await helpTexts(), ['Again']);
    });

    void it('reach a worker that is forked later also when they are long', async () => {
      const domains = Array.from({ length: 20_000 }, () => `${randomBytes(12).toString('hex')}.example`);
      await operator.and(() => operator.write({ protected_domains: domains, help_text: 'Long' }), inForce);
      await killWorkers();
      assert.deepEqual(await helpTexts(), ['Long']);
      const client = await greeted({ port: gateway.ports.mx });
      await client.command(`MAIL FROM:<x@${domains.at(-1)}>`);
      assert.equal((await client.command('RCPT TO:<bob@corp.example>')).code, 553);
      client.destroy();
      await operator.and(() => operator.write({ help_text: 'Short' }), inForce);
      await killWorkers();
      assert.deepEqual(await helpTexts(), ['Short']);
    });

    void it('are those of the primary in a worker that is forked later, whatever the file holds by then', async () => {
      await operator.and(() => operator.write({ help_text: 'Kept' }), inForce);
      await operator.and(() => writeFileSync(operator.file('gatekeeper.yaml'), '[broken'), refused);
      await killWorkers();
      assert.deepEqual(await helpTexts(), ['Kept']);
      await operator.and(() => operator.write({}), inForce);
    });
  });
}
