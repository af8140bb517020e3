import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { accepts, alice, greeted, send, workersIn } from './traffic.ts';

/** The tests share one gateway and run in this order: the settings are broken by the third. */
void describe('a gateway of two workers', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ nodes: 2 });
  });
  after(() => gateway.stop());

  const living = () => workersIn(gateway.log()).filter(isAlive);

  async function killWorkers(): Promise<void> {
    const before = workersIn(gateway.log()).length;
    for (const pid of living()) process.kill(pid, 'SIGKILL');
    await eventually('two new workers', () => workersIn(gateway.log()).length >= before + 2, 60_000);
    await untilItServes(gateway);
    const forks = workersIn(gateway.log()).length - before;
    assert.ok(forks <= 3, `${forks} workers were forked: they die again and again`);
  }

  void it('delivers the mail of four sessions at once', async () => {
    const replies = await Promise.all(
      [1, 2, 3, 4].map(async (number) => {
        const client = await alice({ port: gateway.ports.submission });
        const reply = await send(client, {
          from: 'alice@corp.example',
          to: `basic-${number}@partner.example`,
        });
        client.destroy();
        return reply.code;
      }),
    );
    assert.deepEqual(replies, [250, 250, 250, 250]);
    await eventually('four messages', () => countOf(gateway, 'basic-') === 4);
    assert.equal(living().length, 2);
  });

  void it('survives the death of its workers in the middle of a message, which is not delivered', async () => {
    const accepted = await alice({ port: gateway.ports.submission });
    const done = await send(accepted, { from: 'alice@corp.example', to: 'before-kill@partner.example' });
    assert.equal(done.code, 250);
    const client = await alice({ port: gateway.ports.submission });
    for (const line of ['MAIL FROM:<alice@corp.example>', 'RCPT TO:<in-kill@partner.example>', 'DATA']) {
      await client.command(line);
    }
    client.write('From: alice@corp.example\r\n\r\nhalf a mess');
    await killWorkers();
    assert.ok(await client.closed(), 'the session outlives its worker');
    const next = await alice({ port: gateway.ports.submission });
    const reply = await send(next, { from: 'alice@corp.example', to: 'after-kill@partner.example' });
    assert.equal(reply.code, 250, reply.text);
    // A message that was on its way when its worker died may arrive twice (RFC 5321 §6.1), but must arrive.
    await eventually('the message after', () => countOf(gateway, 'after-kill') === 1, 60_000);
    await eventually('the message before', () => countOf(gateway, 'before-kill') >= 1, 60_000);
    assert.equal(countOf(gateway, 'in-kill'), 0);
    const accepting = () =>
      gateway
        .events()
        .filter(({ sender, check }) => sender === 'alice@corp.example' && check === 'outbound/queue');
    await eventually('an event for each accepted message', () => accepting().length >= 6);
    assert.equal(accepting().length, 6);
  });

  void it('serves on with the settings of the start when they are broken and the workers die, and says so', async () => {
    writeFileSync(join(gateway.dir, 'config/gatekeeper.yaml'), 'sender:\n  mode: [broken\n');
    await killWorkers();
    const client = await alice({ port: gateway.ports.submission });
    const refused = await client.command('MAIL FROM:<bob@corp.example>');
    assert.match(refused.text, /^553 5\.7\.1 /);
    const reply = await send(client, { from: 'alice@corp.example', to: 'old-settings@partner.example' });
    assert.equal(reply.code, 250, reply.text);
    await eventually('a word about the mistake', () =>
      /settings: .*gatekeeper\.yaml:\d+:\d+: [^]*settings: the new ones are refused/.test(gateway.log()),
    );
    const revisions = new Set(gateway.events().map(({ revision }) => revision));
    assert.equal(revisions.size, 1, 'the settings are the same as before');
  });

  void it('serves on when the password file of the directory is broken and the workers die', async () => {
    const password = join(gateway.dir, 'config/ldap.password');
    chmodSync(password, 0o644);
    try {
      await killWorkers();
    } finally {
      chmodSync(password, 0o600);
    }
    const client = await alice({ port: gateway.ports.submission });
    const reply = await send(client, { from: 'alice@corp.example', to: 'old-secret@partner.example' });
    assert.equal(reply.code, 250, reply.text);
  });
});

function countOf(gateway: TestGateway, start: string): number {
  return gateway.delivered().filter(({ envelope }) => envelope.to.some((each) => each.startsWith(start)))
    .length;
}

async function untilItServes({ ports }: TestGateway): Promise<void> {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    const isUp =
      (await accepts(ports.submission)) && (await greeted({ port: ports.submission }).catch(() => undefined));
    if (isUp) {
      isUp.destroy();
      return;
    }
    await delay(50);
  }
  throw new Error('the gateway does not serve');
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
