import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { certificateIn } from '../../scripts/demo/certificates.ts';
import { varDir } from '../../scripts/demo/instance.ts';
import { eventually, eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startPostfixRelay } from '../support/postfix-relay.ts';

const require = createRequire(import.meta.url);

/** Somebody who sends a message with a program of her own; the certificate is verified. */
interface Sender {
  readonly port: number;
  readonly implicitTls: boolean;
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
  readonly from: string;
  readonly to: string;
  /** A message as a file. */
  readonly file: string;
  /** For files of the program. */
  readonly folder: string;
}

/** Resolves to what the program printed; rejects, with that as its message, when it failed. */
type Program = (sender: Sender) => Promise<string>;

function run(program: string, args: readonly string[], input: string | Buffer = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`));
      else resolve(stdout + stderr);
    });
    // Some do not read it, and some end before they have: their exit code tells.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

const swaks: Program = ({ port, implicitTls, caFile, user, password, from, to, file }) =>
  run('swaks', [
    ...['--server', 'localhost', '--port', String(port), implicitTls ? '--tls-on-connect' : '--tls'],
    ...['--tls-verify', '--tls-ca-path', caFile, '--auth', 'PLAIN'],
    ...['--auth-user', user, '--auth-password', password, '--from', from, '--to', to, '--data', `@${file}`],
  ]);

const curl: Program = ({ port, implicitTls, caFile, user, password, from, to, file }) =>
  run('curl', [
    ...['--silent', '--show-error', '--verbose', '--cacert', caFile, '--ssl-reqd'],
    ...['--url', `${implicitTls ? 'smtps' : 'smtp'}://localhost:${port}/client.example`],
    ...['--user', `${user}:${password}`, '--mail-from', from, '--mail-rcpt', to, '--upload-file', file],
  ]);

const msmtp: Program = ({ port, implicitTls, caFile, user, password, from, to, file }) => {
  const settings = [
    ...['--file=/dev/null', '--host=localhost', `--port=${port}`, '--tls=on', `--tls-trust-file=${caFile}`],
    ...[`--tls-starttls=${implicitTls ? 'off' : 'on'}`, '--auth=on', `--user=${user}`, `--from=${from}`],
  ];
  return run('msmtp', [...settings, `--passwordeval=echo ${password}`, '--', to], readFileSync(file));
};

const smtplib: Program = (sender) => {
  const script = `
import json, smtplib, ssl, sys
s = json.load(sys.stdin)
context = ssl.create_default_context(cafile=s['caFile'])
if s['implicitTls']:
    client = smtplib.SMTP_SSL('localhost', s['port'], context=context)
else:
    client = smtplib.SMTP('localhost', s['port'])
    client.starttls(context=context)
client.login(s['user'], s['password'])
client.sendmail(s['from'], [s['to']], open(s['file'], 'rb').read())
client.quit()
`;
  return run('python3', ['-c', script], JSON.stringify(sender));
};

/** As far as it is used here; it is not typed. */
interface Nodemailer {
  createTransport(options: object): {
    sendMail(message: object): Promise<{ response: string }>;
    close(): void;
  };
}

const nodemailer: Program = async ({ port, implicitTls, caFile, user, password, from, to, file }) => {
  const library = require('nodemailer') as Nodemailer;
  const transport = library.createTransport({
    ...{ host: 'localhost', port, secure: implicitTls, requireTLS: true },
    ...{ tls: { ca: readFileSync(caFile) }, auth: { user, pass: password } },
  });
  const { response } = await transport.sendMail({ envelope: { from, to }, raw: { path: file } });
  transport.close();
  return response;
};

/** A mail server that hands all its mail to the gateway, with an account of its own. */
const postfix: Program = async (sender) => {
  const relay = startPostfixRelay(sender);
  try {
    return await relay.send(sender);
  } finally {
    await relay.stop();
  }
};

const programs = { swaks, curl, msmtp, smtplib, nodemailer, postfix };

void describe('real clients', () => {
  let gateway: TestGateway;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-clients-'));
    writeFileSync(join(folder, 'ca.pem'), certificateIn(varDir).cert);
    gateway = await startTestGateway();
  });
  after(async () => {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });

  const senderFor = (name: string, implicitTls: boolean, password: string): Sender => {
    const file = join(folder, `${name}.eml`);
    const [user, to] = ['exchange@corp.example', `${name}@partner.example`];
    writeFileSync(file, `From: ${user}\r\nTo: ${to}\r\nSubject: ${name}\r\n\r\nGood morning.\r\n`);
    const port = gateway.ports[implicitTls ? 'implicit' : 'submission'];
    return {
      ...{ port, implicitTls, caFile: join(folder, 'ca.pem'), file, folder },
      user,
      password,
      from: user,
      to,
    };
  };

  for (const [program, send] of Object.entries(programs)) {
    for (const [how, implicitTls] of [
      ['STARTTLS', false],
      ['implicit TLS', true],
    ] as const) {
      void it(`${program} sends over ${how}`, async () => {
        const sender = senderFor(`${program}-${implicitTls ? 465 : 587}`, implicitTls, 'pw-exchange');
        await send(sender);
        const message = await eventually(
          'the message',
          () => gateway.delivered().find(({ envelope }) => envelope.to.includes(sender.to)),
          15_000,
        );
        assert.match(message.bytes.toString(), /Good morning\./);
        const login = await eventWith(gateway, { check: 'auth/login', login: sender.user });
        assert.equal(login.verdict, 'pass');
      });
    }

    void it(`${program} is told of a wrong password`, async () => {
      const sender = senderFor(`${program}-wrong`, false, 'pw-wrong');
      await assert.rejects(send(sender), /535[ -]5\.7\.8|\(535,/);
      assert.ok(!gateway.delivered().some(({ envelope }) => envelope.to.includes(sender.to)));
    });
  }
});
