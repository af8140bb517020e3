import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate with its key, as files for slapd and as text for Node.js. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** An authority of our own, which lives for one test run. */
export interface Authority {
  readonly caFile: string;
  readonly ca: string;
  /** Signs a certificate for these names, such as `DNS:localhost` or `IP:127.0.0.1`. */
  readonly issue: (...names: readonly string[]) => Promise<Certificate>;
  readonly remove: () => Promise<void>;
}

export async function createAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'gatekeeper-ca-'));
  const file = (name: string): string => join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const root = [
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=test CA',
  ];
  await run('openssl', ['req', ...root]);
  let serial = 0;

  async function issue(...names: readonly string[]): Promise<Certificate> {
    serial += 1;
    const [certFile, keyFile, csr, extensions] = ['pem', 'key', 'csr', 'ext'].map((end) =>
      file(`${serial}.${end}`),
    ) as [string, string, string, string];
    await writeFile(extensions, `subjectAltName=${names.join(',')}\n`);
    await run('openssl', [
      'req',
      ...newKey,
      '-keyout',
      keyFile,
      '-out',
      csr,
      '-subj',
      `/CN=server ${serial}`,
    ]);
    const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-set_serial', String(serial)];
    await run('openssl', [
      'x509',
      '-req',
      '-in',
      csr,
      ...signer,
      '-days',
      '2',
      '-extfile',
      extensions,
      '-out',
      certFile,
    ]);
    return {
      certFile,
      keyFile,
      cert: await readFile(certFile, 'utf8'),
      key: await readFile(keyFile, 'utf8'),
    };
  }

  const ca = await readFile(file('ca.pem'), 'utf8');
  return { caFile: file('ca.pem'), ca, issue, remove: () => rm(folder, { recursive: true, force: true }) };
}
