import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'libsql';
import { limitAccount } from '../../plugins/core/limits/windows.ts';
import { openStoreIfAny, storeFile } from '../../plugins/core/store/sqlite.ts';
import { Suspensions } from '../../plugins/core/suspension/registry.ts';
import { peopleBase } from '../../scripts/demo/people.ts';
import { eventually } from '../support/gateway.ts';
import { block } from '../support/pages.ts';
import { fill, mountTmpfs } from '../support/tmpfs.ts';
import { loggedIn, type SmtpClient } from '../support/smtp.ts';
import { startScene, type Scene } from './provenance-scene.ts';
import { alice } from './traffic.ts';

/** Counted at every message, and reached by nobody. */
const settings = {
  limits: { messages_per_hour: 100_000, recipients_per_hour: 100_000 },
  suspension: { mode: 'enforce', recipients: 100_000 },
};

/** How often a message is sent that does not fit: what Haraka does then by itself goes wrong once in fifty times. */
const rounds = Number(process.env['FULL_DISK_ROUNDS'] ?? 100);

const from = 'alice@corp.example';

/** What the log of the store has room for by itself would be written on a full disk, too. */
function emptyLog(folder: string): void {
  const database = new Database(storeFile(folder));
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}

/** Through MAIL, RCPT and DATA; the reply to each recipient may be anything. */
async function sendTo(client: SmtpClient, to: readonly string[], lines = 1, sender = from): Promise<string> {
  for (const line of [`MAIL FROM:<${sender}>`, ...to.map((each) => `RCPT TO:<${each}>`), 'DATA'])
    await client.command(line);
  client.write(`From: ${sender}\r\n\r\n${'x'.repeat(70).concat('\r\n').repeat(lines)}the end\r\n.\r\n`);
  return (await client.reply(15_000)).text;
}

/** A line of the log as the documentation shows it, of whatever file and recipients. */
function documented(words: string): RegExp {
  const line =
    block('docs/operator.md', '', words)
      .split('\n')
      .find((each) => each.includes(words)) ?? '';
  const [from, to] = [/[\^$.*+?()[\]{}|]/g, '\\$&'];
  return new RegExp(
    line
      .replaceAll(from, to)
      .replace(/\d+_\d+_\w+/, '\\S+')
      .replace(/<.*>/, '<.*>'),
  );
}

void describe('a queue whose file system is full', () => {
  let scene: Scene;
  let unmount: () => void;
  let client: SmtpClient;
  const queue = () => join(scene.test.dir, 'queue');
  const messages = () => scene.queue().filter((file) => !file.startsWith('.'));
  const full = async (what: string, work: () => Promise<void>) => {
    const empty = fill(queue());
    await work().finally(empty);
    assert.equal(messages().length, 0, what);
  };

  before(async () => {
    scene = await startScene({ settings });
    unmount = mountTmpfs(queue(), '64k');
    client = await alice({ port: scene.test.ports.submission });
  });
  after(async () => {
    client.destroy();
    unmount();
    await scene.stop();
  });

  void it(`takes each message whole or not at all, ${rounds} times`, async () => {
    const replies: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      replies.push((await sendTo(client, [`large${round}@one.example`], 1000)).replace(/ \(.*/, ''));
    }
    assert.deepEqual([...new Set(replies)], ['452 4.3.1 Insufficient system storage']);
    assert.deepEqual(readdirSync(queue()), []);
    assert.deepEqual(scene.world.asked, []);
  });

  void it('takes mail again when there is room, without a restart', async () => {
    await full('nothing of what was refused', async () => {
      assert.match(await sendTo(client, ['refused-for-now@one.example']), /^452 4\.3\.1 /);
    });
    assert.match(await sendTo(client, ['room@one.example']), /^250 /);
    await eventually('the message', () => scene.world.count('room@one.example') === 1);
    assert.equal(scene.world.count('refused-for-now@one.example'), 0);
  });

  /** Has the disk full from when the world has answered to the last recipient. */
  async function fullBehind(
    to: readonly string[],
    answers: (to: string) => string | undefined,
  ): Promise<() => void> {
    let empty: (() => void) | undefined;
    const before = scene.world.answer;
    scene.world.answer = (recipient) => {
      if (recipient === to.at(-1)) empty ??= fill(queue());
      return answers(recipient);
    };
    assert.match(await sendTo(client, to), /^250 /);
    await eventually('a try', () => empty !== undefined);
    return () => {
      empty?.();
      scene.world.answer = before;
    };
  }

  const answer = (to: string) => {
    if (to.startsWith('refused')) return '550 5.1.1 No';
    return to.startsWith('later') ? '450 4.2.1 Later' : undefined;
  };

  void it('keeps what was deferred and refused of a message, while it cannot be written down', async () => {
    const empty = await fullBehind(['taken@one.example', 'refused@one.example', 'later@one.example'], answer);
    await eventually('the first', () => scene.world.count('taken@one.example') === 1);
    await eventually('a word', () => documented(' as it is, since ').test(scene.test.log()));
    assert.equal(messages().length, 1, 'the message is there');
    empty();
    scene.world.answer = (to) => (to.startsWith('refused') ? answer(to) : undefined);
    await eventually('the second', () => scene.world.count('later@one.example') === 1, 15_000);
    await eventually('the bounce', () => scene.world.count(from) === 1);
    await eventually('an empty queue', () => messages().length === 0);
    assert.equal(scene.world.count('taken@one.example'), 1, 'once');
    const bounce = scene.world.taken.find(({ to }) => to.includes(from))?.lines.join('\n') ?? '';
    assert.deepEqual(bounce.match(/^Final-Recipient: .*$/gm), [
      'Final-Recipient: rfc822;refused@one.example',
    ]);
  });

  void it('keeps a message whose bounce cannot be written, and bounces it later', async () => {
    const empty = await fullBehind(['refused2@one.example'], answer);
    await eventually('a word', () => documented('the bounce of ').test(scene.test.log()));
    assert.equal(messages().length, 1, 'the message is there');
    empty();
    await scene.restart();
    await eventually('the bounce', () => scene.world.count(from) === 2);
  });
});

void describe('a data directory whose file system is full', () => {
  let scene: Scene;
  let unmount: () => void;
  let empty: () => void;
  const folder = () => join(scene.test.dir, 'var/gatekeeper');
  const bob = () => loggedIn({ port: scene.test.ports.submission }, 'bob@corp.example', 'pw-bob');
  const bobId = `uid=bob,${peopleBase}`;
  const crowd = Array.from({ length: 40 }, (_, number) => `crowd${number}@one.example`);

  before(async () => {
    const suspension = { mode: 'enforce', recipients: 30 };
    const settings = {
      limits: { messages_per_hour: 10 },
      suspension,
      audit: { spool_directory: 'spool-elsewhere' },
    };
    scene = await startScene({ settings });
    // Whoever has the store open already would go on in the file below.
    await scene.restart(() => {
      mkdirSync(folder(), { recursive: true });
      unmount = mountTmpfs(folder(), '2m');
    });
  });
  after(async () => {
    unmount();
    await scene.stop();
  });

  void it('takes mail, counted in memory, up to the limit, and spools its events elsewhere', async () => {
    const client = await alice({ port: scene.test.ports.submission });
    assert.match(await sendTo(client, ['before@one.example']), /^250 /);
    emptyLog(folder());
    empty = fill(folder());
    for (let number = 1; number < 10; number += 1) {
      assert.match(await sendTo(client, [`full${number}@one.example`]), /^250 /);
    }
    assert.match((await client.command(`MAIL FROM:<${from}>`)).text, /^450 4\.7\.1 /);
    await eventually('all of them', () => scene.world.count('full9@one.example') === 1);
    assert.match(scene.test.log(), /\[CRIT\].* the shared store cannot be used/);
    client.destroy();
  });

  void it('answers temporarily to an account that looks taken over, since it cannot note that', async () => {
    const client = await bob();
    // What the store took with it when it failed.
    const fullOfLess = empty;
    const fullOfAll = fill(folder());
    empty = () => [fullOfLess, fullOfAll].forEach((each) => each());
    assert.match(await sendTo(client, crowd, 1, 'bob@corp.example'), /^421 4\.7\.1 /);
    assert.match(scene.test.log(), /\[CRIT\].* whether bob@corp\.example is taken over cannot be told/);
    const again = await bob();
    assert.match(await sendTo(again, crowd, 1, 'bob@corp.example'), /^421 4\.7\.1 /);
    assert.deepEqual(await new Suspensions(folder()).all(), []);
  });

  void it('notes it when there is room again, and what was counted meanwhile, without a restart', async () => {
    empty();
    const client = await bob();
    assert.match(await sendTo(client, crowd, 1, 'bob@corp.example'), /^421 4\.7\.1 /);
    assert.ok(new Suspensions(folder()).isSuspended(bobId));
    await assert.rejects(bob(), /535 5\.7\.8/);
    await eventually('the store', () => scene.test.log().includes('the shared store can be used again'), 100)
      .catch(() => delay(5000))
      .then(() => assert.rejects(limited(), /^Error: 450 /));
    assert.match(scene.test.log(), /the shared store can be used again/);
    const store = openStoreIfAny(folder());
    const tallies = await store?.ofAccount(limitAccount(`uid=alice,${peopleBase}`));
    store?.close();
    assert.equal(tallies?.get('limit/hour')?.level, 10);
    assert.equal(scene.world.count('crowd0@one.example'), 0);
  });

  /** What Alice hears, who has sent what she may. */
  async function limited(): Promise<void> {
    const client = await alice({ port: scene.test.ports.submission });
    const reply = await client.command(`MAIL FROM:<${from}>`);
    client.destroy();
    if (reply.code !== 250) throw new Error(reply.text);
  }
});
