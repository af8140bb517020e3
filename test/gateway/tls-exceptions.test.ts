import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { authority, Mint, serverOf } from '../support/certificates.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { SmtpClient } from '../support/smtp.ts';
import { Operator, inForce, refused } from './operator.ts';
import { askWithOpenssl, listeners, type Listener } from './tls-client.ts';

const old = ['-tls1', '-cipher', 'AES128-SHA:@SECLEVEL=0'];
const named = ['-servername', 'gw.corp.example'];
const nameless = ['-noservername'];

/** The tests share one gateway and run in this order. */
void describe('an exception that comes and goes while the gateway runs', () => {
  const mint = new Mint();
  let gateway: TestGateway;
  let operator: Operator;
  before(async () => {
    gateway = await startTestGateway({
      certificate: mint.make({
        name: 'gw.corp.example',
        extensions: serverOf('gw.corp.example'),
        key: ['-newkey', 'rsa:2048'],
      }),
      config: {
        'bank-ca.pem': mint.make({ name: 'bank CA', extensions: authority }).cert,
      },
    });
    operator = new Operator(gateway);
  });
  after(async () => {
    await gateway.stop();
    mint.remove();
  });

  function ask(on: Listener, args: readonly string[], ...says: readonly string[]): Promise<string> {
    return askWithOpenssl({ port: gateway.ports[on], isImplicit: on === 'implicit', args, says });
  }

  /** Where a client that knows TLS 1.0 alone is served, whether it names the server or not. */
  async function served(): Promise<string[]> {
    const clients = listeners.flatMap((on) => [named, nameless].map((sni) => ({ on, sni })));
    const answers = await Promise.all(clients.map(({ on, sni }) => ask(on, [...old, ...sni])));
    return clients.filter((_client, index) => answers[index]?.startsWith('250 ')).map(({ on }) => on);
  }

  /** A session of TLS 1.2, where the suite is kept with the session. */
  async function secured(on: Listener, tlsOptions: SecureContextOptions & { session?: Buffer | undefined }) {
    const options = { port: gateway.ports[on], implicitTls: on === 'implicit' };
    const client = await SmtpClient.connect({
      ...options,
      tlsOptions: { ...tlsOptions, maxVersion: 'TLSv1.2' },
    });
    await client.reply();
    if (on !== 'implicit') {
      await client.command('EHLO client.example');
      await client.command('STARTTLS');
      await client.upgrade();
    }
    const { tls } = client;
    assert.ok(tls);
    const found = {
      cipher: tls.getCipher().name,
      isResumed: tls.isSessionReused(),
      session: tls.getSession(),
    };
    client.destroy();
    return found;
  }

  const exceptionUntil = (expires: string, port: number) => {
    const what = { name: 'printers', owner: 'Floor 3', exception: 'legacy-device' };
    return { tls_criteria: [{ ...what, ports: [port], expires }] };
  };

  void it('is not there at first', async () => assert.deepEqual(await served(), []));

  void it(
    'opens a port where TLS comes first, with SNI and without, and no other',
    { timeout: 60_000 },
    async () => {
      const criteria = exceptionUntil('2099-12-31', gateway.ports.implicit);
      await operator.and(() => operator.write(criteria), inForce);
      assert.deepEqual(await served(), ['implicit', 'implicit']);
    },
  );

  void it('opens a port with STARTTLS, and the other no more', { timeout: 60_000 }, async () => {
    const criteria = exceptionUntil('2099-12-31', gateway.ports.submission);
    await operator.and(() => operator.write(criteria), inForce);
    assert.deepEqual(await served(), ['submission', 'submission']);
  });

  void it('is for no session that is resumed on another port', async () => {
    const cbc = 'ECDHE-RSA-AES128-SHA';
    const aead = 'ECDHE-RSA-AES128-GCM-SHA256';
    const opened = await secured('submission', { ciphers: cbc });
    assert.deepEqual([opened.cipher, opened.isResumed], [cbc, false]);
    const { session } = opened;
    const again = await secured('submission', { ciphers: `${aead}:${cbc}`, session });
    assert.deepEqual([again.cipher, again.isResumed], [cbc, true]);
    for (const on of ['mx', 'implicit'] as const) {
      const other = await secured(on, { ciphers: `${aead}:${cbc}`, session });
      assert.deepEqual([other.cipher, other.isResumed], [aead, false], on);
    }
  });

  void it('has expired: it counts no more, and the log says so', { timeout: 60_000 }, async () => {
    const criteria = exceptionUntil('2026-01-01', gateway.ports.submission);
    const said = /TLS exception printers expired on 2026-01-01 and no longer counts; ask Floor 3/;
    await operator.and(() => operator.write(criteria), said);
    assert.deepEqual(await served(), []);
    const reason = '127.0.0.1: TLS exception printers expired on 2026-01-01; ask Floor 3';
    await eventually('a word at STARTTLS', () => gateway.log().includes(reason));
  });

  void it('asks a client for a certificate on that port alone', { timeout: 60_000 }, async () => {
    const { cert, key } = mint.make({ name: 'self', extensions: serverOf('mail.bank.example') });
    writeFileSync(operator.file('self.pem'), cert + key);
    const what = {
      name: 'bank',
      owner: 'x',
      client_certificate: 'required',
      authorities_file: 'bank-ca.pem',
    };
    const criteria = { tls_criteria: [{ ...what, ports: [gateway.ports.implicit] }] };
    await operator.and(() => operator.write(criteria), inForce);
    const shown = ['-cert', operator.file('self.pem'), '-key', operator.file('self.pem')];
    const mail = 'MAIL FROM:<alice@corp.example>';
    assert.match(await ask('implicit', named, mail), /^554 5\.7\.4 .* none was shown/);
    for (const sni of [named, nameless]) {
      assert.match(await ask('implicit', [...shown, ...sni], mail), /^554 5\.7\.4 .* is signed by itself/);
    }
    assert.match(await ask('submission', shown, mail), /^530 5\.7\.0 Authentication required/);
  });

  void it('keeps the settings before where authorities cannot be read', { timeout: 60_000 }, async () => {
    await operator.and(() => writeFileSync(operator.file('bank-ca.pem'), 'garbage\n'), refused);
    assert.match(gateway.log(), /bank-ca\.pem holds no certificate in PEM/);
  });
});
