import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../scripts/demo/ldif.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { encode, ScramClient } from '../support/scram.ts';
import { verifiedEntries } from '../support/scram-people.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { loggedIn, plain, SmtpClient } from '../support/smtp.ts';
import { greeted } from './traffic.ts';

// The wrong answers to each challenge, and clients that leave there, are in scram.test.ts; the exchange by itself is in
// test/auth/torture.test.ts.

const alice = { login: 'alice@corp.example', password: 'pw-alice' };
const right = `AUTH PLAIN ${plain(alice.login, alice.password)}`;

/** The right initial response of each. */
const mechanisms: Readonly<Record<string, () => string>> = {
  PLAIN: () => plain(alice.login, alice.password),
  LOGIN: () => encode(alice.login),
  'SCRAM-SHA-256': () => new ScramClient(alice).first(),
  'SCRAM-SHA-256-PLUS': () => new ScramClient({ ...alice, header: 'p=tls-exporter,,' }).first(),
};

/** Replies to what is sent in one packet. */
async function codesOf(client: SmtpClient, packet: string, count: number): Promise<number[]> {
  client.write(packet);
  const codes: number[] = [];
  while (codes.length < count) codes.push((await client.reply()).code);
  return codes;
}

void describe('every mechanism, at every time, with and without an initial response', () => {
  let slapd: Slapd;
  let gateway: TestGateway;
  before(async () => {
    slapd = await startSlapd({ ldif: ldif(verifiedEntries()) });
    gateway = await startTestGateway({
      directoryUrl: slapd.url,
      settings: {
        directory: { scram_attribute: 'gatekeeperScramVerifier' },
        auth: { failure_delay_seconds: 0.05, max_failures: 100 },
      },
    });
  });
  after(async () => {
    await gateway.stop();
    await slapd.stop();
  });

  const fresh = () => greeted({ port: gateway.ports.implicit, implicitTls: true });
  /** The session goes on, and its next login counts. */
  const assertUsable = async (client: SmtpClient) => {
    assert.equal((await client.command(right)).code, 235);
    assert.equal((await client.command('MAIL FROM:<alice@corp.example>')).code, 250);
    client.destroy();
  };

  for (const [mechanism, initial] of Object.entries(mechanisms)) {
    void it(`${mechanism} after a login is out of sequence, and changes nothing`, async () => {
      const options = { port: gateway.ports.implicit, implicitTls: true };
      const client = await loggedIn(options, alice.login, alice.password);
      for (const command of [`AUTH ${mechanism}`, `AUTH ${mechanism} ${initial()}`, `AUTH ${mechanism} =`]) {
        assert.match((await client.command(command)).text, /^503 5\.5\.1 /, command);
      }
      assert.equal((await client.command('MAIL FROM:<bob@corp.example>')).code, 553);
      assert.equal((await client.command('MAIL FROM:<alice@corp.example>')).code, 250);
      assert.equal((await client.command(`AUTH ${mechanism}`)).code, 503);
      client.destroy();
    });

    void it(`${mechanism} in a transaction without a login is out of sequence, and gives no right`, async () => {
      const client = await greeted({ port: gateway.ports.mx });
      await client.command('STARTTLS');
      await client.upgrade();
      await client.command('EHLO client.example');
      assert.equal((await client.command('MAIL FROM:<someone@other.example>')).code, 250);
      for (const command of [`AUTH ${mechanism}`, `AUTH ${mechanism} ${initial()}`]) {
        assert.match((await client.command(command)).text, /^503 5\.5\.1 /, command);
      }
      assert.equal((await client.command('RCPT TO:<someone@partner.example>')).code, 550);
      client.destroy();
    });

    void it(`${mechanism}: wrong initial responses, and the session goes on`, async () => {
      const client = await fresh();
      const wrong = ['!!!!', 'YWF', 'YWFh\0', `${initial()} more`, ` ${initial()}`, encode('\0\0\0\0\xff')];
      for (const response of wrong) {
        const { code } = await client.command(`AUTH ${mechanism} ${response}`);
        // For LOGIN the last one is a name like any other.
        if (code === 334) assert.equal((await client.command('*')).code, 501);
        else assert.equal(code, 501, response);
        assert.equal((await client.command('NOOP')).code, 250, response);
      }
      await assertUsable(client);
    });

    void it(`${mechanism}: a command of 12,288 octets is read, one octet more is not`, async () => {
      const client = await fresh();
      const command = `AUTH ${mechanism} `.padEnd(12_288, 'A');
      const { code } = await client.command(command);
      assert.ok(code === 501 || code === 334, String(code));
      if (code === 334) assert.equal((await client.command('*')).code, 501);
      assert.match((await client.command(`${command}A`)).text, /^500 5\.5\.6 /);
      await assertUsable(client);
    });

    void it(`${mechanism}: what comes in one packet is read line by line, each in its place`, async () => {
      const client = await fresh();
      assert.deepEqual(await codesOf(client, `AUTH ${mechanism}\r\n*\r\nNOOP\r\n`, 3), [334, 501, 250]);
      assert.deepEqual(await codesOf(client, `AUTH ${mechanism}\r\nQUI\r\nNOOP\r\n`, 3), [334, 501, 250]);
      // The empty initial response is a name for LOGIN, and NOOP base64.
      const empty = await codesOf(client, `AUTH ${mechanism} =\r\nNOOP\r\n`, 2);
      assert.deepEqual(empty, mechanism === 'LOGIN' ? [334, 535] : [501, 250]);
      await assertUsable(client);
    });

    void it(`${mechanism}: a client that leaves within an exchange, answered or not, leaves nothing behind`, async () => {
      for (const command of [`AUTH ${mechanism}`, `AUTH ${mechanism} ${initial()}`]) {
        const client = await fresh();
        client.write(`${command}\r\n`);
        client.destroy();
        const other = await fresh();
        await other.command(command);
        other.destroy();
      }
      const next = await fresh();
      assert.equal((await next.command('MAIL FROM:<alice@corp.example>')).code, 530);
      await assertUsable(next);
    });
  }
});
