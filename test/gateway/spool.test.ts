import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connectionIni } from '../dialogues/gateways.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { alice, send } from './traffic.ts';

void describe('a message that Haraka spools', () => {
  let gateway: TestGateway;
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-spool-'));
  const spooled = () => readdirSync(folder);

  before(async () => {
    gateway = await startTestGateway({
      config: {
        'connection.ini': `spool_after=1000\nspool_dir=${folder}\n${connectionIni}`,
      },
    });
  });
  after(async () => {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });

  void it('has a file while it comes, and none when it was queued', async () => {
    const client = await alice({ port: gateway.ports.submission });
    await client.command('MAIL FROM:<alice@corp.example>');
    await client.command('RCPT TO:<spooled@partner.example>');
    await client.command('DATA');
    client.write(`From: alice@corp.example\r\n\r\n${'x'.repeat(70).concat('\r\n').repeat(2000)}`);
    await eventually('the file', () => spooled().length === 1);
    client.write('.\r\n');
    const { text } = await client.reply();
    assert.match(text, /^250 Message queued/);
    await eventually('its end', () => spooled().length === 0);
    client.destroy();
  });

  void it('has no file any more when the client disappears', async () => {
    const client = await alice({ port: gateway.ports.submission });
    await client.command('MAIL FROM:<alice@corp.example>');
    await client.command('RCPT TO:<spooled@partner.example>');
    await client.command('DATA');
    client.write('x'.repeat(70).concat('\r\n').repeat(2000));
    await eventually('the file', () => spooled().length === 1);
    client.destroy();
    await eventually('its end', () => spooled().length === 0);
  });

  void it('leaves a small one in memory', async () => {
    const client = await alice({ port: gateway.ports.submission });
    const { text } = await send(client, { from: 'alice@corp.example', to: 'small@partner.example' });
    assert.match(text, /^250 Message queued/);
    assert.deepEqual(spooled(), []);
    client.destroy();
  });
});
