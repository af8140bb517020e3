import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { audience, issuer, issuerKey, oauthbearer, token } from '../support/oauth.ts';
import { alice, greet, issuerScene, login } from './oauth-scene.ts';
import { inForce, Operator, refused } from './operator.ts';

const scene = issuerScene();

void describe('an issuer that fails', () => {
  let gateway: TestGateway;
  let operator: Operator;
  before(async () => {
    gateway = await startTestGateway({
      settings: { oauth: scene.oauth('/missing'), auth: { failure_delay_seconds: 0.05 } },
      config: scene.config(),
    });
    operator = new Operator(gateway);
  });
  after(() => gateway.stop());

  void it('is told in the log before anybody logs in', async () => {
    // While all processes start, the answer may come too late.
    const complaint = `oauth: ${scene.server.url('/missing')}: `;
    const texts = ['HTTP 404', 'no whole answer within 0.5 s'].map((why) => `${complaint}${why}`);
    await eventually('the complaint', () => texts.some((each) => gateway.log().includes(each)));
  });

  const ways = [
    { path: '/hang', says: 'no whole answer within 0.5 s' },
    { path: '/drip', says: 'no whole answer within 0.5 s' },
    { path: '/huge', says: 'the answer has more than 256 KiB' },
    { path: '/endless', says: 'the answer has more than 256 KiB' },
    { path: '/torn', says: 'aborted' },
    { path: '/redirect', says: 'HTTP 302: redirections are not followed' },
    { path: '/garbage', says: 'this is no JSON' },
    { path: '/no-set', says: 'this is no JWK Set (RFC 7517): it has no list of keys' },
    { path: '/none', says: 'there is no public key in it' },
    { path: '/broken', says: 'HTTP 500' },
  ];
  for (const { path, says } of ways) {
    void it(`makes logins wait and refuses none: ${path}`, async () => {
      const url = scene.server.url(path);
      await operator.and(() => operator.write({ oauth: scene.oauth(path) }), inForce);
      const began = performance.now();
      for (const text of [
        await token(scene.key),
        'garbage.of.somebody',
        await token(scene.key, { claims: { exp: 1 } }),
      ]) {
        assert.match(
          await login(gateway, text, alice),
          text.startsWith('garbage') ? /^535/ : /^454 4\.7\.0 Temporary authentication failure \(/,
        );
      }
      assert.ok(performance.now() - began < 3000, 'once it has failed, nobody waits');
      const event = await eventually('the event', () =>
        gateway.events().find(({ detail }) => detail === `oauth: ${url}: ${says}`),
      );
      assert.equal(event.reason, 'issuer-unavailable');
    });
  }

  void it('of whose certificate nobody knows anything is none', async () => {
    const { ca_file: _none, ...oauth } = scene.oauth();
    await operator.and(() => operator.write({ oauth }), inForce);
    assert.match(await login(gateway, await token(scene.key)), /^454 /);
    await eventually('the event', () =>
      gateway.events().some(({ detail }) => /^oauth: \S+: (?:unable to|self-signed)/.test(detail ?? '')),
    );
  });

  void it('is used again within seconds once it is there, and not missed when it goes', async () => {
    await operator.and(() => operator.write({ oauth: scene.oauth() }), inForce);
    await scene.server.stop();
    await operator.and(() => operator.write({ oauth: { ...scene.oauth(), stale_seconds: 60 } }), inForce);
    const text = await token(scene.key);
    assert.match(await login(gateway, text), /^454 /);
    await scene.server.start();
    const end = Date.now() + 15_000;
    let came = '';
    while (Date.now() < end && !came.startsWith('235')) {
      await delay(300);
      came = await login(gateway, text);
      assert.match(came, /^(?:454|235) /);
    }
    assert.match(came, /^235 /);
    await scene.server.stop();
    assert.match(await login(gateway, text), /^235 /);
    await operator.and(
      () => operator.write({ oauth: { ...scene.oauth(), stale_seconds: 60 }, help_text: 'x' }),
      inForce,
    );
    assert.match(await login(gateway, text), /^235 /, 'another change of the settings leaves the keys');
    await scene.server.start();
  });

  void it('may leave its keys in a file, which is watched', async () => {
    const two = await issuerKey('two');
    const file = operator.file('keys.json');
    const write = (text: string) => writeFileSync(file, text);
    write(JSON.stringify({ keys: [scene.key.publicJwk] }));
    const oauth = { issuer, audience, jwks_file: 'keys.json' };
    await operator.and(() => operator.write({ oauth }), inForce);
    assert.match(await login(gateway, await token(scene.key)), /^235 /);
    assert.match(await login(gateway, await token(two)), /^535 /);
    await operator.and(() => write('{'), refused);
    assert.match(gateway.log(), /settings: \S+keys\.json: this is no JSON/);
    assert.match(await login(gateway, await token(scene.key)), /^235 /);
    await operator.and(() => write(JSON.stringify({ keys: [two.publicJwk] })), inForce);
    assert.match(await login(gateway, await token(two)), /^235 /);
    assert.match(await login(gateway, await token(scene.key)), /^535 /);
  });

  void it('is gone when the settings name it no more', async () => {
    const before = await greet(gateway);
    assert.match(before.offer ?? '', /OAUTHBEARER/);
    before.client.destroy();
    await operator.and(() => operator.write({ oauth: undefined }), inForce);
    const { client, offer } = await greet(gateway);
    assert.equal(offer, 'AUTH PLAIN LOGIN');
    assert.equal((await client.command(`AUTH OAUTHBEARER ${oauthbearer(await token(scene.key))}`)).code, 504);
    client.destroy();
  });
});
