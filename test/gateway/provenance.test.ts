import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gatekeeper } from '../support/command.ts';
import { eventually, eventWith } from '../support/gateway.ts';
import { greeted, send } from './traffic.ts';
import { mail, startScene, type Scene } from './provenance-scene.ts';

const plugin = (name: string) => join(import.meta.dirname, '../haraka-plugins', `${name}.js`);

void describe('mail without login, for recipients that are local', () => {
  let scene: Scene;
  before(async () => {
    scene = await startScene({ plugins: inboundPlugins, last: [plugin('queues-inbound')] });
  });
  after(() => scene.stop());

  void it('leaves by the queue where a plugin puts it there', async () => {
    const client = await greeted({ port: scene.test.ports.mx });
    const reply = await send(client, { from: 'someone@other.example', to: 'bob@corp.example' });
    assert.match(reply.text, /^250 /);
    client.destroy();
    await eventually('the message', () => scene.world.count('bob@corp.example') === 1);
  });
});

const inboundPlugins = [
  'gatekeeper/audit',
  'gatekeeper/tls',
  'tls',
  'gatekeeper/auth',
  'gatekeeper/sender',
  'rcpt_to.in_host_list',
  'gatekeeper/outbound',
  'demo-route',
];

void describe('what cannot be held', () => {
  let scene: Scene;
  before(async () => {
    const config = { 'outbound.ini': 'temp_fail_intervals=none\nlocal_mx_ok=true\n' };
    scene = await startScene({ first: [plugin('accidents')], config });
  });
  after(() => scene.stop());

  void it('stays in the queue, unsent and unbounced, with an alarm, and is held once that is possible', async () => {
    const held = join(scene.test.dir, 'var/gatekeeper/held');
    writeFileSync(held, 'in the way');
    await mail(scene.test, ['sends@one.example'], 'sends.example');
    await eventually('the alarm', () =>
      /\[CRIT\].* cannot hold ref=.* reason="own-fault"/.test(scene.test.log()),
    );
    const [file] = scene.queue();
    assert.ok(file, 'it is gone');
    await delay(500);
    assert.deepEqual(scene.queue(), [file]);
    assert.deepEqual(scene.world.asked, []);
    rmSync(held);
    await eventually('it to be held', () => scene.held().length === 1, 25_000);
    await eventually('an empty queue', () => scene.queue().length === 0);
    assert.deepEqual(scene.world.asked, []);
  });
});

void describe('what would be held', () => {
  let scene: Scene;
  before(async () => {
    scene = await startScene({
      first: [plugin('accidents')],
      settings: { outbound: { unproven_mail: 'observe' } },
    });
  });
  after(() => scene.stop());

  void it('leaves where unproven_mail only observes, with an alarm', async () => {
    await mail(scene.test, ['sends@one.example'], 'sends.example');
    await eventually('the message', () => scene.world.count('sends@one.example') === 1);
    // Written beside the delivery.
    const event = await eventWith(scene.test, { check: 'outbound/provenance' });
    assert.deepEqual([event.verdict, event.would_refuse, event.reason], ['refuse', true, 'no-record']);
    assert.match(scene.test.log(), /\[CRIT\].* would hold ref="/);
    const { out } = await gatekeeper(['report'], { haraka: scene.test.dir });
    assert.match(out, /^ {2}reason +no-record\n {2}who +corp\.example$/m);
  });
});

void describe('in an emergency', () => {
  let scene: Scene;
  before(async () => {
    scene = await startScene({ first: [plugin('accidents')], settings: { emergency: 'observe' } });
  });
  after(() => scene.stop());

  void it('what nobody answers for is held all the same', async () => {
    await mail(scene.test, ['sends@one.example'], 'sends.example');
    await eventually('it to be held', () => scene.held().length === 1);
    assert.deepEqual(scene.world.asked, []);
  });
});
