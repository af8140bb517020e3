import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { eventsIn } from '../support/events.ts';
import { eventually } from '../support/gateway.ts';
import { loggedIn } from '../support/smtp.ts';
import { letter, sendAsAlice } from './client.ts';
import { installHost, installPackages, named, packIn, projectDir, type Site } from './operator.ts';
import { type Running, startScene, type Surroundings, surroundingsOf } from './scene.ts';
import { run } from './shell.ts';

const folder = join(projectDir, 'examples');
const examples = readdirSync(folder);

/** How many tests each has. */
const least = 5;

void describe('the examples, installed with the packed package into a Haraka', () => {
  let site: Site;
  let around: Surroundings;
  before(async () => {
    site = await installHost();
    const packed = await Promise.all(examples.map((example) => packIn(join(folder, example), site.root)));
    await installPackages(site, [named(site.tarball), ...packed]);
    around = await surroundingsOf(site);
  });
  after(() => around.stop());

  const installed = (example: string) => join(site.instance, 'node_modules', `haraka-plugin-${example}`);

  for (const example of examples) {
    void it(`${example} has less than 60 lines`, () => {
      const lines = readFileSync(join(folder, example, 'index.js'), 'utf8').split('\n');
      assert.ok(lines.length <= 60, `${lines.length} lines`);
    });

    void it(`${example} passes its own tests`, async () => {
      // What is packed is what runs; its tests are not part of that.
      cpSync(join(folder, example, 'test'), join(installed(example), 'test'), { recursive: true });
      const printed = await run(process.execPath, ['--test', '--test-reporter=tap'], installed(example));
      const [, passed = ''] = /^# pass (\d+)$/m.exec(printed) ?? [];
      assert.ok(Number(passed) >= least, printed);
      assert.match(printed, /^# fail 0$/m);
    });
  }

  void describe('at work together', () => {
    let scene: Running;
    let webhook: Server;
    const told: string[] = [];
    before(async () => {
      webhook = createServer((request, response) => {
        void text(request).then((body) => {
          told.push((JSON.parse(body) as { text: string }).text);
          response.end();
        });
      }).listen(0, '127.0.0.1');
      await once(webhook, 'listening');
      await configureExamples((webhook.address() as AddressInfo).port);
      const settings = [
        'identity_sources:',
        '  - {name: sqlite, login_domains: [shop.example]}',
        'checks:',
        '  - {name: business-hours/account}',
        '',
      ].join('\n');
      const more = { plugins: examples, settings };
      scene = await startScene(site, around, { queue: 'none', gatekeeper: true, more });
    });
    after(async () => {
      await scene.stop();
      webhook.close();
    });

    async function configureExamples(port: number): Promise<void> {
      const config = (file: string, content: string) =>
        writeFileSync(join(site.instance, 'config', file), content);
      const database = join(site.root, 'accounts.db');
      // Nobody has so little time: whenever this runs, it is outside.
      config(
        'business-hours.ini',
        'from=00:00\nto=00:00\ntime_zone=UTC\n\n[accounts]\nalice@corp.example=\n',
      );
      config('login-alerts.ini', `url=http://127.0.0.1:${port}/\nfailures=2\n`);
      config('sqlite-accounts.ini', `file=${database}\n`);
      const password = join(site.root, 'password.txt');
      writeFileSync(password, 'pw-shop\n');
      const add = `npx add-account ${database} sales@shop.example sales@shop.example < ${password}`;
      await run('bash', ['-c', add], site.instance);
    }

    void it('mail of a service account is refused outside of its hours', async () => {
      const reply = await sendAsAlice(around.ports.submission, letter);
      assert.match(
        reply.text,
        /^550 5\.7\.1 This account sends in business hours alone \(\S+ business-hours\/account\) From 00:00 to 00:00/,
      );
      assert.equal(scene.received().length, 0);
      const event = await eventually('the event', () =>
        eventsIn(site.instance)().find(({ check }) => check === 'business-hours/account'),
      );
      assert.equal(event.reason, 'outside-hours');
      assert.equal(event.identity, 'alice@corp.example');
    });

    void it('an account of the table logs in and sends as itself alone', async () => {
      const client = await loggedIn({ port: around.ports.submission }, 'sales@shop.example', 'pw-shop');
      assert.match((await client.command('MAIL FROM:<alice@corp.example>')).text, /^553 5\.7\.1 /);
      client.destroy();
      const own = await loggedIn({ port: around.ports.submission }, 'sales@shop.example', 'pw-shop');
      await own.command('MAIL FROM:<sales@shop.example>');
      await own.command('RCPT TO:<friend@world.example>');
      await own.command('DATA');
      own.write('From: sales@shop.example\r\n\r\nhello\r\n.\r\n');
      assert.match((await own.reply(15_000)).text, /^250 /);
      own.destroy();
      assert.deepEqual((await scene.delivery()).envelope.to, ['friend@world.example']);
    });

    void it('logins that fail again are told to the webhook', async () => {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await assert.rejects(
          loggedIn({ port: around.ports.submission }, 'sales@shop.example', 'wrong'),
          /535/,
        );
      }
      await eventually('the alert', () => told.length > 0, 60_000);
      assert.match(
        told[0] ?? '',
        /^2 failed logins of sales@shop\.example within an hour, last from 127\.0\.0\.0\/24/,
      );
    });
  });
});
