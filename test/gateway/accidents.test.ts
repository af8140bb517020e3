import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/gateway.ts';
import { loggedIn, sessionIn, SmtpClient, type SmtpReply } from '../support/smtp.ts';
import { accidents, type Accident } from './accidents.ts';
import { plugin } from './other-haraka.ts';
import { startScene, type Scene } from './provenance-scene.ts';
import { contentOf } from './traffic.ts';

const file = plugin('accidents');

const places = [
  { where: 'first', first: [file] },
  { where: 'first', first: [file], nodes: 2 },
  { where: 'last', last: [file] },
] as const;

/** A client and the id of its session. */
async function clientOf({ by }: Accident, { test }: Scene): Promise<SmtpClient> {
  const { mx, submission } = test.ports;
  if (!by) return loggedIn({ port: submission }, 'alice@corp.example', 'pw-alice');
  const client = await SmtpClient.connect({ port: by === 'server' ? mx : submission });
  await client.reply();
  if (by === 'server') return client;
  await client.command('EHLO client.example');
  await client.command('STARTTLS');
  await client.upgrade();
  return client;
}

/** Sends a message, and gives the first reply that is a refusal, or the last. */
async function send(client: SmtpClient, letter: { from: string; author: string; to: string }): Promise<SmtpReply> {
  const { from, author, to } = letter;
  for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA']) {
    const reply = await client.command(line);
    if (reply.code >= 400) return reply;
  }
  client.write(contentOf({ from, author, to }));
  return client.reply(15_000);
}

for (const place of places) {
  const { where, ...options } = place;
  const nodes = 'nodes' in place ? place.nodes : 0;
  void describe(`a plugin that is listed ${where}, with nodes=${nodes}`, { concurrency: 1 }, () => {
    let scene: Scene;
    const rows = accidents.filter(({ listed = where }) => listed === where);
    const refused = new Set<string>();
    before(async () => {
      scene = await startScene({
        ...options,
        settings: { deadline_seconds: 1 },
        config: { plugin_timeout: '2\n', 'outbound.ini': 'temp_fail_intervals=none\nlocal_mx_ok=true\n' },
      });
      scene.world.answer = () => undefined;
    });
    after(() => scene.stop());

    for (const [index, row] of rows.entries()) {
      void it(`${row.it} (${row.name}), ${row.by ?? 'alice'} as ${row.author ?? row.sender ?? 'herself'}`, async () => {
        const { sender: from = 'alice@corp.example', author = from, domain = 'partner.example' } = row;
        const to = `row-${index}@${domain}`;
        const [held, seen] = [scene.held().length, scene.test.events().length];
        const client = await clientOf(row, scene);
        try {
          await client.command(`EHLO ${row.name}.example`);
          assert.match((await send(client, { from, author, to })).text, row.hears);
          await expectEvents(row, scene, seen);
          if (row.held !== undefined) await eventually('it to be held', () => scene.held().length === held + 1);
          else if (!row.leaves) refused.add(to);
          if (row.leaves) await expectMail(row, scene, to);
          if (row.held !== undefined) refused.add(to);
          if (!row.by && !/^[45]30/.test(row.hears.source)) await expectHonest(client, scene, `after-${index}@${domain}`);
        } finally {
          client.destroy();
        }
      });
    }
    void it('nothing else has left, and nobody was told anything', async () => {
      await eventually('an empty queue', () => scene.queue().length === 0);
      await delay(200);
      const told = scene.world.asked.filter((each) => refused.has(each) || /(?:alice|boss|bob|carol|someone)@/.test(each));
      assert.deepEqual(told, []);
      assert.ok(!existsSync(join(scene.test.dir, 'ends.txt')), 'a bounce or deferral was begun');
    });
  });
}

async function expectEvents({ event, held }: Accident, { test }: Scene, seen: number): Promise<void> {
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

async function expectMail({ leaves, recipients = 1 }: Accident, { world }: Scene, to: string): Promise<void> {
  const taken = await eventually('the message', () => world.taken.find((each) => each.to.includes(to)));
  assert.match(taken.lines.join('\n'), leaves ?? /never/);
  assert.equal(taken.to.length, recipients);
}

/** The next message of the session is one like any other. */
async function expectHonest(client: SmtpClient, scene: Scene, to: string): Promise<void> {
  await client.command('EHLO client.example');
  const from = 'alice@corp.example';
  assert.match((await send(client, { from, author: from, to })).text, /^250 Message queued/);
}
