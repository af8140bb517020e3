import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gatekeeper } from '../support/command.ts';
import { eventually } from '../support/gateway.ts';
import { greeted, send } from './traffic.ts';
import { due, edited, mail, startScene, type Scene, type Todo } from './provenance-scene.ts';

const plugin = (name: string) => join(import.meta.dirname, '../haraka-plugins', `${name}.js`);

for (const nodes of [0, 2]) {
  void describe(`mail that was accepted leaves, with nodes=${nodes}`, { concurrency: 1 }, () => {
    let scene: Scene;
    before(async () => {
      scene = await startScene({ nodes });
    });
    after(() => scene.stop());

    void it('to three domains, one of which has it come again, with a restart in between', async () => {
      const to = ['a@one.example', 'later@two.example', 'b@two.example', 'c@three.example'];
      assert.equal((await mail(scene.test, to)).code, 250);
      await eventually('three of them', () => scene.world.taken.length === 3);
      await eventually(
        'the one that is left',
        () => scene.queue().length === 1 && scene.queue()[0]?.split('_')[2] === '1',
      );
      scene.world.answer = () => undefined;
      const queue = join(scene.test.dir, 'queue');
      await scene.restart(() => {
        for (const file of scene.queue()) renameSync(join(queue, file), join(queue, due(file)));
      });
      await eventually('the last', () => scene.world.count('later@two.example') === 1);
      assert.deepEqual(
        to.map((each) => scene.world.count(each)),
        [1, 1, 1, 1],
      );
      assert.deepEqual(scene.held(), []);
    });

    void it('again by itself, after some seconds', async () => {
      scene.world.answer = (recipient) => (recipient.startsWith('soon') ? '450 4.2.1 Later' : undefined);
      await mail(scene.test, ['soon@two.example', 'at-once@two.example']);
      await eventually('the first', () => scene.world.count('at-once@two.example') === 1);
      scene.world.answer = () => undefined;
      await eventually('the second', () => scene.world.count('soon@two.example') === 1, 15_000);
      assert.deepEqual(scene.held(), []);
    });

    void it('and what becomes of it comes back to the sender, from Haraka itself', async () => {
      scene.world.answer = (recipient) => (recipient.startsWith('refused') ? '550 5.1.1 No' : undefined);
      await mail(scene.test, ['refused@one.example']);
      const bounce = await eventually('the bounce', () => scene.world.taken.find(({ from }) => from === ''));
      assert.deepEqual(bounce.to, ['alice@corp.example']);
      assert.match(bounce.lines.join('\n'), /refused@one\.example/);
      assert.deepEqual(scene.held(), []);
    });
  });
}

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

void describe('a queue file', () => {
  let [from, to]: Scene[] = [];
  let file = '';
  before(async () => {
    const config = { 'outbound.ini': 'temp_fail_intervals=none\nlocal_mx_ok=true\n' };
    [from, to] = await Promise.all([startScene(), startScene({ config })]);
    await mail(from.test, ['later@two.example']);
    file = await eventually('a file', () => from?.queue()[0]);
    // Until it has been tried once.
    file = await eventually('its next name', () => from?.queue().find((name) => name.split('_')[2] === '1'));
    await from.restart(() => {
      renameSync(join(from?.test.dir ?? '', 'queue', file), join(from?.test.dir ?? '', 'file'));
    });
  });
  after(() => Promise.all([from?.stop(), to?.stop()]));

  const saved = () => join(from?.test.dir ?? '', 'file');

  /** Starts the other gateway with files in its queue. */
  async function startWith(files: readonly Buffer[]): Promise<Scene> {
    if (!to) throw new Error('it did not start');
    const scene = to;
    const queue = join(scene.test.dir, 'queue');
    scene.world.answer = () => undefined;
    await scene.restart(() => {
      rmSync(queue, { recursive: true });
      rmSync(join(scene.test.dir, 'var/gatekeeper/held'), { recursive: true, force: true });
      mkdirSync(queue);
      files.forEach((content, index) => {
        const parts = due(file).split('_');
        writeFileSync(
          join(
            queue,
            parts
              .with(5, String(index + 1))
              .with(4, `file${index}`)
              .join('_'),
          ),
          content,
        );
      });
    });
    return scene;
  }

  void it('that was moved to another gateway leaves from there', async () => {
    const scene = await startWith([readFileSync(saved())]);
    await eventually('the message', () => scene.world.count('later@two.example') === 1);
    assert.deepEqual(scene.held(), []);
  });

  const changed = (object: object, changes: object) => void Object.assign(object, changes);
  const edits: readonly { it: string; reason: string; edit: (todo: Todo) => void }[] = [
    {
      it: 'names another recipient',
      reason: 'recipient-not-accepted',
      edit: ({ rcpt_to: [first] }) => changed(first, { user: 'changed', original: '<changed@two.example>' }),
    },
    {
      it: 'names another recipient to servers without SMTPUTF8',
      reason: 'recipient-not-accepted',
      edit: ({ rcpt_to: [first] }) => changed(first, { host: 'changed.example' }),
    },
    {
      it: 'names another sender',
      reason: 'other-sender',
      edit: ({ mail_from: sender }) => changed(sender, { user: 'boss' }),
    },
    {
      it: 'names no sender',
      reason: 'other-sender',
      edit: ({ mail_from: sender }) => changed(sender, { user: '', host: '', original: '<>' }),
    },
    {
      it: 'has another id',
      reason: 'other-message',
      edit: (todo) => changed(todo, { uuid: 'ANOTHER.1.1' }),
    },
    {
      it: 'has no record',
      reason: 'no-record',
      edit: ({ notes }) => delete notes.gatekeeper_provenance,
    },
    {
      it: 'has a record with something else in it',
      reason: 'unreadable-record',
      edit: ({ notes }) => changed(notes.gatekeeper_provenance ?? {}, { more: 1 }),
    },
    {
      it: 'has an address that cannot be one, so that Haraka would bounce it unread',
      reason: 'unreadable-record',
      edit: ({ rcpt_to: [first] }) => changed(first, { user: 'x\r\nRCPT TO:<y' }),
    },
  ];

  void it('is held when it was changed', async () => {
    const files = await Promise.all(edits.map(({ edit }) => edited(saved(), edit)));
    const scene = await startWith(files);
    const [asked, events] = [scene.world.asked.length, scene.test.events().length];
    await eventually('all to be held', () => scene.held().length === files.length, 20_000);
    await eventually('an empty queue', () => scene.queue().length === 0);
    const found = scene.test
      .events()
      .slice(events)
      .flatMap(({ check, verdict, reason }) =>
        check === 'outbound/provenance' ? [`${verdict} ${reason}`] : [],
      );
    assert.deepEqual(found.sort(), edits.map(({ reason }) => `refuse ${reason}`).sort());
    assert.deepEqual(scene.world.asked.slice(asked), []);
  });

  void it('is held when it has the record of another message', async () => {
    const other = 'AAAAAAAA-0000-4000-8000-000000000000.1';
    const scene = await startWith([await edited(saved(), (todo) => changed(todo, { uuid: `${other}.1` }))]);
    await eventually('it to be held', () => scene.held().length === 1);
    const line = new RegExp(
      `\\[CRIT\\] \\[-\\] \\[gatekeeper/outbound\\] hold ref="${other}\\.1 outbound/provenance" check="outbound/provenance" reason="other-message" value="the record of [^"]+ stands in ${other}\\.1" sender="alice@corp\\.example" recipients=1 file="[^"]+/var/gatekeeper/held/[0-9a-f]{16}"`,
    );
    await eventually('the alarm', () => line.test(scene.test.log()));
  });
});

for (const intervals of ['5s*2', 'none']) {
  void describe(`what another plugin sends, which answers first everywhere, temp_fail_intervals=${intervals}`, () => {
    let scene: Scene;
    before(async () => {
      const config = { 'outbound.ini': `temp_fail_intervals=${intervals}\nlocal_mx_ok=true\n` };
      scene = await startScene({ first: [plugin('unproven')], config });
      scene.world.answer = () => undefined;
    });
    after(() => scene.stop());

    const ways = [
      { helo: 'sends', domain: 'one.example', reason: 'no-record' },
      { helo: 'sends', domain: 'no-mx.example', reason: 'no-record' },
      { helo: 'sends', domain: 'throws.example', reason: 'no-record' },
      { helo: 'sends-as-bounce', domain: 'one.example', reason: 'no-record' },
      { helo: 'copies-notes', domain: 'one.example', reason: 'other-message' },
      { helo: 'makes-up-a-record', domain: 'one.example', reason: 'unreadable-record' },
      { helo: 'adds-recipient', domain: 'one.example', reason: 'recipient-not-accepted' },
    ];
    for (const { helo, domain, reason } of ways) {
      void it(`${helo}, to ${domain}: is held as ${reason}, and nobody hears of it`, async () => {
        const [held, asked, events] = [
          scene.held().length,
          scene.world.asked.length,
          scene.test.events().length,
        ];
        await mail(scene.test, [`${helo}@${domain}`], `${helo}.example`);
        await eventually('it to be held', () => scene.held().length === held + 1);
        await eventually('an empty queue', () => scene.queue().length === 0);
        await eventually('the event', () => scene.test.events().length > events);
        await delay(100);
        const found = scene.test
          .events()
          .slice(events)
          .filter(({ check }) => check === 'outbound/provenance');
        assert.deepEqual(
          found.map(({ verdict, reason: why }) => [verdict, why]),
          [['refuse', reason]],
        );
        assert.deepEqual(scene.world.asked.slice(asked), []);
        assert.ok(!existsSync(join(scene.test.dir, 'ends.txt')), 'a bounce or deferral was begun');
      });
    }

    void it('while what was accepted leaves beside it', async () => {
      await mail(scene.test, ['honest@one.example', 'honest@throws.example']);
      await eventually(
        'both',
        () => scene.world.count('honest@one.example') + scene.world.count('honest@throws.example') === 2,
      );
    });
  });
}

void describe('what cannot be held', () => {
  let scene: Scene;
  before(async () => {
    const config = { 'outbound.ini': 'temp_fail_intervals=none\nlocal_mx_ok=true\n' };
    scene = await startScene({ first: [plugin('unproven')], config });
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
      first: [plugin('unproven')],
      settings: { outbound: { unproven_mail: 'observe' } },
    });
  });
  after(() => scene.stop());

  void it('leaves where unproven_mail only observes, with an alarm', async () => {
    await mail(scene.test, ['sends@one.example'], 'sends.example');
    await eventually('the message', () => scene.world.count('sends@one.example') === 1);
    const event = scene.test.events().find(({ check }) => check === 'outbound/provenance');
    assert.deepEqual([event?.verdict, event?.would_refuse, event?.reason], ['refuse', true, 'no-record']);
    assert.match(scene.test.log(), /\[CRIT\].* would hold ref="/);
    const { out } = await gatekeeper(['report'], { haraka: scene.test.dir });
    assert.match(out, /^1 time: no-record, by outbound\/provenance\n {2}what +corp\.example$/m);
  });
});

void describe('in an emergency', () => {
  let scene: Scene;
  before(async () => {
    scene = await startScene({ first: [plugin('unproven')], settings: { emergency: 'observe' } });
  });
  after(() => scene.stop());

  void it('what nobody answers for is held all the same', async () => {
    await mail(scene.test, ['sends@one.example'], 'sends.example');
    await eventually('it to be held', () => scene.held().length === 1);
    assert.deepEqual(scene.world.asked, []);
  });
});
