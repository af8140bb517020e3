import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventSchema } from '../../plugins/core/events/event.ts';
import { alice, send } from '../gateway/traffic.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { block } from '../support/pages.ts';

void describe('what docs/integrator.md shows of checks, sinks and the handle', () => {
  let test: TestGateway;
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-docs-'));
  before(async () => {
    const plugins = ['refused', 'who', 'subjects'].map((name) => {
      const text = block('docs/integrator.md', 'js', `plugins/${name}.js`);
      const file = join(folder, `${name}.js`);
      writeFileSync(file, text);
      return file;
    });
    test = await startTestGateway({ last: plugins });
  });
  after(async () => {
    await test.stop();
    rmSync(folder, { recursive: true });
  });

  void it('refuses mail without a subject, and says so of none that has one', async () => {
    const client = await alice({ port: test.ports.submission });
    await client.command('MAIL FROM:<alice@corp.example>');
    await client.command('RCPT TO:<team@partner.example>');
    await client.command('DATA');
    client.write('From: alice@corp.example\r\n\r\nx\r\n.\r\n');
    assert.match(
      (await client.reply(15_000)).text,
      /^550 5\.7\.1 Mail without a subject does not leave \(\S+ subjects\/present\)/,
    );
    client.destroy();
    const { kind, reason, mode } = await eventually('the event', () =>
      test.events().find(({ check }) => check === 'subjects/present'),
    );
    assert.deepEqual([kind, reason, mode], ['check', 'no-subject', 'enforce']);
  });

  void it('works', async () => {
    const client = await alice({ port: test.ports.submission });
    assert.equal((await client.command('MAIL FROM:<boss@corp.example>')).code, 553);
    const { text } = await send(client, { from: 'alice@corp.example', to: 'team@partner.example' });
    assert.match(text, /^250 /);
    client.destroy();
    const log = (pattern: RegExp) => eventually(String(pattern), () => pattern.test(test.log()), 60_000);
    await log(/\[who\] sender\/envelope has refused somebody/);
    await log(
      /\[who\] \d+\.\d+\.\d+: uid=alice,ou=people,dc=corp,dc=example by \S*sender\/envelope,\S*sender\/header/,
    );
    const refused = await eventually(
      'the file',
      () => {
        try {
          const text = readFileSync(join(test.dir, 'refused.jsonl'), 'utf8');
          return text.includes('sender-not-owned') && text.includes('no-subject') ? text : undefined;
        } catch {
          return undefined;
        }
      },
      60_000,
    );
    const told = refused
      .trimEnd()
      .split('\n')
      .map((line) => eventSchema.parse(JSON.parse(line)));
    assert.deepEqual(
      new Set(told.map(({ check, reason }) => `${check} ${reason ?? ''}`)),
      new Set(['subjects/present no-subject', 'sender/envelope sender-not-owned']),
    );
  });
});
