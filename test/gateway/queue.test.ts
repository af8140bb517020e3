import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, eventsWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { mountTmpfs } from '../support/tmpfs.ts';
import { brokenDisk } from './broken-disk.ts';
import { alice, contentOf, send } from './traffic.ts';

void describe('the queue', () => {
  let gateway: TestGateway;
  let queue: string;
  before(async () => {
    const preload = `data:text/javascript,${encodeURIComponent(brokenDisk)}`;
    gateway = await startTestGateway({ execArgv: ['--import', preload] });
    queue = join(gateway.dir, 'queue');
  });
  after(() => gateway.stop());

  void it('answers 451 4.3.0 when its directory is gone or a file, and the session goes on', async () => {
    const client = await alice({ port: gateway.ports.submission });
    rmSync(queue, { recursive: true });
    const gone = await send(client, { from: 'alice@corp.example', to: 'gone@partner.example' });
    assert.match(gone.text, /^451 4\.3\.0 Local error, try again later \(.*\.1 outbound\/queue\) See/);
    writeFileSync(queue, 'not a directory');
    const file = await send(client, { from: 'alice@corp.example', to: 'file@partner.example' });
    assert.match(file.text, /^451 4\.3\.0 /);
    rmSync(queue);
    mkdirSync(queue);
    const good = await send(client, { from: 'alice@corp.example', to: 'back@partner.example' });
    assert.equal(good.code, 250, good.text);
    await eventually('the message', () => deliveries(gateway, 'back@partner.example') === 1);
    assert.equal(
      deliveries(gateway, 'gone@partner.example') + deliveries(gateway, 'file@partner.example'),
      0,
    );
    const deferred = await eventsWith(gateway, { check: 'outbound/queue', reason: 'own-fault' }, 2);
    assert.equal(deferred.length, 2);
  });

  void it('answers 250 only when a loss of power would not take the message back', async () => {
    const client = await alice({ port: gateway.ports.submission });
    const broken = join(gateway.dir, 'broken-disk');
    writeFileSync(broken, '');
    const letter = { from: 'alice@corp.example', to: 'unsynced@partner.example' };
    const reply = await send(client, letter);
    rmSync(broken);
    assert.match(reply.text, /^451 4\.3\.0 /);
    assert.match(gateway.log(), /check="outbound\/queue" reason="own-fault".*EIO: as asked/);
    assert.match((await send(client, letter)).text, /^250 /);
  });

  void it('answers 452 4.3.1 when its file system is full, and goes on when there is room again', async () => {
    const unmount = mountTmpfs(queue, '64k');
    try {
      const client = await alice({ port: gateway.ports.submission });
      const big = {
        from: 'alice@corp.example',
        to: 'full@partner.example',
        body: 'x'.repeat(70).concat('\r\n').repeat(2000),
      };
      const full = await send(client, big);
      assert.match(full.text, /^452 4\.3\.1 Insufficient system storage \(.* outbound\/queue\) See/);
      const small = await send(client, { from: 'alice@corp.example', to: 'small@partner.example' });
      assert.equal(
        small.code,
        250,
        `what fits is taken, and the failed message left nothing behind: ${small.text}`,
      );
    } finally {
      unmount();
    }
    assert.equal(deliveries(gateway, 'full@partner.example'), 0);
  });

  void it('takes a message exactly once or not at all from a client that leaves between the dot and 250', async () => {
    const waits = [0, 0, 0, 1, 1, 2, 3, 5, 8, 13];
    await Promise.all(
      waits.map(async (wait, number) => {
        const client = await alice({ port: gateway.ports.submission });
        const letter = { from: `alice+leaves${number}@corp.example`, to: `leaves${number}@partner.example` };
        for (const line of [`MAIL FROM:<${letter.from}>`, `RCPT TO:<${letter.to}>`, 'DATA'])
          await client.command(line);
        client.write(contentOf(letter));
        if (wait > 0) await delay(wait);
        client.destroy();
      }),
    );
    await delay(1500);
    const counts = () => {
      const queued = gateway.events().filter(({ check }) => check === 'outbound/queue');
      return waits.map((_, number) => {
        const accepted = queued.filter(({ sender }) => sender === `alice+leaves${number}@corp.example`);
        return {
          accepted: accepted.length,
          received: deliveries(gateway, `leaves${number}@partner.example`),
        };
      });
    };
    await eventually('an event for each delivery, and a delivery for each event', () =>
      counts().every(({ accepted, received }) => accepted === received),
    );
    for (const { received } of counts()) assert.ok(received <= 1, `delivered ${received} times`);
  });
});

function deliveries(gateway: TestGateway, recipient: string): number {
  return gateway.delivered().filter(({ envelope }) => envelope.to.includes(recipient)).length;
}
