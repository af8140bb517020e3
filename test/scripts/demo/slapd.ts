import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Listening } from '../../../scripts/demo/listening.ts';
import { allReady } from '../../../scripts/demo/ports.ts';
import { freePort } from './free-ports.ts';

const demo = resolve(import.meta.dirname, '../../../scripts/demo');

/** A real slapd with the sample's schema, loaded with an LDIF, on a free port. */
export async function startSlapd(ldif: string): Promise<Listening> {
  const dir = mkdtempSync(join(tmpdir(), 'slapd-'));
  const config = writeConfig(dir);
  execFileSync('/usr/sbin/slapadd', ['-n', '1', '-f', config], { input: ldif, stdio: 'pipe' });
  const port = await freePort();
  const slapd = spawn('/usr/sbin/slapd', ['-d', '0', '-f', config, '-h', `ldap://127.0.0.1:${port}`], {
    stdio: 'ignore',
  });
  await allReady([{ port, manner: 'accepts' }], AbortSignal.timeout(5000));
  return { port, stop: () => stop(slapd, dir) };
}

/** Whether slapadd would take an LDIF; throws with its complaint. */
export function dryRun(ldif: string): void {
  const dir = mkdtempSync(join(tmpdir(), 'slapd-'));
  try {
    execFileSync('/usr/sbin/slapadd', ['-u', '-n', '1', '-f', writeConfig(dir)], {
      input: ldif,
      stdio: 'pipe',
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function writeConfig(dir: string): string {
  mkdirSync(join(dir, 'db'));
  const config = join(dir, 'slapd.conf');
  const schemas = ['core', 'cosine', 'inetorgperson'].map(
    (name) => `include /etc/ldap/schema/${name}.schema`,
  );
  const lines = [
    ...schemas,
    `include ${join(demo, 'mail.schema')}`,
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'database mdb',
    'suffix dc=corp,dc=example',
    `directory ${join(dir, 'db')}`,
    'dbnosync',
    'access to attrs=userPassword by anonymous auth by * none',
    'access to * by dn.exact=cn=gatekeeper,ou=services,dc=corp,dc=example read by * none',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  return config;
}

async function stop(slapd: ChildProcess, dir: string): Promise<void> {
  const ended = once(slapd, 'exit');
  slapd.kill('SIGTERM');
  await ended;
  rmSync(dir, { recursive: true });
}
