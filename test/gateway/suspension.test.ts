import assert from 'node:assert/strict';
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gatekeeper } from '../support/command.ts';
import { eventually, eventWith } from '../support/gateway.ts';
import { connectAs, loggedIn, plain, SmtpClient } from '../support/smtp.ts';
import { knownTo, seenBefore } from './circles.ts';
import { mail, startScene, type Scene } from './provenance-scene.ts';
import { alice, send } from './traffic.ts';

let scene: Scene;
/** Recipients that the world does not take now. */
const deferred = new Set<string>();

async function command(...args: readonly string[]) {
  const { code, out, err } = await gatekeeper([...args, '--json'], { haraka: scene.test.dir });
  return { code, answer: JSON.parse(out || err) as Record<string, unknown> };
}

/** What comes of a login, and of the message of a session. */
async function login(name: string): Promise<string> {
  const client = await SmtpClient.connect({ port: scene.test.ports.implicit, implicitTls: true });
  await client.reply();
  await client.command('EHLO client.example');
  const { text } = await client.command(`AUTH PLAIN ${plain(`${name}@corp.example`, `pw-${name}`)}`);
  client.destroy();
  return text;
}

const letter = { from: 'alice@corp.example', to: 'x@one.example' };

/** Two workers, which must agree. */
void describe('an account that is suspended', () => {
  before(async () => {
    scene = await startScene({ nodes: 2 });
    scene.world.answer = (to) => (deferred.has(to) ? '450 4.2.1 Later' : undefined);
  });
  after(() => scene.stop());

  void it('stops at its next message, cannot log in, and nobody else notices', async () => {
    const client = await alice({ port: scene.test.ports.submission });
    assert.match((await send(client, letter)).text, /^250 /);
    assert.deepEqual((await command('suspend', 'alice@corp.example', '--because', 'phishing')).code, 0);
    assert.match(
      (await client.command('MAIL FROM:<alice@corp.example>')).text,
      /^421 4\.7\.1 Account may not/,
    );
    assert.ok(await client.closed());
    assert.match(await login('alice'), /^535 5\.7\.8 /);
    await eventWith(scene.test, { check: 'auth/login', detail: 'account-suspended' });
    assert.match(await login('bob'), /^235 /);
  });

  void it('is listed with its cause, and is suspended once', async () => {
    const { code, answer } = await command('suspended');
    const [only, ...more] = answer['suspended'] as Record<string, string>[];
    assert.deepEqual(
      [code, more.length, only?.['name'], only?.['cause']],
      [0, 0, 'alice@corp.example', 'by-hand'],
    );
    assert.match(only?.['detail'] ?? '', /^by \S+: phishing$/);
    assert.equal((await command('suspend', 'alice@corp.example')).code, 1);
    assert.equal((await command('suspend', 'nobody@corp.example')).code, 1);
  });

  void it('sends again when it is released, and only then', async () => {
    assert.equal((await command('release', 'bob@corp.example')).code, 1);
    assert.equal((await command('release', 'Alice@corp.example')).code, 0);
    assert.equal((await command('suspended')).code, 1);
    const client = await alice({ port: scene.test.ports.submission });
    assert.match((await send(client, letter)).text, /^250 /);
    client.destroy();
  });

  void it('is stopped in the middle of a message', async () => {
    const client = await alice({ port: scene.test.ports.submission });
    for (const line of ['MAIL FROM:<alice@corp.example>', 'RCPT TO:<x@one.example>', 'DATA'])
      await client.command(line);
    await command('suspend', 'alice@corp.example');
    client.write('From: alice@corp.example\r\nSubject: x\r\n\r\nx\r\n.\r\n');
    assert.match((await client.reply()).text, /^421 4\.7\.1 /);
    assert.ok(await client.closed());
    await command('release', 'alice@corp.example');
  });

  /** A message that the world defers, of an account that is suspended meanwhile. */
  async function heldMail(to: string): Promise<void> {
    deferred.add(to);
    await mail(scene.test, [to]);
    await eventually('a try', () => scene.queue().length === 1);
    await command('suspend', 'alice@corp.example');
    deferred.delete(to);
    await eventually('it to be held', () => scene.held().length === 1, 15_000);
    await eventually('an empty queue', () => scene.queue().length === 0);
    await eventWith(scene.test, {
      check: 'outbound/provenance',
      verdict: 'refuse',
      reason: 'account-suspended',
    });
  }

  void it('has its mail held, which --deliver lets leave as hers', async () => {
    await heldMail('later@one.example');
    const { answer } = await command('release', 'alice@corp.example', '--deliver');
    assert.deepEqual([answer['messages'], answer['what']], [1, 'released']);
    await eventually('the delivery', () => scene.world.count('later@one.example') > 0, 10_000);
    const event = await eventWith(scene.test, {
      check: 'outbound/provenance',
      verdict: 'pass',
      identity: 'alice@corp.example',
    });
    assert.equal(event.sender, 'alice@corp.example');
  });

  void it('has its mail dropped by --drop, what is held and what is in the queue still', async () => {
    await heldMail('held@one.example');
    deferred.add('queued@one.example');
    assert.equal((await command('release', 'alice@corp.example')).code, 0);
    await mail(scene.test, ['queued@one.example']);
    await eventually('a try', () => scene.queue().length === 1);
    await command('suspend', 'alice@corp.example');
    const { answer } = await command('release', 'alice@corp.example', '--drop');
    assert.deepEqual([answer['messages'], answer['what']], [1, 'dropped']);
    deferred.delete('queued@one.example');
    await eventually('an empty queue', () => scene.queue().length === 0, 15_000);
    await eventWith(scene.test, { check: 'outbound/provenance', reason: 'account-dropped' });
    assert.deepEqual(
      [scene.world.count('held@one.example'), scene.world.count('queued@one.example')],
      [0, 0],
    );
    assert.deepEqual(scene.held(), []);
    const client = await alice({ port: scene.test.ports.submission });
    assert.match((await send(client, { ...letter, to: 'after@one.example' })).text, /^250 /);
    await eventually('what she sends then', () => scene.world.count('after@one.example') === 1);
    client.destroy();
  });

  void it('is not let go where nobody can look', async () => {
    const folder = join(scene.test.dir, 'var/gatekeeper/suspended');
    renameSync(folder, `${folder}.away`);
    symlinkSync(folder, folder);
    await assert.rejects(alice({ port: scene.test.ports.submission }), /451 4\.3\.0/);
    rmSync(folder);
    renameSync(`${folder}.away`, folder);
    assert.match(await login('alice'), /^235 /);
  });
});

void describe('an account that looks taken over', () => {
  const notify = 'admin@corp.example';
  const suspension = {
    ...{ mode: 'enforce', recipients: 40, bounced_of: 10, networks: 3, notify: [notify] },
    new_recipients: 12,
  };
  before(async () => {
    scene = await startScene({
      nodes: 4,
      settings: {
        suspension: { ...suspension, exempt: ['lists@corp.example'] },
      },
    });
  });
  after(() => scene.stop());

  async function isSuspended(name: string, cause: string): Promise<void> {
    await eventWith(scene.test, {
      check: 'outbound/suspension',
      verdict: 'refuse',
      identity: `${name}@corp.example`,
    });
    const { answer } = await command('suspended');
    const found = (answer['suspended'] as { name: string; cause: string }[]).find((each) =>
      each.name.startsWith(`${name}@`),
    );
    assert.equal(found?.cause, cause);
  }

  /** Sends until it is stopped, or so many; how many were accepted. */
  async function attack(name: string, most: number): Promise<number> {
    const from = `${name}@corp.example`;
    let accepted = 0;
    const one = async (): Promise<void> => {
      const client = await loggedIn({ port: scene.test.ports.submission }, from, `pw-${name}`).catch(
        () => undefined,
      );
      while (client && accepted < most) {
        const { code } = await send(client, { from, to: `victim${accepted}@one.example` });
        if (code !== 250) return;
        accepted += 1;
      }
      client?.destroy();
    };
    await Promise.all(Array.from({ length: 8 }, one));
    return accepted;
  }

  void it('is stopped within its first 50 messages, and 20 sessions of others notice nothing', async () => {
    const others = Array.from({ length: 20 }, async () => {
      const client = await loggedIn({ port: scene.test.ports.submission }, 'bob@corp.example', 'pw-bob');
      const { text } = await send(client, { from: 'bob@corp.example', to: 'friend@two.example' });
      client.destroy();
      return text;
    });
    const accepted = await attack('alice', 200);
    assert.equal(accepted, 40);
    for (const text of await Promise.all(others)) assert.match(text, /^250 /);
    await isSuspended('alice', 'recipients-burst');
  });

  void it('is told of by mail, once', async () => {
    await eventually('the mail', () => scene.world.count(notify) > 0, 10_000);
    assert.equal(scene.world.count(notify), 1);
    const { from, lines = [] } = scene.world.taken.find(({ to }) => to.includes(notify)) ?? {};
    assert.equal(from, '');
    assert.ok(lines.includes('suspended: alice@corp.example'), lines.join('\n'));
    assert.ok(lines.includes('  gatekeeper release alice@corp.example --drop'));
  });

  void it('is suspended when much of its mail bounces', async () => {
    const client = await loggedIn({ port: scene.test.ports.submission }, 'carol@corp.example', 'pw-carol');
    for (let count = 0; count < 12; count += 1) {
      const to = count % 3 === 0 ? `refused${count}@one.example` : `fine${count}@one.example`;
      await send(client, { from: 'carol@corp.example', to });
    }
    client.destroy();
    await isSuspended('carol', 'bounces');
  });

  void it('is suspended when it logs in from many networks, and by no failed login', async () => {
    const from = (network: number, password: string) => loginFrom(`10.0.${network}.1`, 'dave', password);
    for (let network = 0; network < 8; network += 1)
      assert.match(await from(network, 'wrong'), /^(535|454) /);
    for (let network = 10; network < 13; network += 1) assert.match(await from(network, 'pw-dave'), /^235 /);
    assert.equal((await command('suspended')).answer['suspended']?.toString().includes('dave'), false);
    assert.match(await from(13, 'pw-dave'), /^235 /);
    await isSuspended('dave', 'many-networks');
    assert.match(await from(10, 'pw-dave'), /^535 /);
  });

  void it('is suspended when it writes to many that are new, when it was seen for two weeks', async () => {
    const friends = Array.from({ length: 8 }, (_, at) => `friend${at}@one.example`);
    await seenBefore(scene.test, 'scanner', friends);
    const clients = await Promise.all(friends.map(scanner));
    const accepted: string[] = [];
    let next = 0;
    const more = () => Array.from({ length: 5 }, () => `new${(next += 1)}@one.example`);
    await Promise.all(
      clients.map(async (client, at) => {
        for (const to of [`FRIEND${at}@One.Example`, ...more()]) {
          if ((await send(client, { from: 'scanner@corp.example', to })).code !== 250) return;
          accepted.push(to);
        }
      }),
    );
    assert.equal(accepted.filter((to) => to.startsWith('new')).length, 12);
    await isSuspended('scanner', 'new-recipients');
    const { answer } = await command('suspended');
    assert.match(
      JSON.stringify(answer),
      /"1[3-9] recipients that it never wrote to before within 60 min, more than 12"/,
    );
    const known = await knownTo(
      scene.test,
      'scanner',
      Array.from({ length: next }, (_, at) => `new${at + 1}@one.example`),
    );
    assert.deepEqual(known, accepted.filter((to) => to.startsWith('new')).sort(), 'nobody who was refused');
  });

  void it('begins anew when it is released, and learns anew when it is forgotten to whom it wrote', async () => {
    assert.equal((await command('release', 'scanner@corp.example')).code, 0);
    const client = await scanner();
    const letter = { from: 'scanner@corp.example', to: 'newer@one.example' };
    assert.equal((await send(client, letter)).code, 250);
    client.destroy();
    assert.deepEqual(await knownTo(scene.test, 'scanner', ['newer@one.example', 'friend1@one.example']), [
      'friend1@one.example',
      'newer@one.example',
    ]);
    const { code, answer } = await command('forget', 'scanner@corp.example', '--recipients');
    assert.deepEqual([code, answer['recipients']], [0, true]);
    assert.deepEqual(await knownTo(scene.test, 'scanner', ['newer@one.example', 'friend1@one.example']), []);
    assert.ok((await attack('scanner', 20)) >= 20);
  });

  void it('is not suspended where it is exempt', async () => {
    assert.ok((await attack('lists', 60)) >= 60);
  });
});

const scanner = () => loggedIn({ port: scene.test.ports.submission }, 'scanner@corp.example', 'pw-scanner');

async function loginFrom(address: string, name: string, password: string): Promise<string> {
  const client = await connectAs(address, { port: scene.test.ports.submission });
  await client.reply();
  await client.command('EHLO client.example');
  await client.command('STARTTLS');
  await client.upgrade();
  await client.command('EHLO client.example');
  const { text } = await client.command(`AUTH PLAIN ${plain(`${name}@corp.example`, password)}`);
  client.destroy();
  return text;
}
