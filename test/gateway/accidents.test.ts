import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { defaultPlugins } from '../../scripts/demo/instance.ts';
import { connectionIni } from '../dialogues/gateways.ts';
import { parseDialogue, play } from '../support/dialogue.ts';
import { eventually } from '../support/gateway.ts';
import { loggedIn, SmtpClient, type SmtpReply } from '../support/smtp.ts';
import { accidents, otherClients, type Accident } from './accidents.ts';
import { edits } from './edited-files.ts';
import { plugin } from './other-haraka.ts';
import { due, edited, mail, startScene, type Scene } from './provenance-scene.ts';
import { contentOf } from './traffic.ts';

const file = plugin('accidents');

/** With nodes=0 what cannot be delivered at once is bounced at once, if ever. */
const places = [
  { where: 'first', nodes: 0, retries: false, options: { first: [file] } },
  { where: 'first', nodes: 2, retries: true, options: { first: [file] } },
  { where: 'last', nodes: 0, retries: true, options: { last: [file] } },
] as const;

/** A queue file whose header is no JSON. */
const wreck = Buffer.from('\0\0\0\x0f{"queue_time":}', 'latin1');

/** A file of the queue that the gateway before has accepted. */
let savedFile: Buffer | undefined;

for (const { where, nodes, retries, options } of places.filter(
  (place) => !process.env['CROSS_SECTION'] || place.nodes > 0,
)) {
  void describe(`with a plugin that is listed ${where}, and nodes=${nodes}`, { concurrency: 1 }, () => {
    let scene: Scene;
    const refused = new Set<string>();
    const queue = (name: string) => join(scene.test.dir, 'queue', name);
    before(async () => {
      scene = await startScene({
        ...{ ...options, nodes },
        plugins: [...defaultPlugins, 'xclient'],
        settings: { deadline_seconds: 1 },
        config: {
          ...{ plugin_timeout: '2\n', 'xclient.hosts': '127.0.0.3\n' },
          'connection.ini': connectionIni.replace('hosts[] =', 'hosts[] = 127.0.0.2'),
          ...(!retries && { 'outbound.ini': 'temp_fail_intervals=none\nlocal_mx_ok=true\n' }),
        },
      });
      scene.world.answer = () => undefined;
    });
    after(() => scene.stop());

    for (const [index, row] of accidents.filter(({ listed = where }) => listed === where).entries()) {
      const { sender: from = 'alice@corp.example', author = from, domain = 'partner.example' } = row;
      void it(`${row.it} (${row.name}): ${row.by ?? 'alice'} as ${from}, ${author}`, async () => {
        const to = `row-${index}@${domain}`;
        const seen = scene.test.events().length;
        const client = await clientOf(row, scene);
        try {
          await client.command(`EHLO ${row.name}.example`);
          if (!row.leaves) refused.add(to);
          assert.match((await send(client, { from, author, to })).text, row.hears);
          await expectEvent(row, scene, seen);
          if (row.leaves) await expectMail(row, scene, to);
          if (!row.by && !row.ends) await expectHonest(client, `after-${index}@partner.example`);
        } finally {
          client.destroy();
        }
      });
    }

    for (const [index, { it: title, dialogue }] of otherClients.entries()) {
      void it(title, () =>
        play(parseDialogue(`# ${title}\n${dialogue.replace(/^ +/gm, '')}`), scene.test, `other-${index}`),
      );
    }

    void it('nothing of that has left, and nobody was told', async () => {
      await eventually('an empty queue', () => scene.queue().length === 0);
      await delay(200);
      const whom = /^(?:alice|boss|bob|carol|someone)@/;
      const told = scene.world.asked.filter((each) => refused.has(each) || whom.test(each));
      assert.deepEqual(told, []);
      assert.ok(!existsSync(join(scene.test.dir, 'ends.txt')), 'a bounce or deferral was begun');
    });

    void it('honest mail leaves: to three domains, one of which has it come again, with a restart in between', async () => {
      const held = scene.held().length;
      scene.world.answer = (to) => (to.startsWith('later') ? '450 4.2.1 Later' : undefined);
      const to = ['a@one.example', 'later@two.example', 'b@two.example', 'c@three.example'];
      if (!retries) to.splice(1, 1);
      assert.equal((await mail(scene.test, to)).code, 250);
      await eventually('three of them', () =>
        ['a@one', 'b@two', 'c@three'].every((each) => scene.world.count(`${each}.example`) === 1),
      );
      scene.world.answer = () => undefined;
      if (retries) {
        await eventually(
          'the one that is left',
          () =>
            scene
              .queue()
              .map((name) => name.split('_')[2])
              .join() === '1',
        );
        if (nodes === 2) savedFile = readFileSync(queue(scene.queue()[0] ?? ''));
      }
      await scene.restart(() => {
        for (const name of scene.queue()) renameSync(queue(name), queue(due(name)));
        // It would end a Haraka that has no more tries.
        if (!retries) writeFileSync(queue(due('1_1_0_1_wreck_1_gw')), wreck);
      });
      for (const each of to) await eventually(each, () => scene.world.count(each) === 1);
      const wrecks = retries ? 0 : 1;
      await eventually('a wreck to be held', () => scene.held().length === held + wrecks);
    });

    if (retries) {
      void it('again by itself, after some seconds', async () => {
        const held = scene.held().length;
        scene.world.answer = (to) => (to.startsWith('soon') ? '450 4.2.1 Later' : undefined);
        await mail(scene.test, ['soon@two.example', 'at-once@two.example']);
        await eventually('the first', () => scene.world.count('at-once@two.example') === 1);
        scene.world.answer = () => undefined;
        await eventually('the second', () => scene.world.count('soon@two.example') === 1, 15_000);
        assert.equal(scene.held().length, held);
      });
    }

    void it('and what becomes of it comes back to the sender, from Haraka itself', async () => {
      const held = scene.held().length;
      scene.world.answer = (to) => (to.startsWith('refused') ? '550 5.1.1 No' : undefined);
      await mail(scene.test, ['refused@one.example']);
      const bounce = await eventually('the bounce', () => scene.world.taken.find(({ from }) => from === ''));
      assert.deepEqual(bounce.to, ['alice@corp.example']);
      assert.match(bounce.lines.join('\n'), /refused@one\.example/);
      assert.equal(scene.held().length, held);
    });

    if (where === 'last') {
      void it('a queue file that another gateway has accepted leaves; edited and copied ones are held', async () => {
        const saved = join(scene.test.dir, 'saved');
        assert.ok(savedFile, 'there is none');
        writeFileSync(saved, savedFile);
        const files = await Promise.all(edits.map((edit) => edited(saved, edit)));
        const [held, asked, seen] = [
          scene.held().length,
          scene.world.asked.length,
          scene.test.events().length,
        ];
        const name = (tag: string) => queue(`${Date.now()}_${Date.now()}_1_1_${tag}_1_gw`);
        await scene.restart(() => {
          copyFileSync(saved, name('honest'));
          files.forEach((content, index) => {
            writeFileSync(name(`edited${index}`), content);
          });
        });
        await eventually('all to be held', () => scene.held().length === held + files.length, 20_000);
        await eventually('the honest one', () => scene.world.asked.length > asked);
        await eventually('an empty queue', () => scene.queue().length === 0);
        const found = await eventually('the event of each', () => {
          const reasons = scene.test
            .events()
            .slice(seen)
            .flatMap(({ check, verdict, reason }) =>
              check === 'outbound/provenance' && verdict === 'refuse' ? [reason] : [],
            );
          return reasons.length >= edits.length && reasons;
        });
        assert.deepEqual(found.sort(), edits.map(({ reason }) => reason).sort());
        assert.deepEqual(scene.world.asked.slice(asked), ['later@two.example']);
        const id = 'AAAAAAAA-0000-4000-8000-000000000000.1';
        const line = new RegExp(
          `\\[CRIT\\] \\[-\\] \\[gatekeeper/outbound\\] hold ref="${id}\\.1 outbound/provenance" check="outbound/provenance" reason="other-message" value="the record of [^"]+ stands in ${id}\\.1" sender="alice@corp\\.example" recipients=1 file="[^"]+/var/gatekeeper/held/[0-9a-f]{16}"`,
        );
        assert.match(scene.test.log(), line);
      });
    }
  });
}

/** Who has said EHLO as far as a login needs it. */
async function clientOf({ by, from }: Accident, { test }: Scene): Promise<SmtpClient> {
  const { mx, submission } = test.ports;
  if (!by) return loggedIn({ port: submission }, 'alice@corp.example', 'pw-alice');
  const client = await SmtpClient.connect({
    port: by === 'server' ? mx : submission,
    ...(from !== undefined && { from }),
  });
  await client.reply();
  if (by === 'server') return client;
  await client.command('EHLO client.example');
  await client.command('STARTTLS');
  await client.upgrade();
  return client;
}

/** Sends a message, and gives the first reply that is a refusal, or the last. */
async function send(
  client: SmtpClient,
  letter: { readonly from: string; readonly author: string; readonly to: string },
): Promise<SmtpReply> {
  const { from, author, to } = letter;
  for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA']) {
    const reply = await client.command(line);
    if (reply.code >= 400) return reply;
  }
  client.write(contentOf({ from, author, to }));
  return client.reply(15_000);
}

async function expectEvent({ event, held }: Accident, { test }: Scene, seen: number): Promise<void> {
  const wanted = held === undefined ? event : `outbound/provenance refuse ${held}`;
  if (wanted === undefined) return;
  const [, check, verdict, why] = /^(\S+) (\S+) ?(.*)$/.exec(wanted) ?? [];
  await eventually(`an event ${wanted}`, () =>
    test
      .events()
      .slice(seen)
      .some(
        (each) =>
          each.check === check && each.verdict === verdict && ['', each.reason, each.detail].includes(why),
      ),
  );
}

async function expectMail({ leaves, recipients }: Accident, { world }: Scene, to: string): Promise<void> {
  const taken = await eventually('the message', () => world.taken.find((each) => each.to.includes(to)));
  assert.match(taken.lines.join('\n'), leaves ?? /never/);
  assert.equal(taken.to.length, recipients ?? 1);
}

/** The next message of the session is one like any other. */
async function expectHonest(client: SmtpClient, to: string): Promise<void> {
  await client.command('EHLO client.example');
  const from = 'alice@corp.example';
  assert.match((await send(client, { from, author: from, to })).text, /^250 Message queued/);
}
