import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { exportSPKI, importJWK, SignJWT, type CryptoKey } from 'jose';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries } from '../../scripts/demo/people.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { goodClaims, issuer, issuerKey, oauthbearer, token, unsigned, xoauth2 } from '../support/oauth.ts';
import { decode } from '../support/scram.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { SmtpClient } from '../support/smtp.ts';
import { alice, greet, issuerScene, login } from './oauth-scene.ts';

const scene = issuerScene();
const now = Math.floor(Date.now() / 1000);

void describe('tokens through a gateway and slapd', () => {
  let slapd: Slapd;
  let gateway: TestGateway;
  /** All that no log may show. */
  const shown: string[] = [];
  before(async () => {
    slapd = await startSlapd({ ldif: ldif(entries()) });
    gateway = await startTestGateway({
      directoryUrl: slapd.url,
      settings: { oauth: scene.oauth(), auth: { failure_delay_seconds: 0.05, max_failures: 100 } },
      config: scene.config(),
      logLevel: 'data',
    });
  });
  after(async () => {
    await gateway.stop();
    await slapd.stop();
  });

  const showing = async (made: string | Promise<string>): Promise<string> => {
    const text = await made;
    shown.push(
      ...text
        .split('.')
        .slice(1)
        .filter((part) => part.length > 20),
    );
    return text;
  };
  const eventOf = (session: string) =>
    eventually('the event', () =>
      gateway
        .events()
        .find(({ connection, check }) => connection?.startsWith(session) && check === 'auth/login'),
    );

  const messages = { OAUTHBEARER: oauthbearer, XOAUTH2: xoauth2 };
  for (const mechanism of ['OAUTHBEARER', 'XOAUTH2'] as const) {
    void it(`let alice in by ${mechanism}, and give her her rights and no others`, async () => {
      const { client, session, offer } = await greet(gateway);
      assert.equal(offer, 'AUTH OAUTHBEARER XOAUTH2 PLAIN LOGIN');
      const text = messages[mechanism](await showing(token(scene.key)), alice);
      shown.push(text);
      assert.match((await client.command(`AUTH ${mechanism} ${text}`)).text, /^235 2\.7\.0 /);
      assert.equal((await client.command('MAIL FROM:<bob@corp.example>')).code, 553);
      assert.equal((await client.command('MAIL FROM:<alice.smith@corp.example>')).code, 250);
      const { verdict, mechanism: by, login: called, identity, identity_id: dn } = await eventOf(session);
      assert.deepEqual(
        { verdict, by, called, identity },
        { verdict: 'pass', by: mechanism, called: alice, identity: alice },
      );
      assert.match(dn ?? '', /^uid=alice,/);
      client.destroy();
    });

    void it(`let alice in by ${mechanism} without initial response, on the port of STARTTLS`, async () => {
      const client = await SmtpClient.connect({ port: gateway.ports.submission });
      await client.reply();
      const clear = await client.command('EHLO client.example');
      assert.doesNotMatch(clear.text, /AUTH/);
      const text = messages[mechanism](await showing(token(scene.key)), alice);
      assert.match((await client.command(`AUTH ${mechanism} ${text}`)).text, /^538 5\.7\.11 /);
      await client.command('STARTTLS');
      await client.upgrade();
      await client.command('EHLO client.example');
      assert.equal((await client.command(`AUTH ${mechanism}`)).text, '334 ');
      assert.equal((await client.command(text)).code, 235);
      client.destroy();
    });
  }

  const accepted = [
    { it: 'who names nobody', user: undefined },
    { it: 'who names the login', user: alice },
    { it: 'who names another address of the account', user: 'Alice.Smith@Corp.Example' },
    { it: 'who names an address with a domain in letters of its own', user: 'alice@bücher.example' },
  ];
  for (const { it: title, user } of accepted) {
    void it(`let alice in ${title}`, async () => {
      assert.match(await login(gateway, await showing(token(scene.key)), user), /^235 /);
    });
  }

  const stranger = issuerKey('one', 'RS256');
  const bad: readonly {
    readonly it: string;
    readonly make: () => Promise<string>;
    readonly user?: string;
    readonly detail: string | RegExp;
  }[] = [
    {
      it: 'a token that somebody else has signed',
      make: async () => token(await stranger),
      detail: 'token-invalid: its signature is wrong',
    },
    {
      it: 'a token of another issuer',
      make: () => token(scene.key, { claims: { iss: 'https://evil.example' } }),
      detail: 'token-invalid: iss is "https://evil.example"',
    },
    {
      it: 'a token for somebody else',
      make: () => token(scene.key, { claims: { aud: 'webmail' } }),
      detail: 'token-invalid: aud is "webmail"',
    },
    {
      it: 'a token that nobody has signed',
      make: () => Promise.resolve(unsigned({ alg: 'none' }, goodClaims())),
      detail: 'token-invalid: it is signed by none of oauth.algorithms',
    },
    {
      it: 'a token signed by what everybody knows',
      make: () => byPublicKey(),
      detail: 'token-invalid: it is signed by none of oauth.algorithms',
    },
    {
      it: 'a token that is no JWT',
      make: () => Promise.resolve('ya29.opaque-token-of-somebody'),
      detail: 'token-invalid: it is no signed JWT that can be read',
    },
    {
      it: 'a token that expired',
      make: () => token(scene.key, { claims: { exp: now - 3600 } }),
      detail: `token-expired: since ${new Date((now - 3600) * 1000).toISOString()}`,
    },
    {
      it: 'a token from tomorrow',
      make: () => token(scene.key, { claims: { nbf: now + 86_400 } }),
      detail: /^token-invalid: it counts from \S+Z on$/,
    },
    {
      it: 'a token without scope',
      make: () => token(scene.key, { claims: { scope: 'openid' } }),
      detail: 'token-scope: it lacks "smtp.send"',
    },
    {
      it: 'a token without login',
      make: () => token(scene.key, { claims: { email: undefined } }),
      detail: 'token-without-login: email is missing',
    },
    {
      it: 'a token of nobody',
      make: () => token(scene.key, { claims: { email: 'nobody@corp.example' } }),
      detail: 'no-such-account',
    },
    {
      it: 'a token with a filter in it',
      make: () => token(scene.key, { claims: { email: '*' } }),
      detail: 'no-such-account',
    },
    {
      it: 'a token with a line end in it',
      make: () => token(scene.key, { claims: { email: `${alice}\r\n` } }),
      detail: 'malformed-login',
    },
    {
      it: 'a token of a disabled account',
      make: () => token(scene.key, { claims: { email: 'retired@corp.example' } }),
      detail: 'account-disabled',
    },
    {
      it: 'alice who wants to be bob',
      make: () => token(scene.key),
      user: 'bob@corp.example',
      detail: 'foreign-authzid: "bob@corp.example"',
    },
    {
      it: 'alice who wants to be nobody',
      make: () => token(scene.key),
      user: '*',
      detail: 'foreign-authzid: "*"',
    },
    {
      it: 'alice with a sub-address, which is not hers to log in by',
      make: () => token(scene.key),
      user: 'alice+x@corp.example',
      detail: 'foreign-authzid: "alice+x@corp.example"',
    },
  ];

  async function byPublicKey(): Promise<string> {
    const publicKey = (await importJWK(scene.key.publicJwk, 'RS256', { extractable: true })) as CryptoKey;
    const secret = Buffer.from(await exportSPKI(publicKey));
    return new SignJWT({ ...goodClaims() }).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret);
  }

  for (const { it: title, make, user, detail } of bad) {
    void it(`refuse ${title}, with the one text of all, and say why in the event`, async () => {
      const { client, session } = await greet(gateway);
      const text = await showing(make());
      const failed = await client.command(`AUTH OAUTHBEARER ${oauthbearer(text, user)}`);
      assert.equal(failed.code, 334);
      assert.deepEqual(JSON.parse(decode(failed.lines[0] ?? '')), {
        status: 'invalid_token',
        scope: 'smtp.send',
        'openid-configuration': `${issuer}/.well-known/openid-configuration`,
      });
      // It is on record although the client has not heard of it.
      const event = await eventOf(session);
      assert.equal(event.reason, 'bad-credentials');
      if (typeof detail === 'string') assert.equal(event.detail, detail);
      else assert.match(event.detail ?? '', detail);
      const reply = await client.command('AQ==');
      assert.match(reply.text, /^535 5\.7\.8 Authentication credentials invalid \(\S+ auth\/login\) See /);
      assert.equal(event.reply, reply.text);
      assert.equal((await client.command(`MAIL FROM:<${alice}>`)).code, 530);
      client.destroy();
    });
  }

  void it('tell in one line of the log why', () => {
    assert.match(
      gateway.log(),
      /\[NOTICE\].* refuse ref="\S+ auth\/login" check="auth\/login" reason="bad-credentials" identity="-" client="127\.0\.0\.1" value="token-expired: since \S+Z" reply="535 5\.7\.8 /,
    );
  });

  void it('log in by keys that are new, and no more by those that are gone', async () => {
    const two = await issuerKey('two', 'ES256');
    scene.server.keys = [two];
    const until = async (text: string, code: string) => {
      for (const end = Date.now() + 15_000; Date.now() < end;) {
        if ((await login(gateway, text)).startsWith(code)) return;
        await delay(300);
      }
      assert.fail(`never ${code}`);
    };
    await until(await showing(token(two)), '235');
    assert.match(await login(gateway, await showing(token(scene.key))), /^535 /);
    scene.server.keys = [scene.key, two];
    await until(await showing(token(scene.key)), '235');
  });

  void it('stand in no log and in no event', () => {
    const [log, events] = [gateway.log(), JSON.stringify(gateway.events())];
    assert.match(log, /\[PROTOCOL\].* C: AUTH \[redacted\]/);
    assert.ok(shown.length > 40);
    for (const part of shown) {
      assert.ok(!log.includes(part), 'a token is in the log');
      assert.ok(
        !log.includes(Buffer.from(part).toString('base64').slice(4, -4)),
        'a token is in the log, in base64',
      );
      assert.ok(!events.includes(part), 'a token is in an event');
    }
  });
});
