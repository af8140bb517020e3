import { generateKeyPairSync } from 'node:crypto';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { defaultPlugins } from '../../scripts/demo/instance.ts';
import { zone } from '../../scripts/demo/zone.ts';
import { authority, Mint, serverOf, type Issued } from '../support/certificates.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { connectAs, type SmtpClient } from '../support/smtp.ts';

const provider = '192.0.2.200';
export const elsewhere = '198.51.100.9';
const name = 'mail.protection.outlook.com';
export const guid = '11111111-2222-3333-4444-555555555555';
export const stranger = '99999999-2222-3333-4444-555555555555';

const mint = new Mint();
const root = mint.make({ name: 'root', extensions: authority });
const between = mint.make({ name: 'between', extensions: authority, by: root });
export const issue = (of: string, by: Issued = between): Issued => {
  const { cert, key } = mint.make({ name: 'server', extensions: serverOf(of), by });
  return { cert: `${cert}${between.cert}`, key };
};
const good = issue(name);
export const otherName = issue('mail.other.example');
export const otherRoot = issue(name, mint.make({ name: 'root', extensions: authority }));
export const selfSigned = mint.make({ name, extensions: serverOf(name) });
export const failingName = issue('mail.failing.example');

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

export let gateway: TestGateway;
let dns: DnsServer;

/** Starts the gateway, with a provider and tenants of it. */
export async function startScene(): Promise<void> {
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
    config: {
      'provider-ca.pem': root.cert,
    },
    execArgv: ['--import', `data:text/javascript,${encodeURIComponent(preload)}`],
  });
}

export async function stopScene(): Promise<void> {
  await gateway.stop();
  await dns.stop();
  mint.remove();
}

export interface Caller {
  readonly certificate?: Issued | undefined;
  readonly address?: string;
  readonly port?: 'mx' | 'submission';
  readonly tls?: object;
  readonly isInClear?: boolean;
}

export async function call(caller: Caller = {}): Promise<SmtpClient> {
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

export interface Letter {
  readonly sender?: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly fields?: readonly string[];
  /** Whose signature it has; empty for none. */
  readonly signer?: string;
  readonly change?: (message: string) => string;
}

export const proven = [
  `X-MS-Exchange-CrossTenant-Id: ${guid}`,
  'X-OriginatorOrg: corp.example',
  'X-MS-Exchange-CrossTenant-AuthAs: Internal',
  'X-MS-Exchange-CrossTenant-FromEntityHeader: Hosted',
];
export const remote = 'friend@far.example';
let count = 0;

/** Sends a message as far as it gets: the replies to its recipients, that to the message, and its subject. */
export async function send(client: SmtpClient, letter: Letter = {}) {
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
export function referenceIn(text: string): string {
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

export function delivered(subject: string) {
  return gateway.delivered().filter(({ bytes }) => bytes.includes(`Subject: ${subject}\r\n`));
}

export async function assertDelivered(subject: string, copies = 1): Promise<void> {
  await eventually(`the delivery of ${subject}`, () => delivered(subject).length === copies);
}
