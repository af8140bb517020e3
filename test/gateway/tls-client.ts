import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

export const listeners = ['mx', 'submission', 'implicit'] as const;
export type Listener = (typeof listeners)[number];

/** A client as OpenSSL has it, which shows what it is told to, and speaks whatever is old. */
export interface OpensslClient {
  readonly port: number;
  readonly isImplicit: boolean;
  /** Address on loopback that it comes from. */
  readonly from?: string;
  /** Arguments of `openssl s_client`. */
  readonly args: readonly string[];
  /** Commands, each said after the reply to the one before. */
  readonly says: readonly string[];
}

const longestMs = 15_000;

// That of the machine may forbid what is to be tried.
const env = { ...process.env, OPENSSL_CONF: '/dev/null' };

/** Whether the server of a port asks whoever comes for a certificate. */
export async function isAskedForCertificate(port: number, isImplicit: boolean): Promise<boolean> {
  const start = isImplicit ? [] : ['-starttls', 'smtp', '-name', 'client.example'];
  const args = ['s_client', '-msg', '-connect', `127.0.0.1:${port}`, ...start];
  const running = promisify(execFile)('openssl', args, { env, timeout: longestMs });
  running.child.stdin?.end();
  const { stdout } = await running;
  assert.match(stdout, /ServerHello/);
  return stdout.includes('CertificateRequest');
}

/** The reply to the last command, or to the one that was refused; `no handshake` where TLS did not begin. */
export async function askWithOpenssl({ port, isImplicit, from, args, says }: OpensslClient): Promise<string> {
  const start = isImplicit ? [] : ['-starttls', 'smtp', '-name', 'client.example'];
  const where = ['-connect', `127.0.0.1:${port}`, ...(from === undefined ? [] : ['-bind', `${from}:0`])];
  const child = spawn('openssl', ['s_client', '-quiet', ...where, ...start, ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env,
    timeout: longestMs,
  });
  const waiting = ['EHLO client.example', ...says];
  let heard = '';
  let last = 'no handshake';
  const sayNext = () => child.stdin.write(`${waiting.shift() ?? 'QUIT'}\r\n`);
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => {
    heard += chunk.toString('utf8');
    for (;;) {
      const [whole, reply] = /^(?:\d{3}-.*\r?\n)*(\d{3} .*)\r?\n/.exec(heard) ?? [];
      if (whole === undefined || reply === undefined) return;
      heard = heard.slice(whole.length);
      if (reply.startsWith('221')) continue;
      last = reply;
      if (/^[45]/.test(reply)) waiting.length = 0;
      sayNext();
    }
  });
  // After STARTTLS nobody greets.
  if (!isImplicit) sayNext();
  await new Promise((resolve) => child.once('close', resolve));
  return last;
}
