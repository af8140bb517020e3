import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { defaultPlugins } from '../../scripts/demo/instance.ts';
import { eventually, eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { connectAs, plain, type SmtpClient } from '../support/smtp.ts';

const scanner = '10.1.0.7';
const oldPrinter = '10.1.1.7';
const expired = '10.1.2.7';
const exchangeServer = '10.2.0.5';
const elsewhere = '198.51.100.9';

const dated = { owner: 'dave', expires: '2999-12-31' };
const settings = {
  protected_domains: ['corp.example', 'lists.corp.example'],
  registered_networks: [
    { name: 'scanners', ...dated, addresses: ['10.1.0.0/24'], send_as: ['scanner@corp.example'] },
    {
      ...{ name: 'old-printer', ...dated, addresses: [oldPrinter], tls: 'optional' },
      send_as: ['scanner@corp.example'],
    },
    {
      ...{ name: 'gone', ...dated, addresses: [expired], expires: '2026-01-31' },
      send_as: ['scanner@corp.example'],
    },
  ],
  mail_servers: [
    {
      ...{ name: 'exchange', owner: 'dave', account: 'exchange@corp.example', domains: ['corp.example'] },
      ...{ addresses: [exchangeServer], forward_foreign: 'enforce' },
    },
    {
      ...{ name: 'lists', owner: 'dave', account: 'lists@corp.example', domains: ['lists.corp.example'] },
      forward_foreign: 'observe',
    },
  ],
  auth: { max_failures: 100, failure_delay_seconds: 0.05 },
};

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const keys = {
  's._domainkey.partner.example': [
    { TXT: `v=DKIM1; k=rsa; p=${publicKey.replace(/-----.*?-----|\n/g, '')}` },
  ],
  's._domainkey.failing.example': ['SERVFAIL' as const],
};

let gateway: TestGateway;
let dns: DnsServer;

async function session(address: string, port: number, isTls: boolean): Promise<SmtpClient> {
  const client = await connectAs(address, { port });
  await client.reply();
  await client.command('EHLO client.example');
  if (!isTls) return client;
  await client.command('STARTTLS');
  await client.upgrade();
  await client.command('EHLO client.example');
  return client;
}

interface Letter {
  readonly from: string;
  readonly to?: string;
  readonly author?: string;
  /** The whole message, with CRLF. */
  readonly message?: string;
}

const foreign = 'friend@far.example';
let count = 0;

/** Sends a message as far as it gets: the reply that ends it, and the subject by which it is known. */
async function send(client: SmtpClient, letter: Letter): Promise<{ text: string; subject: string }> {
  const { from, to = foreign, author = from } = letter;
  count += 1;
  const subject = `message ${count}`;
  for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA']) {
    const { code, text } = await client.command(line);
    if (code >= 400) return { text, subject };
  }
  client.write(`${letter.message ?? `From: ${author}\r\nSubject: ${subject}\r\n\r\nx`}\r\n.\r\n`);
  return { text: (await client.reply()).text, subject };
}

async function assertDelivered(subject: string): Promise<string> {
  const found = await eventually(`the delivery of ${subject}`, () =>
    gateway.delivered().find(({ bytes }) => bytes.includes(`Subject: ${subject}\r\n`)),
  );
  return found.bytes.toString();
}

async function serverSession(login: string, address = exchangeServer): Promise<SmtpClient> {
  const client = await session(address, gateway.ports.submission, true);
  const password = `pw-${login.split('@')[0]}`;
  const reply = await client.command(`AUTH PLAIN ${plain(login, password)}`);
  assert.match(reply.text, /^235 /);
  return client;
}

async function signed(from: string, domain: string, subject: string): Promise<string> {
  const message = `From: ${from}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replace(' ', '.')}@${domain}>\r\n\r\nHello.\r\n`;
  // haraka-plugin-dkim takes what was signed in this second to be signed in the future.
  const signTime = new Date(Date.now() - 60_000);
  const key = { signingDomain: domain, selector: 's', privateKey };
  // Its types ask for the key beside the list, which alone is read.
  const { signatures } = await dkimSign(message, { signTime, ...key, ...{ signatureData: [key] } });
  return `${signatures}${message.slice(0, -2)}`;
}

void describe('mail of servers and hosts', () => {
  before(async () => {
    dns = await startDns({ port: 0, zone: keys });
    // haraka-plugin-dkim asks the servers of this machine.
    const preload = `import dns from 'node:dns'; dns.setServers(['127.0.0.1:${dns.port}']);`;
    gateway = await startTestGateway({
      settings,
      plugins: ['dkim', ...defaultPlugins],
      execArgv: ['--import', `data:text/javascript,${encodeURIComponent(preload)}`],
    });
  });
  after(async () => {
    await gateway.stop();
    await dns.stop();
  });

  void describe('a host in a registered network', () => {
    const cases = [
      { port: 'submission', isTls: true },
      { port: 'mx', isTls: true },
    ] as const;
    for (const { port, isTls } of cases) {
      void it(`relays over TLS without a login, on the port for ${port}`, async () => {
        const client = await session(scanner, gateway.ports[port], isTls);
        const { text, subject } = await send(client, { from: 'scanner@corp.example' });
        assert.match(text, /^250 /);
        await assertDelivered(subject);
        await eventWith(gateway, {
          check: 'outbound/provenance',
          identity: 'scanners',
          identity_id: 'network:scanners',
        });
        client.destroy();
      });
    }

    void it('is told to start TLS, on the MX too', async () => {
      for (const port of [gateway.ports.mx, gateway.ports.submission]) {
        const client = await session(scanner, port, false);
        assert.match(
          (await client.command('MAIL FROM:<scanner@corp.example>')).text,
          /^530 5\.7\.0 Must issue/,
        );
        await eventWith(gateway, {
          check: 'tls/required',
          port,
          detail: 'registered network scanners has to use TLS',
        });
        client.destroy();
      }
    });

    void it('sends in clear where its entry says so', async () => {
      for (const port of [gateway.ports.mx, gateway.ports.submission]) {
        const client = await session(oldPrinter, port, false);
        const { text, subject } = await send(client, { from: 'scanner@corp.example' });
        assert.match(text, /^250 /);
        await assertDelivered(subject);
        client.destroy();
      }
    });

    void it('writes as nobody else, in the envelope and in the header', async () => {
      const client = await session(scanner, gateway.ports.submission, true);
      const envelope = await send(client, { from: 'alice@corp.example' });
      assert.match(envelope.text, /^553 5\.7\.1 /);
      await client.command('RSET');
      const header = await send(client, { from: 'scanner@corp.example', author: 'alice@corp.example' });
      assert.match(header.text, /^550 5\.7\.1 Header/);
      client.destroy();
    });

    void it('is a stranger once its entry has expired, and the event says so', async () => {
      const client = await session(expired, gateway.ports.submission, true);
      assert.match((await client.command('MAIL FROM:<scanner@corp.example>')).text, /^530 5\.7\.0 Auth/);
      await eventWith(gateway, {
        check: 'auth/required',
        detail: 'registered network gone expired on 2026-01-31',
      });
      const atMx = await session(expired, gateway.ports.mx, true);
      assert.match((await send(atMx, { from: 'a@unknown.example' })).text, /^550 5\.7\.1 Relaying/);
      const detail = `${foreign}: registered network gone expired on 2026-01-31`;
      await eventWith(gateway, { check: 'outbound/relay', detail });
      for (const each of [client, atMx]) each.destroy();
    });

    void it('may log in, and is then what it has logged in as', async () => {
      const client = await session(scanner, gateway.ports.submission, true);
      assert.match((await send(client, { from: 'alice@corp.example' })).text, /^553 /);
      await client.command('RSET');
      assert.match(
        (await client.command(`AUTH PLAIN ${plain('alice@corp.example', 'pw-alice')}`)).text,
        /^235 /,
      );
      const { text, subject } = await send(client, { from: 'alice@corp.example' });
      assert.match(text, /^250 /);
      await assertDelivered(subject);
      assert.match((await send(client, { from: 'scanner@corp.example' })).text, /^553 /);
      client.destroy();
    });

    void it('is nobody special at another address', async () => {
      const client = await session(elsewhere, gateway.ports.mx, true);
      assert.match((await send(client, { from: 'a@unknown.example' })).text, /^550 5\.7\.1 Relaying/);
      client.destroy();
    });
  });

  void describe('a mail server', () => {
    void it('writes as everybody of its domains, and as nobody below them', async () => {
      const client = await serverSession('exchange@corp.example');
      const { text, subject } = await send(client, { from: 'bob@corp.example' });
      assert.match(text, /^250 /);
      await assertDelivered(subject);
      assert.match((await send(client, { from: 'announce@lists.corp.example' })).text, /^553 /);
      client.destroy();
    });

    void it('logs in from its own addresses only', async () => {
      const client = await session(elsewhere, gateway.ports.submission, true);
      const reply = await client.command(`AUTH PLAIN ${plain('exchange@corp.example', 'pw-exchange')}`);
      assert.match(reply.text, /^535 5\.7\.8 /);
      await eventWith(gateway, { check: 'auth/login', detail: 'mail-server-elsewhere' });
      client.destroy();
    });

    void it('forwards with an envelope of its own', async () => {
      const client = await serverSession('exchange@corp.example');
      const letter = {
        from: 'SRS0=a=b=partner.example=friend@corp.example',
        author: 'friend@partner.example',
      };
      const { text, subject } = await send(client, letter);
      assert.match(text, /^250 /);
      await assertDelivered(subject);
      client.destroy();
    });

    void it('forwards as it came what its author has signed, and nothing that was changed since', async () => {
      const client = await serverSession('exchange@corp.example');
      const from = 'friend@partner.example';
      const message = await signed(from, 'partner.example', 'forwarded whole');
      assert.match((await send(client, { from, message })).text, /^250 /);
      await assertDelivered('forwarded whole');
      const changed = message.replace('Hello.', 'Pay me.');
      assert.match((await send(client, { from, message: changed })).text, /^550 5\.7\.20 /);
      const detail = `${from}: no good DKIM signature of partner.example: there is none`;
      await eventWith(gateway, { check: 'sender/forward', reason: 'forward-unproven', detail });
      client.destroy();
    });

    void it('hears of trouble with the DNS as trouble', async () => {
      const client = await serverSession('exchange@corp.example');
      const from = 'friend@failing.example';
      const message = await signed(from, 'failing.example', 'unchecked');
      assert.match((await send(client, { from, message })).text, /^451 4\.4\.3 /);
      client.destroy();
    });

    void it('never forwards as a protected domain that is not its own', async () => {
      const client = await serverSession('exchange@corp.example');
      const letter = { from: 'bob@corp.example', author: 'announce@lists.corp.example' };
      assert.match((await send(client, letter)).text, /^550 5\.7\.1 Header/);
      client.destroy();
    });

    void it('is only watched at first, with forward_foreign: observe', async () => {
      const client = await serverSession('lists@corp.example', elsewhere);
      const { text, subject } = await send(client, { from: 'friend@partner.example' });
      assert.match(text, /^250 /);
      await assertDelivered(subject);
      await eventWith(gateway, { check: 'sender/forward', would_refuse: true, reason: 'forward-unproven' });
      client.destroy();
    });
  });
});
