import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { token, xoauth2 } from '../support/oauth.ts';
import { connectAs, plain, type SmtpClient, type SmtpReply } from '../support/smtp.ts';
import { alice, issuerScene } from './oauth-scene.ts';

const scene = issuerScene();
const now = Math.floor(Date.now() / 1000);

void describe('tokens and guessing', () => {
  let gateway: TestGateway;
  before(async () => {
    const oauth = { ...scene.oauth(), clock_tolerance_seconds: 0 };
    gateway = await startTestGateway({
      settings: {
        ...{ oauth, auth: { failure_delay_seconds: 0.02 } },
        guessing: { account_failures: 5, network_failures: 5, longest_delay_seconds: 0 },
      },
      config: scene.config(),
      nodes: 2,
    });
  });
  after(() => gateway.stop());

  const session = async (address: string): Promise<SmtpClient> => {
    const client = await connectAs(address, { port: gateway.ports.submission });
    await client.reply();
    await client.command('EHLO client.example');
    await client.command('STARTTLS');
    await client.upgrade();
    await client.command('EHLO client.example');
    return client;
  };
  const from = async (address: string, line: string): Promise<string> => {
    const client = await session(address);
    const reply = await client.command(line);
    const last = reply.code === 334 ? await client.command('') : reply;
    client.destroy();
    return last.text.slice(0, 30);
  };
  const bearing = async (claims: object = {}) =>
    `AUTH XOAUTH2 ${xoauth2(await token(scene.key, { claims: { ...claims } }), alice)}`;
  const office = '203.0.113.5';

  const harmless = [
    { it: 'that expired', claims: { exp: now - 60 } },
    { it: 'for somebody else', claims: { aud: 'webmail' } },
    { it: 'of nobody', claims: { email: 'nobody@corp.example' } },
    { it: 'of a disabled account', claims: { email: 'retired@corp.example' } },
    { it: 'of somebody else than is named', claims: { email: 'bob@corp.example' } },
  ];
  for (const { it: title, claims } of harmless) {
    void it(`lock nobody out ${title}`, async () => {
      const line = await bearing(claims);
      const all = await Promise.all(Array.from({ length: 30 }, () => from(office, line)));
      assert.ok(
        all.every((text) => text.startsWith('535 5.7.8')),
        String(all),
      );
      for (const who of ['alice', 'bob', 'carol', 'dave']) {
        assert.match(
          await from(office, `AUTH PLAIN ${plain(`${who}@corp.example`, `pw-${who}`)}`),
          /^235/,
          who,
        );
      }
      assert.match(await from('198.51.100.9', await bearing()), /^235/);
    });
  }

  void it('close a connection that shows too many', async () => {
    const client = await session(office);
    const line = await bearing({ exp: now - 60 });
    const codes: number[] = [];
    const say = async (text: string): Promise<SmtpReply> => {
      const reply = await client.command(text);
      codes.push(reply.code);
      return reply;
    };
    for (let times = 0; times < 2; times += 1) for (const each of [line, '']) await say(each);
    await say(line);
    assert.match((await say('')).text, /^421 4\.7\.0 Too many failed logins \(/);
    assert.deepEqual(codes, [334, 535, 334, 535, 334, 421]);
    assert.ok(await client.closed());
  });

  void it('wait where somebody guesses passwords, whatever is behind them', async () => {
    const [guesser, other] = ['192.0.2.66', '198.51.100.66'];
    for (let number = 0; number < 6; number += 1) {
      await from(guesser, `AUTH PLAIN ${plain(`user-${number}@corp.example`, 'guess')}`);
    }
    for (const email of ['dave@corp.example', 'nobody@corp.example', 'retired@corp.example']) {
      assert.match(await from(guesser, await bearing({ email })), /^454 4\.7\.0 Too many failed/, email);
      assert.match(await from(other, await bearing({ email })), /^535 5\.7\.8/, email);
    }
  });

  void it('log in at home while strangers guess', async () => {
    for (let number = 0; number < 8; number += 1) {
      await from(`20.0.${number}.7`, `AUTH PLAIN ${plain(alice, `guess-${number}`)}`);
    }
    assert.match(
      await from('198.51.100.77', await bearing()),
      /^235/,
      'it has logged in by a token from there',
    );
    assert.match(await from('20.1.1.1', await bearing()), /^454 4\.7\.0 Too many failed/);
  });
});
