import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { plain, type SmtpClient } from '../support/smtp.ts';
import {
  greetWith,
  removeCertificates,
  startCertificateScene,
  type CertificateScene,
} from './certificate-scene.ts';
import { plugin } from './other-haraka.ts';
import { send } from './traffic.ts';

const auth = (password = 'pw-alice') => `AUTH PLAIN ${plain('alice@corp.example', password)}`;

/** Has the checks of own-checks.js at a stage do something, until the end of a test. */
function moodOf(dir: () => string) {
  const file = (stage: string) => join(dir(), `mood-${stage}`);
  return {
    set: (stage: string, how: string) => writeFileSync(file(stage), how),
    clear: (stage: string) => rmSync(file(stage), { force: true }),
  };
}

void describe('a login that a check of others refuses', () => {
  let test: TestGateway;
  before(async () => {
    test = await startTestGateway({
      last: [plugin('own-checks')],
      settings: {
        limits: { sessions: 1 },
        guessing: { account_failures: 2, network_failures: 10_000 },
        auth: { failure_delay_seconds: 0.05, max_failures: 10 },
      },
    });
  });
  after(() => test.stop());

  const mood = moodOf(() => test.dir);
  afterEach(() => mood.clear('auth'));
  const greet = (port: 'submission' | 'mx' = 'submission') => greetWith(undefined, test.ports[port]);

  void it('takes no seat: sessions that it leaves open are in the way of nobody', async () => {
    mood.set('auth', 'refuses');
    const open: SmtpClient[] = [];
    for (let number = 0; number < 3; number += 1) {
      const client = await greet();
      assert.match((await client.command(auth())).text, /^553 5\.7\.1 Not today \(\S+ own\/auth\)/);
      open.push(client);
    }
    mood.clear('auth');
    const client = await greet();
    assert.match((await client.command(auth())).text, /^235 /);
    const second = await greet();
    assert.match((await second.command(auth())).text, /^421 4\.7\.0 Too many sessions/, 'seats are counted');
    for (const each of [...open, client, second]) each.destroy();
  });

  void it('lets nobody in', async () => {
    mood.set('auth', 'refuses');
    for (const port of ['submission', 'mx'] as const) {
      const client = await greet(port);
      assert.match((await client.command(auth())).text, /^553 /);
      const { text } = await send(client, { from: 'alice@corp.example', to: 'friend@partner.example' });
      assert.match(text, port === 'submission' ? /^530 5\.7\.0 / : /^55[03] /);
      client.destroy();
    }
    assert.deepEqual(test.delivered(), []);
  });

  void it('is no failed password, and may be tried again in the same session', async () => {
    mood.set('auth', 'defers');
    const client = await greet();
    for (let number = 0; number < 6; number += 1) {
      assert.match((await client.command(auth())).text, /^450 4\.7\.1 Not yet \(\S+ own\/auth\)/);
    }
    mood.clear('auth');
    assert.match((await client.command(auth())).text, /^235 /);
    client.destroy();
  });

  void it('is never of a wrong password, and no password is told', async () => {
    mood.set('auth', 'refuses');
    const client = await greet();
    assert.match((await client.command(auth('wrong'))).text, /^535 5\.7\.8 /);
    client.destroy();
    const facts = readFileSync(join(test.dir, 'facts'), 'utf8');
    assert.doesNotMatch(facts, /pw-alice|wrong/);
  });
});

void describe('a certificate that counts without AUTH, and checks of others', () => {
  let scene: CertificateScene;
  before(async () => {
    scene = await startCertificateScene({
      certificates: { implicit: 'all' },
      last: [plugin('own-checks')],
      more: { spf: { mode: 'observe' }, sender: { unproven_author: 'observe' } },
    });
  });
  after(async () => {
    await scene.stop();
    removeCertificates();
  });

  const mood = moodOf(() => scene.gateway.dir);
  afterEach(() => mood.clear('auth'));
  const letter = { from: 'app@corp.example', to: 'friend@partner.example' };

  for (const port of ['submission', 'mx'] as const) {
    void it(`at ${port}: is asked for at MAIL, by each message`, async () => {
      const client = await greetWith('app', scene.gateway.ports[port]);
      assert.match((await send(client, letter)).text, /^250 /);
      mood.set('auth', 'refuses');
      assert.match(
        (await client.command('MAIL FROM:<app@corp.example>')).text,
        /^553 5\.7\.1 Not today \(\S+ own\/auth\) Try tomorrow\./,
      );
      mood.set('auth', 'throws');
      assert.match(
        (await client.command('MAIL FROM:<app@corp.example>')).text,
        /^451 4\.3\.0 .* own\/auth\)/,
      );
      mood.clear('auth');
      assert.match((await send(client, letter)).text, /^250 /);
      client.destroy();
    });
  }

  void it('is told who it would be, and of no login', () => {
    const told = readFileSync(join(scene.gateway.dir, 'facts'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { stage: string; facts: Record<string, unknown> })
      .findLast(({ stage }) => stage === 'auth')?.facts;
    assert.ok(told);
    const { identity, login, mechanism } = told as Record<string, { name?: string; credential?: string }>;
    assert.equal(identity?.name, 'app@corp.example');
    assert.match(identity.credential ?? '', /^certificate:/);
    assert.deepEqual([login, mechanism], [undefined, undefined]);
  });
});
