import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { certificateIn } from '../../scripts/demo/certificates.ts';
import { varDir } from '../../scripts/demo/instance.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { token } from '../support/oauth.ts';
import { alice, issuerScene } from './oauth-scene.ts';

const require = createRequire(import.meta.url);
const scene = issuerScene();

type Mechanism = 'OAUTHBEARER' | 'XOAUTH2';

/** Alice, who sends a message with a program of hers. */
interface Sender {
  readonly port: number;
  readonly caFile: string;
  readonly token: string;
  readonly to: string;
  readonly message: string;
  readonly mechanism: Mechanism;
}

/** Resolves when the program has sent it; rejects, with what it printed, when it failed. */
type Program = (sender: Sender) => Promise<unknown>;

function run(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`));
      else resolve(stdout + stderr);
    });
    // Some end before they have read it: their exit code tells.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Of the two it takes the newer one wherever it is offered. */
const curl: Program = ({ port, caFile, token: bearer, to, message }) =>
  run(
    'curl',
    [
      ...['--silent', '--show-error', '--verbose', '--cacert', caFile, '--ssl-reqd'],
      ...['--url', `smtp://localhost:${port}/client.example`],
      ...['--user', `${alice}:`, '--oauth2-bearer', bearer],
      ...['--mail-from', alice, '--mail-rcpt', to, '--upload-file', '-'],
    ],
    message,
  );

const msmtp: Program = ({ port, caFile, token: bearer, to, message, mechanism }) =>
  run(
    'msmtp',
    [
      ...['--file=/dev/null', '--host=localhost', `--port=${port}`, '--tls=on', `--tls-trust-file=${caFile}`],
      ...['--tls-starttls=on', `--auth=${mechanism.toLowerCase()}`, `--user=${alice}`, `--from=${alice}`],
      ...[`--passwordeval=echo ${bearer}`, '--', to],
    ],
    message,
  );

const smtplib: Program = (sender) => {
  const script = `
import json, smtplib, ssl, sys
s = json.load(sys.stdin)
client = smtplib.SMTP('localhost', s['port'])
client.starttls(context=ssl.create_default_context(cafile=s['caFile']))
client.ehlo()
head = 'user=' + s['from'] if s['mechanism'] == 'XOAUTH2' else 'n,a=' + s['from'] + ','
client.auth(s['mechanism'], lambda challenge=None: '' if challenge else head + '\\1auth=Bearer ' + s['token'] + '\\1\\1')
client.sendmail(s['from'], [s['to']], s['message'])
client.quit()
`;
  return run('python3', ['-c', script], JSON.stringify({ ...sender, from: alice }));
};

/** As far as it is used here; it is not typed. */
interface Nodemailer {
  createTransport(options: object): { sendMail(message: object): Promise<unknown>; close(): void };
}

const nodemailer: Program = async ({ port, caFile, token: accessToken, to, message }) => {
  const library = require('nodemailer') as Nodemailer;
  const transport = library.createTransport({
    ...{ host: 'localhost', port, requireTLS: true, tls: { ca: readFileSync(caFile) } },
    auth: { type: 'OAuth2', user: alice, accessToken },
  });
  try {
    return await transport.sendMail({ envelope: { from: alice, to }, raw: message });
  } finally {
    transport.close();
  }
};

const programs: readonly { readonly name: string; readonly send: Program; readonly mechanism: Mechanism }[] =
  [
    { name: 'curl', send: curl, mechanism: 'OAUTHBEARER' },
    { name: 'msmtp', send: msmtp, mechanism: 'OAUTHBEARER' },
    { name: 'msmtp', send: msmtp, mechanism: 'XOAUTH2' },
    { name: 'smtplib', send: smtplib, mechanism: 'OAUTHBEARER' },
    { name: 'smtplib', send: smtplib, mechanism: 'XOAUTH2' },
    { name: 'nodemailer', send: nodemailer, mechanism: 'XOAUTH2' },
  ];

void describe('real clients with tokens', () => {
  let gateway: TestGateway;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-clients-'));
    writeFileSync(join(folder, 'ca.pem'), certificateIn(varDir).cert);
    gateway = await startTestGateway({ settings: { oauth: scene.oauth() }, config: scene.config() });
  });
  after(async () => {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });

  for (const { name, send, mechanism } of programs) {
    const sender = async (claims: object) => {
      const to = `${name}-${mechanism.toLowerCase()}@partner.example`;
      return {
        ...{ port: gateway.ports.submission, caFile: join(folder, 'ca.pem'), to, mechanism },
        token: await token(scene.key, { claims: { ...claims } }),
        message: `From: ${alice}\r\nTo: ${to}\r\nSubject: ${name}\r\n\r\nGood morning.\r\n`,
      };
    };

    void it(`${name} sends by ${mechanism}`, async () => {
      const given = await sender({});
      await send(given);
      const isThere = () => gateway.delivered().find(({ envelope }) => envelope.to.includes(given.to));
      assert.match((await eventually('the message', isThere, 15_000)).bytes.toString(), /Good morning\./);
      const event = gateway
        .events()
        .findLast(({ check, verdict }) => check === 'auth/login' && verdict === 'pass');
      assert.deepEqual([event?.mechanism, event?.identity], [mechanism, alice]);
    });

    void it(`${name} is told by ${mechanism} that its token has expired`, async () => {
      const told = () => gateway.events().filter(({ reason }) => reason === 'bad-credentials');
      const before = told().length;
      await assert.rejects(send(await sender({ exp: 1 })), /535|authentication failed|Login denied/i);
      const event = await eventually('the event', () => told()[before]);
      assert.equal(event.mechanism, mechanism);
      assert.equal(event.detail, 'token-expired: since 1970-01-01T00:00:01.000Z');
    });
  }
});
