import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { certificateIn } from '../../scripts/demo/certificates.ts';
import { varDir } from '../../scripts/demo/instance.ts';
import { eventsWith, eventually } from '../support/gateway.ts';
import { startPostfixRelay } from '../support/postfix-relay.ts';
import {
  removeCertificates,
  shown,
  startCertificateScene,
  type CertificateScene,
} from './certificate-scene.ts';

const from = 'app@corp.example';

interface Sender {
  readonly port: number;
  readonly folder: string;
  readonly file: string;
  readonly to: string;
}

/** Rejects with what the program said when it failed. */
async function run(program: string, args: readonly string[], input?: Buffer): Promise<void> {
  const running = promisify(execFile)(program, args, { timeout: 20_000 });
  running.child.stdin?.end(input);
  await running;
}

const programs: Readonly<Record<string, (sender: Sender) => Promise<void>>> = {
  curl: ({ port, folder, file, to }) =>
    run('curl', [
      ...['--silent', '--show-error', '--cacert', join(folder, 'ca.pem'), '--ssl-reqd'],
      ...['--cert', join(folder, 'app.pem'), '--url', `smtp://localhost:${port}/client.example`],
      ...['--user', `${from}:`, '--login-options', 'AUTH=EXTERNAL'],
      ...['--mail-from', from, '--mail-rcpt', to, '--upload-file', file],
    ]),
  msmtp: ({ port, folder, file, to }) =>
    run(
      'msmtp',
      [
        ...['--file=/dev/null', '--host=localhost', `--port=${port}`, '--tls=on', '--tls-starttls=on'],
        ...[`--tls-trust-file=${join(folder, 'ca.pem')}`, `--tls-cert-file=${join(folder, 'app.pem')}`],
        ...[`--tls-key-file=${join(folder, 'app.pem')}`, '--auth=external', `--user=${from}`],
        ...[`--from=${from}`, '--', to],
      ],
      readFileSync(file),
    ),
  // It knows no EXTERNAL: without AUTH.
  swaks: ({ port, folder, file, to }) =>
    run('swaks', [
      ...['--server', 'localhost', '--port', String(port), '--tls', '--tls-ca-path', join(folder, 'ca.pem')],
      ...['--tls-verify', '--tls-cert', join(folder, 'app.pem'), '--tls-key', join(folder, 'app.pem')],
      ...['--from', from, '--to', to, '--data', `@${file}`],
    ]),
  postfix: async ({ port, folder, file, to }) => {
    const relay = startPostfixRelay({
      ...{ port, folder, implicitTls: false, caFile: join(folder, 'ca.pem'), user: '', password: '' },
      certificateFile: join(folder, 'app.pem'),
    });
    try {
      await relay.send({ from, to, file });
    } finally {
      await relay.stop();
    }
  },
};

void describe('real clients with a certificate', () => {
  let scene: CertificateScene;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-clients-'));
    writeFileSync(join(folder, 'ca.pem'), certificateIn(varDir).cert);
    writeFileSync(join(folder, 'app.pem'), `${shown.app.cert}${shown.app.key}`);
    const more = { mail_servers: [{ name: 'app', owner: 'dave', account: from }] };
    scene = await startCertificateScene({ certificates: { external: 'on', implicit: 'mail_servers' }, more });
  });
  after(async () => {
    await scene.stop();
    removeCertificates();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [program, send] of Object.entries(programs)) {
    for (const port of program === 'postfix' || program === 'swaks'
      ? (['submission', 'mx'] as const)
      : (['submission'] as const)) {
      void it(`${program} sends by way of the port for ${port}`, async () => {
        const to = `${program}-${port}@partner.example`;
        const file = join(folder, `${program}-${port}.eml`);
        writeFileSync(file, `From: ${from}\r\nTo: ${to}\r\nSubject: ${program}\r\n\r\nGood morning.\r\n`);
        await send({ port: scene.gateway.ports[port], folder, file, to });
        await eventually(
          'the message',
          () => scene.gateway.delivered().find(({ envelope }) => envelope.to.includes(to)),
          15_000,
        );
        const accepted = await eventually('the event', () =>
          scene.gateway
            .events()
            .find(({ check, recipients }) => check === 'outbound/gate' && recipients?.includes(to)),
        );
        assert.equal(accepted.identity, from);
        assert.match(accepted.credential ?? '', /^certificate:/);
      });
    }
  }

  void it('curl and msmtp have logged in', async () => {
    const logins = await eventsWith(scene.gateway, { check: 'auth/login' }, 2);
    assert.deepEqual(
      logins.map(({ mechanism, verdict }) => `${mechanism} ${verdict}`),
      ['EXTERNAL pass', 'EXTERNAL pass'],
    );
  });
});
