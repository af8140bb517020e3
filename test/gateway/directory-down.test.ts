import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startDirectory } from '../../scripts/demo/directory.ts';
import { entries } from '../../scripts/demo/people.ts';
import { answer, startFakeLdap } from '../support/fake-ldap.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { freePorts } from '../support/ports.ts';
import { plain } from '../support/smtp.ts';
import { greeted, send } from './traffic.ts';

const login = `AUTH PLAIN ${plain('alice@corp.example', 'pw-alice')}`;

void describe('a directory that is down when the gateway starts', () => {
  let gateway: TestGateway;
  let port: number;
  before(async () => {
    [port] = await freePorts(1);
    gateway = await startTestGateway({ directoryUrl: `ldap://127.0.0.1:${port}` });
  });
  after(() => gateway.stop());

  void it('is told in the log before anybody logs in', async () => {
    await eventually('the complaint', () =>
      gateway.log().includes(`127.0.0.1:${port}: connect ECONNREFUSED`),
    );
  });

  void it('is told in the log at most once a minute; logins are answered 454 until it is there', async () => {
    const client = await greeted({ port: gateway.ports.implicit, implicitTls: true });
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const reply = await client.command(login);
      assert.match(reply.text, /^454 4\.7\.0 Temporary authentication failure \(.* auth\/login\) See/);
      await delay(150);
    }
    const complaints = gateway
      .log()
      .split('\n')
      .filter((line) => line.includes(`127.0.0.1:${port}`) && !line.includes('ref='));
    assert.equal(complaints.length, 1, `complaints:\n${complaints.join('\n')}`);

    const directory = await startDirectory({ port, entries: entries() });
    try {
      const accepted = await untilAccepted(() => client.command(login), 15_000);
      assert.equal(accepted, true, 'the directory is up and logins do not work');
      const reply = await send(client, { from: 'alice@corp.example', to: 'down@partner.example' });
      assert.equal(reply.code, 250, reply.text);
    } finally {
      await directory.stop();
    }
  });
});

void describe('a directory that is slow', () => {
  void it('lets a client that leaves while its login is pending leave no identity and no event behind', async () => {
    const slow = await startFakeLdap({
      bind: ({ id, socket }) => {
        setTimeout(() => socket.write(answer.bind(id, 0)), 400);
        return undefined;
      },
    });
    const gateway = await startTestGateway({ directoryUrl: slow.url });
    try {
      const client = await greeted({ port: gateway.ports.implicit, implicitTls: true });
      client.write(`${login}\r\n`);
      await delay(150);
      client.destroy();
      await delay(700);
      assert.deepEqual(
        gateway.events().filter(({ check }) => check === 'auth/login'),
        [],
      );
      const next = await greeted({ port: gateway.ports.implicit, implicitTls: true });
      assert.equal((await next.command('MAIL FROM:<alice@corp.example>')).code, 530);
      assert.equal((await next.command(login)).code, 235);
    } finally {
      await gateway.stop();
      await slow.close();
    }
  });
});

async function untilAccepted(attempt: () => Promise<{ code: number }>, ms: number): Promise<boolean> {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if ((await attempt()).code === 235) return true;
    await delay(200);
  }
  return false;
}
