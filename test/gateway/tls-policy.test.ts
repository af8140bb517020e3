import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { SmtpClient } from '../support/smtp.ts';
import { greeted } from './traffic.ts';

const listeners = ['submission', 'implicit', 'mx'] as const;
/** Without SNI, with a name that has no certificate of its own, and with one that has. */
const names = ['', 'gw.corp.example', 'other.example'] as const;

const aes128 = 'ECDHE-ECDSA-AES128-GCM-SHA256';
const aes256 = 'ECDHE-ECDSA-AES256-GCM-SHA384';

/** The suite that a client gets which can do this much; `none` when there is no handshake. */
const clients = {
  'TLS 1.3': {},
  'TLS 1.2 with AES-128': { maxVersion: 'TLSv1.2', ciphers: aes128 },
  'TLS 1.2 with AES-256': { maxVersion: 'TLSv1.2', ciphers: aes256 },
} as const;
type Client = keyof typeof clients;

/** What happens one after the other, and which clients are served afterwards. */
const steps: readonly { it: string; policy?: string; tlsIni?: string; serves: readonly Client[] }[] = [
  {
    it: 'serves what the settings of the start allow',
    serves: ['TLS 1.3', 'TLS 1.2 with AES-128', 'TLS 1.2 with AES-256'],
  },
  { it: 'becomes stricter: TLS 1.3 alone', policy: `TLSv1_3.${aes128}`, serves: ['TLS 1.3'] },
  {
    it: 'becomes looser again, with one cipher suite',
    policy: `TLSv1_2.${aes256}`,
    serves: ['TLS 1.3', 'TLS 1.2 with AES-256'],
  },
  {
    it: 'takes another cipher suite instead',
    policy: `TLSv1_2.${aes128}`,
    serves: ['TLS 1.3', 'TLS 1.2 with AES-128'],
  },
  { it: 'gives way to a tls.ini that is stricter', tlsIni: 'minVersion=TLSv1.3', serves: ['TLS 1.3'] },
  {
    it: 'stays with that tls.ini when it becomes looser itself',
    policy: `TLSv1_2.${aes256}`,
    serves: ['TLS 1.3'],
  },
  {
    it: 'counts again when tls.ini asks for nothing any more',
    tlsIni: '',
    serves: ['TLS 1.3', 'TLS 1.2 with AES-256'],
  },
];

/** The tests share one gateway and run in this order. */
void describe('the TLS policy, replaced at run time on every listener, whatever name the client asks for', () => {
  let gateway: TestGateway;
  let authority: Authority;
  before(async () => {
    authority = await createAuthority();
    const certificate = await authority.issue('DNS:gw.corp.example');
    const other = await authority.issue('DNS:other.example');
    gateway = await startTestGateway({
      certificate,
      last: [join(import.meta.dirname, '../haraka-plugins/tls-policy.js')],
      config: { 'tls/other.example.pem': other.cert + other.key },
    });
  });
  after(async () => {
    await gateway.stop();
    await authority.remove();
  });

  async function isServed(listener: (typeof listeners)[number], tlsOptions: object): Promise<boolean> {
    const options = { port: gateway.ports[listener], implicitTls: listener === 'implicit', tlsOptions };
    const client = await SmtpClient.connect(options).catch(() => undefined);
    if (!client) return false;
    try {
      await client.reply();
      if (listener === 'implicit') return true;
      await client.command('EHLO client.example');
      await client.command('STARTTLS');
      return await client.upgrade().then(
        () => true,
        () => false,
      );
    } finally {
      client.destroy();
    }
  }

  async function put(policy: string): Promise<string> {
    const client = await greeted({ port: gateway.ports.mx });
    const reply = await client.command(`EHLO policy.${policy}.example`);
    client.destroy();
    return reply.text;
  }

  async function load(tlsIni: string): Promise<void> {
    const loads = () => gateway.log().split('loading tls.ini').length;
    const before = loads();
    const lines = ['key=tls_key.pem', 'cert=tls_cert.pem', tlsIni, ''];
    writeFileSync(join(gateway.dir, 'config/tls.ini'), lines.join('\n'));
    await eventually('tls.ini to be read again', () => loads() > before, 20_000);
  }

  for (const { it: title, policy, tlsIni, serves } of steps) {
    void it(title, { timeout: 60_000 }, async () => {
      if (policy !== undefined) assert.match(await put(policy), /^250 /);
      if (tlsIni !== undefined) await load(tlsIni);
      for (const listener of listeners) {
        for (const servername of names) {
          const served = await Promise.all(
            Object.values(clients).map((options) => isServed(listener, { ...options, servername })),
          );
          const got = Object.keys(clients).filter((_client, index) => served[index]);
          assert.deepEqual(got, serves, `${listener}, name '${servername}'`);
        }
      }
    });
  }

  void it('stays as it is when a new one cannot be kept', async () => {
    assert.match(await put('TLSv1_2.NONSENSE'), /^550 the policy cannot be kept/);
    assert.equal(await isServed('implicit', clients['TLS 1.2 with AES-256']), true);
    assert.equal(await isServed('submission', clients['TLS 1.2 with AES-128']), false);
  });
});
