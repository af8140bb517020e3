import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './ports.ts';

export interface Postgresql {
  readonly port: number;
  /** Of the superuser, who needs a password but on the socket. */
  readonly user: string;
  readonly passwordFile: string;
  /** Where its socket is. */
  readonly folder: string;
  /** Runs SQL in a database; throws where it fails. */
  readonly sql: (database: string, text: string) => string;
  /** From the next connection on it has another certificate, or no TLS. */
  readonly show: (tls: PostgresqlTls | undefined) => Promise<void>;
  /** Ends it as a crash would. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface PostgresqlTls {
  readonly cert: string;
  readonly key: string;
}

/** The newest that Debian has installed. */
function programs(): string {
  const base = '/usr/lib/postgresql';
  const [newest = ''] = readdirSync(base).sort((a, b) => Number(b) - Number(a));
  return join(base, newest, 'bin');
}

/** A PostgreSQL of our own, on a free port of the loopback address and a socket. It refuses to be run by root. */
export async function startPostgresql({ tls }: { readonly tls?: PostgresqlTls } = {}): Promise<Postgresql> {
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-postgresql-'));
  const [port] = await freePorts(1);
  const who = userInfo().uid === 0 ? idsOf('postgres') : undefined;
  const owned = (path: string) => who && chownSync(path, who.uid, who.gid);
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    owned(path);
    return path;
  };
  owned(folder);
  const [user, data] = ['gatekeeper', join(folder, 'data')];
  const passwordFile = write('password', 'a secret of the tests\n');
  const bin = programs();
  const run = (program: string, args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(join(bin, program), args, { ...who, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
    return stdout;
  };
  run('initdb', [
    ...['-D', data, '-U', user, '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--pwfile', passwordFile],
    ...['--auth-local=trust', '--auth-host=scram-sha-256'],
  ]);
  const settings = ['-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'];
  const certify = (shown: PostgresqlTls | undefined) => {
    const [cert, key] = shown ? [write('tls.crt', shown.cert), write('tls.key', shown.key)] : [];
    const files = shown ? `ssl_cert_file='${cert}'\nssl_key_file='${key}'\n` : '';
    write('data/postgresql.auto.conf', `ssl=${shown ? 'on' : 'off'}\n${files}`);
  };
  certify(tls);
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(join(bin, 'postgres'), ['-D', data, ...settings], { ...who, stdio: 'ignore' });
    while (spawnSync(join(bin, 'pg_isready'), ['-q', '-h', folder, '-p', String(port)]).status !== 0) {
      if (child.exitCode !== null) throw new Error('PostgreSQL did not start');
      await sleep(20);
    }
  };
  const endBy = async (signal: 'SIGQUIT' | 'SIGINT') => {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  await start();
  const sql = (database: string, text: string) => {
    const where = ['-h', folder, '-p', String(port), '-U', user, '-d', database];
    return run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...where, '-c', text]);
  };
  return {
    ...{ port, user, passwordFile, folder, start, sql },
    show: async (shown) => {
      certify(shown);
      const before = sql('postgres', 'SELECT pg_conf_load_time()');
      sql('postgres', 'SELECT pg_reload_conf()');
      while (sql('postgres', 'SELECT pg_conf_load_time()') === before) await sleep(20);
    },
    kill: () => endBy('SIGQUIT'),
    stop: async () => {
      await endBy('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function idsOf(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout);
  return { uid: id('-u'), gid: id('-g') };
}
