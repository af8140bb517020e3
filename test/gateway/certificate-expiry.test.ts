import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Mint, serverOf, type Issued } from '../support/certificates.ts';
import { gatekeeper } from '../support/command.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { handshake, tlsListeners } from '../support/tls-session.ts';
import { SmtpClient } from '../support/smtp.ts';

/** As a reboot finds it: nobody has renewed the certificate. */
void describe('a gateway that starts with an expired certificate', () => {
  const mint = new Mint();
  let gateway: TestGateway;
  before(async () => {
    const soon = mint.make({ name: 'soon.example', extensions: serverOf('soon.example'), days: 20 });
    const later = mint.make({ name: 'later.example', extensions: serverOf('later.example'), days: 90 });
    gateway = await startTestGateway({
      certificate: expired(mint.make({ name: 'gw.corp.example', extensions: serverOf('gw.corp.example') })),
      config: { 'tls/soon.pem': soon.cert + soon.key, 'tls/later.pem': later.cert + later.key },
    });
  });
  after(async () => {
    await gateway.stop();
    mint.remove();
  });

  void it('accepts mail from the world, by TLS', async () => {
    const client = await SmtpClient.connect({ port: gateway.ports.mx, tlsOptions: { servername: '' } });
    await client.reply();
    await client.command('EHLO mx.stranger.example');
    await client.command('STARTTLS');
    await client.upgrade();
    await client.command('EHLO mx.stranger.example');
    await client.command('MAIL FROM:<somebody@stranger.example>');
    await client.command('RCPT TO:<alice@corp.example>');
    await client.command('DATA');
    client.write('From: somebody@stranger.example\r\nSubject: expired\r\n\r\nx\r\n.\r\n');
    assert.match((await client.reply()).text, /^250 /);
    client.destroy();
  });

  void it('serves all listeners', async () => {
    for (const listener of tlsListeners) await handshake(gateway.ports, listener, { servername: '' });
  });

  void it('says so once, and which one will expire', () => {
    const lines = gateway
      .log()
      .split('\n')
      .filter((line) => line.includes('TLS: the certificate in'));
    assert.equal(lines.length, 2, lines.join('\n'));
    assert.match(
      lines[0] ?? '',
      /\[CRIT\] \[-\] \[gatekeeper\/tls\] TLS: the certificate in tls_cert.pem has expired on \d{4}-/,
    );
    assert.match(
      lines[1] ?? '',
      /\[WARN\] \[-\] \[gatekeeper\/tls\] TLS: the certificate in tls\/soon.pem expires on .*, in 19 days/,
    );
  });

  void it('has the dates in its metrics', async () => {
    const response = await fetch(`http://127.0.0.1:${gateway.ports.http}/metrics`);
    const seconds = new Map(
      [
        ...(await response.text()).matchAll(
          /^gatekeeper_certificate_expiry_timestamp_seconds\{file="([^"]*)"\} (\d+)$/gm,
        ),
      ].map(([, file, value]) => [file, Number(value)]),
    );
    assert.deepEqual([...seconds.keys()].sort(), ['tls/later.pem', 'tls/soon.pem', 'tls_cert.pem']);
    const days = (file: string) => ((seconds.get(file) ?? 0) - Date.now() / 1000) / 86_400;
    assert.ok(days('tls_cert.pem') < 0);
    assert.equal(Math.ceil(days('tls/soon.pem')), 20);
    assert.equal(Math.ceil(days('tls/later.pem')), 90);
  });

  void it('is told of by `gatekeeper check`, which would let it start', async () => {
    const { code, out } = await gatekeeper(['check', '--json'], { haraka: gateway.dir });
    assert.equal(code, 0);
    const { warnings } = JSON.parse(out) as { warnings: readonly string[] };
    assert.match(
      warnings.join('\n'),
      /^the certificate in tls_cert.pem has expired on .*\nthe certificate in tls\/soon.pem expires on /,
    );
  });
});

/** The same, over since yesterday. */
function expired({ cert, key }: Issued): Issued {
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-expired-'));
  const [certFile, keyFile] = [join(folder, 'cert'), join(folder, 'key')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const args = ['x509', '-in', certFile, '-signkey', keyFile, '-days', '-1'];
  const signed = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  rmSync(folder, { recursive: true });
  return { cert: signed, key };
}
