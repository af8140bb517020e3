import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { people } from '../../scripts/demo/people.ts';
import { readSentMail, type SentMail } from '../sender/sent-mail.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { loggedIn, type SmtpClient } from '../support/smtp.ts';

/** Of whoever has an account in the sample directory that needs no grants for it. */
const logins = ['alice', 'bob', 'scanner'];
const mails = readSentMail().filter(({ login }) => logins.includes(login));

void describe('mail that people and programs send arrives, with the policies as shipped', () => {
  let gateway: TestGateway;
  const clients = new Map<string, SmtpClient>();
  before(async () => {
    gateway = await startTestGateway();
    for (const { uid, addresses, password } of people.filter(({ uid }) => logins.includes(uid))) {
      const options = { port: gateway.ports.implicit, implicitTls: true };
      clients.set(uid, await loggedIn(options, addresses[0], password));
    }
  });
  after(async () => {
    for (const client of clients.values()) client.destroy();
    await gateway.stop();
  });

  for (const mail of mails) {
    void it(`${mail.file}: ${mail.title}`, async () => {
      const client = clients.get(mail.login);
      assert.ok(client);
      await send(client, mail);
    });
  }

  void it('whole, and none of it twice', async () => {
    const wanted = mails.length;
    assert.ok(wanted > 60);
    await eventually('all of it', () => gateway.delivered().length >= wanted, 15_000);
    assert.equal(gateway.delivered().length, wanted);
  });
});

async function send(client: SmtpClient, { from, parameters, to, content }: SentMail): Promise<void> {
  const commands = [
    [`MAIL FROM:<${from}>`, ...parameters].join(' '),
    ...to.map((each) => `RCPT TO:<${each}>`),
    'DATA',
  ];
  for (const command of commands) {
    const { code, text } = await client.command(command);
    assert.ok(code === 250 || code === 354, text);
  }
  client.write(
    Buffer.from(`${content.replace(/^\./gm, '..')}${content.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1'),
  );
  const { code, text } = await client.reply();
  assert.equal(code, 250, text);
}
