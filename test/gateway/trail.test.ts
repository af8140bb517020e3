import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { certificateIn } from '../../scripts/demo/certificates.ts';
import { varDir } from '../../scripts/demo/instance.ts';
import { gatekeeper } from '../support/command.ts';
import { eventsFile } from '../support/events.ts';
import { eventually, type TestGateway } from '../support/gateway.ts';
import { alice } from './traffic.ts';
import { startScene, type Scene } from './provenance-scene.ts';

const messageId = '<figures.1@corp.example>';
const uuid = /[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}(?:\.\d+)?/;

interface Told {
  readonly code: number | null;
  readonly messages: readonly Readonly<Record<string, unknown>>[];
}

/** Sends one message, and gives its queue id. */
async function send({ ports }: TestGateway, to: readonly string[], id = messageId): Promise<string> {
  const client = await alice({ port: ports.submission });
  await client.command('MAIL FROM:<alice@corp.example>');
  for (const each of to) await client.command(`RCPT TO:<${each}>`);
  await client.command('DATA');
  client.write(`From: alice@corp.example\r\nMessage-ID: ${id}\r\nSubject: test\r\n\r\nx\r\n.\r\n`);
  const { text } = await client.reply(15_000);
  client.destroy();
  return uuid.exec(text)?.[0] ?? text;
}

/** What the events say became of whom. */
function endings({ test }: Scene): string[] {
  return test
    .events()
    .flatMap(({ outcome, recipients = [] }) => (outcome ? [`${recipients.join()} ${outcome}`] : []));
}

async function traced({ test }: Scene, what: string): Promise<Told> {
  const { code, out } = await gatekeeper(['trace', what, '--json'], { haraka: test.dir });
  return { code, messages: (JSON.parse(out) as { messages: Told['messages'] }).messages };
}

void describe('the trail of a message to three domains', { concurrency: 1 }, () => {
  let scene: Scene;
  let id = '';
  before(async () => {
    const settings = { outbound: { received_login: 'hash' } };
    scene = await startScene({ nodes: 2, settings }, certificateIn(varDir));
    let isLate = false;
    scene.world.answer = (recipient) => {
      if (recipient.startsWith('soon')) return isLate ? undefined : '450 4.2.1 Later';
      if (recipient.startsWith('noisy')) return `550 5.1.1 ${'\u0007\u001b[31m'.repeat(2000)}`;
      return recipient.startsWith('refused') ? '550 5.1.1 No such user' : undefined;
    };
    id = await send(scene.test, [
      ...['a@one.example', 'soon@two.example', 'refused@three.example', 'b@three.example'],
      'noisy@four.example',
    ]);
    await eventually('a deferral', () => endings(scene).includes('soon@two.example deferred'));
    isLate = true;
    // The sender hears of the two that were refused.
    // Haraka tries again after five seconds at the earliest.
    await eventually('all of it', () => endings(scene).length === 8, 15_000);
  });
  after(() => scene.stop());

  void it('has one event for each outcome, and the event of the gate names the message', () => {
    assert.deepEqual(endings(scene).sort(), [
      'a@one.example delivered',
      'alice@corp.example delivered',
      'alice@corp.example delivered',
      'b@three.example delivered',
      'noisy@four.example bounced',
      'refused@three.example bounced',
      'soon@two.example deferred',
      'soon@two.example delivered',
    ]);
    const gate = scene.test.events().find(({ check }) => check === 'outbound/gate');
    assert.deepEqual([gate?.queue_id, gate?.message_id, gate?.proof], [id, messageId, 'account']);
    assert.equal(gate?.recipients?.length, 5);
  });

  void it('leads from each outcome to the account by itself', () => {
    const outcomes = scene.test.events().filter(({ outcome, sender }) => outcome && sender !== '');
    for (const { identity_id: account, client, message_id: known, verdict } of outcomes) {
      const alices = 'uid=alice,ou=people,dc=corp,dc=example';
      assert.deepEqual([account, client, known, verdict], [alices, '127.0.0.1', messageId, 'pass']);
    }
  });

  void it('is told in lines', async () => {
    const { code, out } = await gatekeeper(['trace', messageId], { haraka: scene.test.dir });
    assert.equal(code, 0);
    const local = out
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replaceAll(/port \d+/g, 'port PORT')
      .replaceAll(/\]:\d+/g, ']:PORT')
      .replaceAll(/, on .*/g, ', on HOST')
      .replaceAll(/TLSv1\.\d \w+/g, 'TLS')
      .replaceAll(new RegExp(uuid, 'g'), (each) => (each.startsWith(id) ? 'ID' : 'BOUNCE'));
    const [first = ''] = local.split('\n\n');
    const server = '[127.0.0.1]:PORT, TLS, certificate not verified';
    assert.deepEqual(
      first
        .split('\n')
        .slice(0, -1)
        .filter((line) => !line.includes('\\u0007')),
      [
        'queue id    ID',
        `message id  ${messageId}`,
        'accepted    TIME, port PORT (submission), on HOST',
        'by          alice@corp.example (uid=alice,ou=people,dc=corp,dc=example), proof account',
        'client      127.0.0.1, TLS',
        'from        <alice@corp.example>',
        'bounce      BOUNCE',
        '            BOUNCE',
        '  a@one.example: delivered',
        `    TIME  delivered  ${server}: 250 OK`,
        '  soon@two.example: delivered',
        `    TIME  deferred   ${server}: 450 4.2.1 Later; again at TIME`,
        `    TIME  delivered  ${server}: 250 OK`,
        '  refused@three.example: bounced',
        `    TIME  bounced    ${server}: 550 5.1.1 No such user`,
        '  b@three.example: delivered',
        `    TIME  delivered  ${server}: 250 OK`,
        '  noisy@four.example: bounced',
      ],
    );
  });

  void it('is found by all that anybody may have of it', async () => {
    const received = receivedIn(scene);
    const hash = /\(authenticated ([0-9a-f]{32})\)/.exec(received)?.[1] ?? '';
    const whats = [`${id}.2`, 'uid=alice,ou=people,dc=corp,dc=example', 'soon@TWO.example', hash];
    for (const what of whats) {
      const { code, messages } = await traced(scene, what);
      const [message] = messages.filter(({ queue_id: each }) => each === id);
      assert.deepEqual([what, code, message?.['identity']], [what, 0, 'alice@corp.example']);
      assert.equal((message?.['recipients'] as unknown[] | undefined)?.length, 5, what);
    }
    assert.deepEqual(await traced(scene, 'b@one.example'), { code: 1, messages: [] });
  });

  void it('holds no more of what a server says than can be shown', () => {
    const event = scene.test
      .events()
      .find(({ recipients }) => recipients?.includes('noisy@four.example') && recipients.length === 1);
    assert.equal(event?.answer?.length, 1001);
    assert.match(JSON.stringify(event), /^[\x20-\x7e…]+$/);
  });

  void it('is not in the message: its Received field has the queue id, and a hash', () => {
    const received = receivedIn(scene);
    assert.match(
      received,
      new RegExp(
        `^Received: by gw\\.corp\\.example \\(Haraka/[\\d.]+\\) with ESMTPSA id ${id}\\n\\ttls \\w+ \\(authenticated [0-9a-f]{32}\\);\\n\\t\\w{3}, `,
      ),
    );
    assert.doesNotMatch(received, /alice|127\.0\.0\.1|client\.example|corp\.example>/);
    assert.equal(statSync(join(scene.test.dir, 'var/gatekeeper/received.key')).mode & 0o777, 0o600);
  });
});

/** The field of the gateway in a message that the world has taken. */
function receivedIn({ world }: Scene): string {
  const message = world.taken.find(({ from }) => from !== '');
  const text = message?.lines.join('\n') ?? '';
  return /^Received: by [^]*?\n(?=\S)/m.exec(text)?.[0] ?? text;
}

void describe('the trail beside a plugin that answers first', { concurrency: 1 }, () => {
  let scene: Scene;
  before(async () => {
    const first = [join(import.meta.dirname, '../haraka-plugins/answers-outcomes.js')];
    scene = await startScene({ first, settings: { outbound: { received_client: 'show' } } });
  });
  after(() => scene.stop());

  void it('knows what became of a message all the same', async () => {
    await send(scene.test, ['a@one.example', 'later@two.example', 'refused@three.example']);
    await eventually('all of it', () => endings(scene).length === 3);
    assert.deepEqual(endings(scene).sort(), [
      'a@one.example delivered',
      'later@two.example dropped',
      'refused@three.example bounced',
    ]);
    const details = scene.test.events().flatMap(({ outcome, detail }) => (outcome && detail ? [detail] : []));
    assert.deepEqual(details.sort(), [
      'another plugin keeps that from the sender',
      'another plugin took it out of the queue',
    ]);
  });

  void it('lets the client be shown where the settings say so', () => {
    const lines = scene.world.taken[0]?.lines.join('\n') ?? '';
    assert.match(
      lines,
      /^Received: from client\.example \(\S+ \[127\.0\.0\.1\]\)\n\tby [^]*?\n\ttls \w+ \(authenticated\);\n/m,
    );
  });
});

void describe('what is in the queue', { concurrency: 1 }, () => {
  let scene: Scene;
  const closed = { 'outbound.ini': 'temp_fail_intervals=5m*12\nlocal_mx_ok=true\nconcurrency_max=2\n' };
  before(async () => {
    scene = await startScene({ config: { ...closed, 'demo-route.ini': 'host=127.0.0.1\nport=1\n' } });
  });
  after(() => scene.stop());

  void it('is traced there, with why no server could be reached, and without any event', async () => {
    const id = await send(scene.test, ['a@one.example']);
    await eventually('a deferral', () => endings(scene).length === 1);
    const event = scene.test.events().find(({ outcome }) => outcome === 'deferred');
    assert.equal(event?.detail, 'Tried all MXs; 127.0.0.1: connect ECONNREFUSED 127.0.0.1:1');
    assert.equal(event.remote_address, '127.0.0.1');
    for (const end of ['', '-wal', '-shm']) rmSync(`${eventsFile(scene.test.dir)}${end}`);
    const { code, messages } = await traced(scene, messageId);
    const [message] = messages;
    assert.deepEqual([code, message?.['queue_id'], message?.['identity']], [0, id, 'alice@corp.example']);
    assert.match(JSON.stringify(message), /"state":"queued".*"where":"queue"/);
  });

  void it('is held where it cannot be read, takes no place in the queue, and does not stop the start', async () => {
    const queue = join(scene.test.dir, 'queue');
    const name = (tag: string) => `${Date.now()}_${Date.now()}_0_1_${tag}_1_gw`;
    const framed = (text: string, length = text.length) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(length);
      return Buffer.concat([head, Buffer.from(text)]);
    };
    const files = {
      [name('empty')]: Buffer.alloc(0),
      [name('text')]: Buffer.from('From: a@corp.example\r\n\r\nx\r\n'),
      [name('short')]: framed('{"queue_time":1', 5000),
      [name('cut')]: framed('{"queue_time":1'),
      [name('broken')]: framed('{"queue_time":}'),
      'no-queue-file': Buffer.from('x'),
    };
    const asked = scene.world.asked.length;
    await scene.restart(() => {
      for (const [file, content] of Object.entries(files)) writeFileSync(join(queue, file), content);
    });
    const tags = ['empty', 'text', 'short', 'cut', 'broken'];
    await eventually('all to be held', () => scene.held().length === tags.length);
    assert.equal(scene.world.asked.length, asked);
    const told = () => scene.test.events().filter(({ reason }) => reason === 'unreadable-file');
    await eventually('their events', () => told().length === tags.length);
    for (const tag of tags) {
      const alarm = `reason="unreadable-file" value="the header of \\d+_\\d+_\\d+_\\d+_${tag}_`;
      const line = new RegExp(`\\[CRIT\\].* hold ref=.* ${alarm}`);
      await eventually(`an alarm for ${tag}`, () => line.test(scene.test.log()));
    }
    // They took as many places as there are.
    await send(scene.test, ['b@one.example'], '<another@corp.example>');
    await eventually('another message to be tried', () => endings(scene).length === 1);
    const isLeft = (name: string) => tags.some((tag) => name.includes(`_${tag}_`));
    await eventually('them to leave the queue', () => !scene.queue().some(isLeft));
    assert.ok(scene.queue().includes('no-queue-file'));
    const { out } = await gatekeeper(['held', 'list', '--json'], { haraka: scene.test.dir });
    const { held } = JSON.parse(out) as { held: { reason: string; unreadable?: string }[] };
    assert.ok(held.every(({ reason, unreadable }) => reason === 'unreadable-file' && unreadable));
    assert.doesNotMatch(scene.test.log(), /bouncing mail|the trail:/);
  });
});
