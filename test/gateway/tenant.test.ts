import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { defaultPlugins } from '../../scripts/demo/instance.ts';
import { zone } from '../../scripts/demo/zone.ts';
import { authority, Mint, serverOf, type Issued } from '../support/certificates.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { connectAs, type SmtpClient } from '../support/smtp.ts';

const provider = '192.0.2.200';
const elsewhere = '198.51.100.9';
const name = 'mail.protection.outlook.com';
const guid = '11111111-2222-3333-4444-555555555555';
const stranger = '99999999-2222-3333-4444-555555555555';

const mint = new Mint();
const root = mint.make({ name: 'root', extensions: authority });
const between = mint.make({ name: 'between', extensions: authority, by: root });
const issue = (of: string, by: Issued = between): Issued => {
  const { cert, key } = mint.make({ name: 'server', extensions: serverOf(of), by });
  return { cert: `${cert}${between.cert}`, key };
};
const good = issue(name);
const otherName = issue('mail.other.example');
const otherRoot = issue(name, mint.make({ name: 'root', extensions: authority }));
const selfSigned = mint.make({ name, extensions: serverOf(name) });
const failingName = issue('mail.failing.example');

const common = { owner: 'dave', expires: '2999-12-31', ca_file: 'provider-ca.pem' };
const settings = {
  protected_domains: ['corp.example', 'lists.corp.example'],
  tenants: [
    {
      ...{ name: 'corp', ...common, ids: [guid], domains: ['corp.example'] },
      ...{ addresses: ['192.0.2.10'], limits: ['recipients_per_message=3'] },
    },
    {
      ...{
        name: 'gone',
        ...common,
        ids: ['77777777-2222-3333-4444-555555555555'],
        domains: ['corp.example'],
      },
      ...{ expires: '2020-01-01', certificate_names: ['mail.other.example'] },
    },
    {
      ...{
        name: 'failing',
        ...common,
        ids: ['66666666-2222-3333-4444-555555555555'],
        domains: ['corp.example'],
      },
      ...{ certificate_names: ['mail.failing.example'], spf_domain: 'failing.example' },
    },
  ],
  spf: { mode: 'observe' },
};

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const published = { TXT: `v=DKIM1; k=rsa; p=${publicKey.replace(/-----.*?-----|\n/g, '')}` };

let gateway: TestGateway;
let dns: DnsServer;

interface Caller {
  readonly certificate?: Issued | undefined;
  readonly address?: string;
  readonly port?: 'mx' | 'submission';
  readonly tls?: object;
  readonly isInClear?: boolean;
}

async function call(caller: Caller = {}): Promise<SmtpClient> {
  const { certificate = good, address = provider, port = 'mx', tls, isInClear } = caller;
  const shown = 'certificate' in caller && !caller.certificate ? {} : certificate;
  const client = await connectAs(address, { port: gateway.ports[port], tlsOptions: { ...shown, ...tls } });
  await client.reply();
  await client.command('EHLO client.example');
  if (isInClear) return client;
  await client.command('STARTTLS');
  await client.upgrade();
  await client.command('EHLO client.example');
  return client;
}

interface Letter {
  readonly sender?: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly fields?: readonly string[];
  /** Whose signature it has; empty for none. */
  readonly signer?: string;
  readonly change?: (message: string) => string;
}

const proven = [
  `X-MS-Exchange-CrossTenant-Id: ${guid}`,
  'X-OriginatorOrg: corp.example',
  'X-MS-Exchange-CrossTenant-AuthAs: Internal',
  'X-MS-Exchange-CrossTenant-FromEntityHeader: Hosted',
];
const remote = 'friend@far.example';
let count = 0;

/** Sends a message as far as it gets: the replies to its recipients, that to the message, and its subject. */
async function send(client: SmtpClient, letter: Letter = {}) {
  const { sender = 'bob@corp.example', from = 'bob@corp.example', to = [remote] } = letter;
  count += 1;
  const subject = `message ${count}`;
  const accepted = (await client.command(`MAIL FROM:<${sender}>`)).text;
  const recipients: string[] = [];
  for (const each of to) recipients.push((await client.command(`RCPT TO:<${each}>`)).text);
  const replies = [accepted, ...recipients];
  if (!recipients.some((text) => text.startsWith('250'))) {
    await client.command('RSET');
    return { recipients, text: replies.find((text) => !text.startsWith('250')) ?? '', subject };
  }
  await client.command('DATA');
  const message = await written(letter, from, subject);
  client.write(`${(letter.change ?? String)(message)}\r\n.\r\n`);
  return { recipients, text: (await client.reply()).text, subject };
}

/** That of the refusal, which is also that of its event. */
function referenceIn(text: string): string {
  return /\(([0-9A-F-]+\.\d+ \w+\/\w+)\)/.exec(text)?.[1] ?? text;
}

async function written({ fields = proven, signer = 'corp.example' }: Letter, from: string, subject: string) {
  const id = `${subject.replace(' ', '.')}@corp.example`;
  const header = [`From: ${from}`, `Subject: ${subject}`, `Message-ID: <${id}>`, ...fields];
  const message = `${header.join('\r\n')}\r\n\r\nHello.\r\n`;
  if (signer === '') return message.slice(0, -2);
  const signTime = new Date(Date.now() - 60_000);
  const key = { signingDomain: signer, selector: 's', privateKey };
  const { signatures } = await dkimSign(message, { signTime, ...key, ...{ signatureData: [key] } });
  return `${signatures}${message.slice(0, -2)}`;
}

function delivered(subject: string) {
  return gateway.delivered().filter(({ bytes }) => bytes.includes(`Subject: ${subject}\r\n`));
}

async function assertDelivered(subject: string, copies = 1): Promise<void> {
  await eventually(`the delivery of ${subject}`, () => delivered(subject).length === copies);
}

void describe('a tenant of a provider', () => {
  before(async () => {
    dns = await startDns({
      port: 0,
      zone: {
        's._domainkey.corp.example': [published],
        's._domainkey.far.example': [published],
        's._domainkey.failing.corp.example': ['SERVFAIL'],
      },
    });
    // haraka-plugin-dkim asks the servers of this machine.
    const preload = `import dns from 'node:dns'; dns.setServers(['127.0.0.1:${dns.port}']);`;
    gateway = await startTestGateway({
      settings,
      zone: { ...zone, 'spf.protection.outlook.com': [{ TXT: 'v=spf1 ip4:192.0.2.192/26 -all' }] },
      plugins: ['dkim', ...defaultPlugins],
      // Haraka asks nobody for a certificate then, and the gateway does.
      config: {
        'provider-ca.pem': root.cert,
        'tls.ini': 'key=tls_key.pem\ncert=tls_cert.pem\nrequestCert=false\n',
      },
      execArgv: ['--import', `data:text/javascript,${encodeURIComponent(preload)}`],
    });
  });
  after(async () => {
    await gateway.stop();
    await dns.stop();
    mint.remove();
  });

  void it('relays, and the trail names it', async () => {
    const client = await call();
    const { text, subject } = await send(client);
    assert.match(text, /^250 /);
    await assertDelivered(subject);
    const who = { identity: 'tenant:corp', identity_id: 'tenant:corp' };
    await eventWith(gateway, {
      check: 'outbound/relay',
      verdict: 'skip',
      detail: 'accepted until DATA: it may be of corp',
    });
    await eventWith(gateway, { check: 'sender/tenant', verdict: 'pass', ...who });
    await eventWith(gateway, { check: 'outbound/gate', verdict: 'pass', proof: 'tenant', ...who });
    await eventWith(gateway, { check: 'outbound/delivery', outcome: 'delivered', proof: 'tenant', ...who });
    client.destroy();
  });

  void it('relays to some, and sends to others that are local, in one message', async () => {
    const client = await call();
    const { text, subject } = await send(client, { to: [remote, 'alice@corp.example'] });
    assert.match(text, /^250 /);
    await assertDelivered(subject, 2);
    client.destroy();
  });

  void it('sends to local recipients as everybody does', async () => {
    const client = await call();
    const { text, subject } = await send(client, { to: ['alice@corp.example'] });
    assert.match(text, /^250 /);
    await assertDelivered(subject);
    await eventWith(gateway, { check: 'outbound/inbound', verdict: 'pass', identity: 'tenant:corp' });
    client.destroy();
  });

  void it('sends reports of non-delivery', async () => {
    const client = await call();
    const { text, subject } = await send(client, { sender: '' });
    assert.match(text, /^250 /);
    await assertDelivered(subject);
    client.destroy();
  });

  void it('is judged message by message', async () => {
    const client = await call();
    const foreign = proven.map((field) => field.replace(guid, stranger));
    for (const [fields, reply] of [
      [proven, /^250 /],
      [foreign, /^550 5\.7\.1 Message is not proven to be of a tenant/],
      [proven, /^250 /],
    ] as const) {
      assert.match((await send(client, { fields })).text, reply);
    }
    client.destroy();
  });

  void it('has a server of its own that sends through the provider', async () => {
    const client = await call();
    const from = (address: string) => [
      ...proven.map((field) => field.replace('Internal', 'Anonymous').replace('Hosted', 'HybridOnPrem')),
      `X-MS-Exchange-CrossTenant-OriginalAttributedTenantConnectingIp: TenantId=${guid};Ip=[${address}];Helo=[x]`,
    ];
    assert.match((await send(client, { fields: from('192.0.2.10') })).text, /^250 /);
    assert.match((await send(client, { fields: from('192.0.2.11') })).text, /^550 5\.7\.1 Message/);
    client.destroy();
  });

  void it('goes on in a TLS session that is resumed, of either protocol', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const tls = { minVersion: version, maxVersion: version };
      const first = await call({ tls });
      const socket = first.tls as TLSSocket;
      let session: Buffer | undefined = socket.getSession();
      socket.on('session', (fresh: Buffer) => (session = fresh));
      assert.match((await send(first)).text, /^250 /);
      first.destroy();
      const again = await call({ tls: { ...tls, session } });
      assert.ok(again.tls?.isSessionReused());
      assert.match((await send(again)).text, /^250 /);
      again.destroy();
    }
  });

  void it('is nobody in a resumed session that had no certificate', async () => {
    const first = await call({ certificate: undefined, tls: { maxVersion: 'TLSv1.3' } });
    await send(first);
    const session = first.tls?.getSession();
    first.destroy();
    const again = await call({ tls: { session } });
    assert.ok(again.tls?.isSessionReused());
    assert.match((await send(again, { sender: 'x@unsure.example' })).text, /^550 5\.7\.1 Relaying/);
    again.destroy();
  });

  const strangers: readonly (Caller & { it: string; is: RegExp; says: string })[] = [
    {
      it: 'without a certificate',
      certificate: undefined,
      is: /^550 5\.7\.1 Relaying/,
      says: 'it shows no client certificate',
    },
    { it: 'in clear', isInClear: true, is: /^550 5\.7\.1 Relaying/, says: 'it shows no client certificate' },
    {
      it: 'with a certificate of its own making',
      certificate: selfSigned,
      is: /^550 5\.7\.1 Relaying/,
      says: 'certificate "CN=mail.protection.outlook.com" is signed by nobody who is trusted',
    },
    {
      it: 'with one of another authority',
      certificate: otherRoot,
      is: /^550 5\.7\.1 Relaying/,
      says: 'certificate "CN=server" is signed by nobody who is trusted',
    },
    {
      it: 'with one for another name',
      certificate: issue('x.mail.protection.outlook.com'),
      is: /^550 5\.7\.1 Relaying/,
      says: 'its certificate is not for mail.protection.outlook.com',
    },
    {
      it: 'at another address',
      address: elsewhere,
      is: /^550 5\.7\.1 Relaying/,
      says: `${elsewhere} is not covered by spf.protection.outlook.com: SPF fail`,
    },
    {
      it: 'of an entry that has expired',
      certificate: otherName,
      is: /^550 5\.7\.1 Relaying/,
      says: 'tenant gone expired on 2020-01-01',
    },
    {
      it: 'where its provider cannot be asked for',
      certificate: failingName,
      is: /^451 4\.7\.24 /,
      says: 'failing.example: SPF temperror',
    },
  ];
  for (const { it: title, is, says, ...caller } of strangers) {
    void it(`is a stranger ${title}`, async () => {
      const client = await call(caller);
      const { text } = await send(client, { sender: 'x@unsure.example' });
      assert.match(text, is);
      const event = await eventWith(gateway, { reference: referenceIn(text), check: 'outbound/relay' });
      assert.ok(event.detail?.startsWith(`${remote}: ${says}`), event.detail);
      client.destroy();
    });
  }

  const refusals: readonly (Letter & { it: string; is: RegExp; says: string })[] = [
    {
      it: 'no id',
      fields: proven.slice(1),
      is: /^550 5\.7\.1 Message/,
      says: 'X-MS-Exchange-CrossTenant-Id is missing',
    },
    {
      it: 'two ids',
      fields: [...proven, `X-MS-Exchange-CrossTenant-Id: ${guid}`],
      is: /^550 5\.7\.1 Message/,
      says: 'X-MS-Exchange-CrossTenant-Id stands more than once',
    },
    {
      it: 'two domains',
      fields: [...proven, 'x-originatororg: corp.example'],
      is: /^550 5\.7\.1 Message/,
      says: 'X-OriginatorOrg stands more than once',
    },
    {
      it: 'a domain of others',
      fields: proven.map((field) => field.replace('corp.', 'far.')),
      is: /^550 5\.7\.1 Message/,
      says: 'X-OriginatorOrg: far.example is no domain of corp',
    },
    {
      it: 'an author who did not log in',
      fields: proven.map((field) => field.replace('Internal', 'Anonymous')),
      is: /^550 5\.7\.1 Message/,
      says: 'X-MS-Exchange-CrossTenant-AuthAs: Anonymous: X-MS-Exchange-CrossTenant-OriginalAttributedTenantConnectingIp is missing',
    },
    {
      it: 'no signature',
      signer: '',
      is: /^550 5\.7\.20 Message has no good DKIM/,
      says: 'tenant:corp: no good DKIM signature of corp.example: there is none',
    },
    {
      it: 'the signature of others',
      signer: 'far.example',
      is: /^550 5\.7\.20 /,
      says: 'tenant:corp: no good DKIM signature of corp.example: those are of far.example',
    },
    {
      it: 'a signature of another text',
      change: (message) => message.replace('Hello.', 'Pay me.'),
      is: /^550 5\.7\.20 /,
      says: 'tenant:corp: no good DKIM signature of corp.example: there is none',
    },
    {
      it: 'a signature that cannot be checked',
      signer: 'failing.corp.example',
      is: /^451 4\.4\.3 /,
      says: 'tenant:corp: of failing.corp.example',
    },
    { it: 'a foreign envelope', sender: 'x@unsure.example', is: /^553 5\.7\.1 /, says: 'x@unsure.example' },
    {
      it: 'a foreign author',
      from: 'x@unsure.example',
      is: /^550 5\.7\.1 Header/,
      says: 'x@unsure.example in From',
    },
    {
      it: 'a line that is no field',
      fields: ['From\0: x@far.example', ...proven],
      is: /^550 5\.7\.1 Message/,
      says: 'NUL',
    },
  ];
  for (const { it: title, is, says, ...letter } of refusals) {
    void it(`does not relay with ${title}, to local recipients beside them neither`, async () => {
      const client = await call();
      const { text, subject, recipients } = await send(client, {
        ...letter,
        to: [remote, 'alice@corp.example'],
      });
      assert.ok(
        recipients.every((each) => each.startsWith('250 ')),
        recipients.join(),
      );
      assert.match(text, is);
      const event = await eventWith(gateway, { reference: referenceIn(text), check: 'sender/tenant' });
      assert.ok(event.detail?.includes(says), event.detail);
      assert.equal(event.identity, undefined);
      assert.deepEqual(delivered(subject), []);
      client.destroy();
    });
  }

  void it('is no disguise for strangers who pose as local users', async () => {
    const client = await call({ address: '192.0.2.201' });
    const fields = proven.map((field) => field.replace(guid, stranger));
    const asOurs = await send(client, { fields, to: ['alice@corp.example'], sender: 'boss@corp.example' });
    assert.match(asOurs.text, /^550 5\.7\.23 SPF does not .*sender\/late_impersonation/);
    await eventWith(gateway, {
      check: 'sender/impersonation',
      client: '192.0.2.201',
      detail: 'judged after DATA, unless it is of corp',
    });
    const ordinary = await send(client, {
      fields,
      to: ['alice@corp.example'],
      sender: 'x@partner.example',
      from: 'x@partner.example',
      signer: '',
    });
    assert.match(ordinary.text, /^250 /);
    await eventWith(gateway, { check: 'sender/late_spf', would_refuse: true, client: '192.0.2.201' });
    await eventWith(gateway, { check: 'outbound/inbound', verdict: 'skip', client: '192.0.2.201' });
    const toPostmaster = await send(client, {
      fields,
      to: ['postmaster@corp.example'],
      sender: 'boss@corp.example',
    });
    assert.match(toPostmaster.text, /^250 /);
    client.destroy();
  });

  void it('tries again, as a sender of its own domain too, where its provider cannot be asked for', async () => {
    const client = await call({ certificate: failingName });
    for (const to of [remote, 'alice@corp.example']) {
      assert.match((await send(client, { to: [to] })).text, /^451 4\.7\.24 /);
    }
    client.destroy();
  });

  void it('has to log in on a port for submission', async () => {
    const client = await call({ port: 'submission' });
    assert.match((await send(client)).text, /^530 5\.7\.0 Auth/);
    client.destroy();
  });

  void it('has limits', async () => {
    const client = await call();
    const to = ['a', 'b', 'c', 'd'].map((local) => `${local}@far.example`);
    assert.match((await send(client, { to })).text, /^452 4\.5\.3 /);
    assert.match((await send(client, { to: to.slice(1) })).text, /^250 /);
    client.destroy();
  });

  void it('may be suspended', async () => {
    const suspended = await gatekeeper(['suspend', 'tenant:corp'], { haraka: gateway.dir });
    assert.equal(suspended.code, 0, suspended.err);
    const client = await call();
    assert.match((await send(client)).text, /^421 4\.7\.1 /);
    const released = await gatekeeper(['release', 'tenant:corp'], { haraka: gateway.dir });
    assert.equal(released.code, 0, released.err);
    client.destroy();
  });
});
