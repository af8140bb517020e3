import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type DnsServer, startDns } from '../../scripts/demo/dns.ts';
import { proxyAddress } from '../../scripts/demo/instance.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { SmtpClient, type SmtpReply } from '../support/smtp.ts';
import { authored, type Inbound, messages } from './inbound-messages.ts';
import { zone } from './inbound-zone.ts';

void describe('mail from outside, with the settings as shipped', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ zone });
  });
  after(() => gateway.stop());

  void it('is of forty kinds', () => assert.equal(messages.length, 40));

  for (const message of messages) {
    void it(`takes ${message.it}`, async () => {
      const client = await clientFrom(gateway, message.ip);
      await client.command(`EHLO ${message.helo}`);
      const { text } = await bring(client, message);
      assert.match(text, /^250 /);
      await client.command('QUIT');
    });
  }

  void it('is delivered, all of it', async () => {
    await eventually('the messages', () => gateway.delivered().length === messages.length);
  });
});

void describe('mail from outside while the DNS is down', () => {
  let gateway: TestGateway;
  let dns: DnsServer;
  before(async () => {
    dns = await startDns({ port: 0, zone });
    const servers = [`127.0.0.1:${dns.port}`];
    gateway = await startTestGateway({ settings: { dns: { servers, timeout_seconds: 0.5 } } });
  });
  after(async () => {
    await gateway.stop();
    await dns.stop();
  });

  void it('is deferred, and taken in the same session when the DNS is back', async () => {
    const client = await clientFrom(gateway, '203.0.113.20');
    await client.command('EHLO nowhere');
    const letter = (from: string): Inbound => ({
      ...{ it: '', ip: '', helo: '', from, header: authored(from) },
    });
    const first = letter('talk@lists.example');
    assert.match((await bring(client, first)).text, /^250 /);
    await dns.stop();
    const { text } = await bring(client, letter('x@mail.lists.example'));
    assert.match(text, /^451 4\.7\.24 SPF of the domain cannot be checked now \(\S+ sender\/spf\)/);
    await client.command('RSET');
    const [event] = await eventually('the event', () => {
      const found = gateway.events().filter(({ reason }) => reason === 'spf-temperror');
      return found.length > 0 && found;
    });
    assert.match(event?.detail ?? '', /^x@mail\.lists\.example: SPF temperror of mail\.lists\.example \(/);
    dns = await startDns({ port: dns.port, zone });
    assert.match(await eventuallyTaken(client, letter('x@mail.lists.example')), /^250 /);
  });
});

/** A server is not asked again at once after it failed, nor a name. */
async function eventuallyTaken(client: SmtpClient, letter: Inbound): Promise<string> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { text } = await bring(client, letter);
    if (text.startsWith('250 ') || Date.now() > deadline) return text;
    await client.command('RSET');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function clientFrom({ ports }: TestGateway, ip: string): Promise<SmtpClient> {
  const client = await SmtpClient.connect({ port: ports.mx, from: proxyAddress });
  const line = isIPv6(ip)
    ? `TCP6 ${ip} 2001:db8::25 40000 ${ports.mx}`
    : `TCP4 ${ip} 127.0.0.1 40000 ${ports.mx}`;
  client.write(`PROXY ${line}\r\n`);
  assert.equal((await client.reply()).code, 220);
  return client;
}

/** The first reply that is no success, or the last one. */
async function bring(client: SmtpClient, message: Inbound): Promise<SmtpReply> {
  const { from, to = 'bob@corp.example', header, body = 'hello' } = message;
  for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA']) {
    const reply = await client.command(line);
    if (reply.code >= 400) return reply;
  }
  client.write(`${header.join('\r\n')}\r\n\r\n${body}\r\n.\r\n`);
  return client.reply(15_000);
}
