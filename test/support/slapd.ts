import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePorts } from './ports.ts';

const slapdProgram = '/usr/sbin/slapd';

export interface SlapdTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Slapd {
  readonly port: number;
  /** Answers StartTLS too when the server has certificates. */
  readonly url: string;
  readonly tlsPort: number;
  /** Of the process that runs now. */
  readonly pid: () => number;
  /** Stops it where it stands: it is connected to, and says nothing. Resolves when all its threads stand. */
  readonly pause: () => Promise<void>;
  readonly resume: () => void;
  /** Ends the server without a goodbye, as a crash would. */
  readonly kill: () => Promise<void>;
  /** Ends it as an administrator does. */
  readonly end: () => Promise<void>;
  /** Starts it again on the same ports with the same data. */
  readonly start: () => Promise<void>;
  /** Ends the server and removes its files. */
  readonly stop: () => Promise<void>;
}

/** A slapd of our own for `dc=corp,dc=example`, on free ports of the loopback address. */
export async function startSlapd(options: {
  readonly ldif: string;
  readonly tls?: SlapdTls;
  /** Lines `access to …` of slapd.conf, instead of letting everybody read who has logged in. */
  readonly access?: string;
  /** Modules of slapd that the database is laid over with, and their settings. */
  readonly overlays?: readonly Overlay[];
  /** LDIF that changes cn=config before the start. */
  readonly configLdif?: string;
}): Promise<Slapd> {
  const folder = await mkdtemp(join(tmpdir(), 'gatekeeper-slapd-'));
  const [port, tlsPort] = await freePorts(2);
  const file = await load(folder, options.ldif, options, ['-q']);
  const config =
    options.configLdif === undefined ? ['-f', file] : ['-F', await convert(folder, file, options.configLdif)];
  const url = `ldap://127.0.0.1:${port}`;
  const listeners = options.tls === undefined ? url : `${url} ldaps://127.0.0.1:${tlsPort}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawn(slapdProgram, ['-d', '0', ...config, '-h', listeners], { stdio: 'ignore' });
    await untilItListens(port, child);
  }

  async function endBy(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  const kill = (): Promise<void> => endBy('SIGKILL');

  async function stop(): Promise<void> {
    await kill();
    await rm(folder, { recursive: true, force: true });
  }

  function pid(): number {
    if (child?.pid === undefined) throw new Error(`${slapdProgram} does not run`);
    return child.pid;
  }

  async function pause(): Promise<void> {
    process.kill(pid(), 'SIGSTOP');
    while (!threadsOf(pid()).every((state) => state === 'T')) await sleep(2);
  }

  const resume = () => void process.kill(pid(), 'SIGCONT');

  await start();
  return { port, url, tlsPort, pid, pause, resume, kill, end: () => endBy('SIGTERM'), start, stop };
}

/** The states of all threads of a process (proc(5)): on a machine that is busy they do not all stop at once. */
function threadsOf(pid: number): string[] {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).map((thread) => {
    const line = readFileSync(`${threads}/${thread}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2)[0] ?? '';
  });
}

/** Writes the configuration and runs slapadd with it; resolves to its path. */
async function load(
  folder: string,
  ldif: string,
  how: Configured,
  flags: readonly string[],
): Promise<string> {
  const [config, data] = [join(folder, 'slapd.conf'), join(folder, 'people.ldif')];
  await mkdir(join(folder, 'db'));
  await writeFile(config, configuration(folder, how));
  await writeFile(data, ldif);
  await promisify(execFile)('/usr/sbin/slapadd', [...flags, '-f', config, '-l', data]);
  return config;
}

/** Makes a cn=config of a slapd.conf, as Debian's slapd has one, and changes it; resolves to its folder. */
async function convert(folder: string, file: string, ldif: string): Promise<string> {
  const [target, changes] = [join(folder, 'slapd.d'), join(folder, 'config.ldif')];
  await mkdir(target);
  await writeFile(changes, ldif);
  await promisify(execFile)('/usr/sbin/slaptest', ['-f', file, '-F', target]);
  await promisify(execFile)('/usr/sbin/slapmodify', ['-n', '0', '-F', target, '-l', changes]);
  return target;
}

/** Such as ppolicy, with its lines of slapd.conf. */
export interface Overlay {
  readonly name: string;
  readonly lines?: readonly string[];
}

interface Configured {
  readonly overlays?: readonly Overlay[];
  readonly tls?: SlapdTls;
  readonly access?: string;
}

const usersRead =
  'access to attrs=userPassword by anonymous auth by * none\naccess to * by users read by * none';

function configuration(folder: string, { tls, access = usersRead, overlays = [] }: Configured): string {
  const schemas = ['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `/etc/ldap/schema/${name}.schema`);
  const own = fileURLToPath(new URL('../../config/system/openldap/gatekeeper.schema', import.meta.url));
  const certificates = tls && [
    `TLSCACertificateFile ${tls.caFile}`,
    `TLSCertificateFile ${tls.certFile}`,
    `TLSCertificateKeyFile ${tls.keyFile}`,
  ];
  const lines = [
    ...[...schemas, own].map((file) => `include ${file}`),
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    ...overlays.map(({ name }) => `moduleload ${name}`),
    `pidfile ${join(folder, 'slapd.pid')}`,
    ...(certificates ?? []),
    'database mdb',
    'suffix dc=corp,dc=example',
    // In whose name overlays write; nobody can bind as it.
    'rootdn cn=overlays,dc=corp,dc=example',
    `directory ${join(folder, 'db')}`,
    'dbnosync',
    'index objectClass,uid,mail,mailAlternateAddress eq',
    access,
    ...overlays.flatMap(({ name, lines: own = [] }) => [`overlay ${name}`, ...own]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Whether slapadd would take an LDIF; rejects with its complaint. */
export async function dryRun(ldif: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gatekeeper-slapd-'));
  try {
    await load(folder, ldif, {}, ['-u']);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Whether a slapd with cn=config takes the schema of an LDIF, and then the entries of another; rejects with its complaint. */
export async function loadSchema(schema: string, ldif: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gatekeeper-slapd-'));
  try {
    const [config, own, data] = ['slapd.conf', 'schema.ldif', 'people.ldif'].map((name) =>
      join(folder, name),
    );
    const plain = configuration(folder, {}).replace(/^include .*gatekeeper.*\n|,mailAlternateAddress/gm, '');
    await Promise.all(
      [
        [config, plain],
        [own, schema],
        [data, ldif],
      ].map(([file = '', text = '']) => writeFile(file, text)),
    );
    await mkdir(join(folder, 'db'));
    const add = promisify(execFile);
    // Without its files a database cannot be opened, nor its settings converted.
    await add('/usr/sbin/slapadd', ['-f', config ?? '', '-l', '/dev/null']);
    const target = await convert(folder, config ?? '', '');
    await add('/usr/sbin/slapadd', ['-n', '0', '-F', target, '-l', own ?? '']);
    await add('/usr/sbin/slapadd', ['-n', '1', '-F', target, '-l', data ?? '']);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function untilItListens(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${slapdProgram} ended with code ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await sleep(10);
  }
  throw new Error(`${slapdProgram} does not listen on port ${port}`);
}
