import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { oauthbearer, token, xoauth2 } from '../support/oauth.ts';
import { decode } from '../support/scram.ts';
import { plain } from '../support/smtp.ts';
import { alice, greet, issuerScene, login } from './oauth-scene.ts';

const scene = issuerScene();

void describe('an exchange with a token', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      settings: { oauth: scene.oauth(), auth: { failure_delay_seconds: 0.05, max_failures: 100 } },
      config: scene.config(),
    });
  });
  after(() => gateway.stop());

  const lines = [
    '',
    'AQ==',
    '*',
    '=',
    '!!!!',
    'QUIT',
    `AUTH PLAIN ${plain(alice, 'pw-alice')}`,
    'x'.repeat(12_288),
    'x'.repeat(12_289),
  ];
  for (const line of lines) {
    void it(`end a failure with 535 whatever the client answers: ${line.slice(0, 20)}`, async () => {
      const { client } = await greet(gateway);
      const text = await token(scene.key, { claims: { aud: 'webmail' } });
      const failed = await client.command(`AUTH XOAUTH2 ${xoauth2(text, alice)}`);
      assert.deepEqual(JSON.parse(decode(failed.lines[0] ?? '')), {
        ...{ status: '401', schemes: 'bearer', scope: 'smtp.send' },
      });
      assert.equal((await client.command(line)).code, 535);
      assert.equal((await client.command('NOOP')).code, 250);
      assert.equal((await client.command(`AUTH PLAIN ${plain(alice, 'pw-alice')}`)).code, 235);
      client.destroy();
    });
  }

  void it('answer what a client sends at once, each line in its place', async () => {
    const { client } = await greet(gateway);
    const text = await token(scene.key, { claims: { aud: 'webmail' } });
    client.write(`AUTH XOAUTH2 ${xoauth2(text, alice)}\r\n\r\nMAIL FROM:<${alice}>\r\nNOOP\r\n`);
    const codes: number[] = [];
    for (let each = 0; each < 4; each += 1) codes.push((await client.reply()).code);
    assert.deepEqual(codes, [334, 535, 530, 250]);
    client.destroy();
  });

  void it('are out of sequence after a login', async () => {
    const { client } = await greet(gateway);
    const text = oauthbearer(await token(scene.key));
    assert.equal((await client.command(`AUTH OAUTHBEARER ${text}`)).code, 235);
    assert.equal((await client.command(`AUTH OAUTHBEARER ${text}`)).code, 503);
    client.destroy();
  });

  void it('answer 501 for what is no message', async () => {
    const { client } = await greet(gateway);
    const text = await token(scene.key);
    for (const line of [`n,,\x01auth=Bearer ${text}\x01`, `auth=Bearer ${text}`, '\x01']) {
      const encoded = Buffer.from(line).toString('base64');
      assert.equal((await client.command(`AUTH OAUTHBEARER ${encoded}`)).code, 501);
    }
    assert.equal((await client.command('AUTH XOAUTH2 *')).code, 501);
    client.destroy();
  });

  void it('outlive clients that leave, before and after the failure', async () => {
    const good = oauthbearer(await token(scene.key));
    const wrong = oauthbearer(await token(scene.key, { claims: { aud: 'webmail' } }));
    for (const text of [good, wrong]) {
      const { client } = await greet(gateway);
      client.write(`AUTH OAUTHBEARER ${text}\r\n`);
      client.destroy();
    }
    const { client } = await greet(gateway);
    assert.equal((await client.command(`AUTH OAUTHBEARER ${wrong}`)).code, 334);
    client.destroy();
    assert.match(await login(gateway, await token(scene.key)), /^235 /);
  });
});
