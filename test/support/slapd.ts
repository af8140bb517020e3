import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

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
  /** Ends the server without a goodbye, as a crash would. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same ports with the same data. */
  readonly start: () => Promise<void>;
  /** Ends the server and removes its files. */
  readonly stop: () => Promise<void>;
}

/** A slapd of our own for `dc=corp,dc=example`, on free ports of the loopback address. */
export async function startSlapd(options: {
  readonly ldif: string;
  readonly tls?: SlapdTls;
}): Promise<Slapd> {
  const folder = await mkdtemp(join(tmpdir(), 'gatekeeper-slapd-'));
  const [port, tlsPort] = await freePorts();
  const config = join(folder, 'slapd.conf');
  const ldif = join(folder, 'people.ldif');
  await mkdir(join(folder, 'db'));
  await writeFile(config, configuration(folder, options.tls));
  await writeFile(ldif, options.ldif);
  await promisify(execFile)('/usr/sbin/slapadd', ['-q', '-f', config, '-l', ldif]);
  const url = `ldap://127.0.0.1:${port}`;
  const listeners = options.tls === undefined ? url : `${url} ldaps://127.0.0.1:${tlsPort}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawn(slapdProgram, ['-d', '0', '-f', config, '-h', listeners], { stdio: 'ignore' });
    await untilItListens(port, child);
  }

  async function kill(): Promise<void> {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async function stop(): Promise<void> {
    await kill();
    await rm(folder, { recursive: true, force: true });
  }

  await start();
  return { port, url, tlsPort, kill, start, stop };
}

function configuration(folder: string, tls: SlapdTls | undefined): string {
  const schemas = ['core', 'cosine', 'inetorgperson'].map((name) => `/etc/ldap/schema/${name}.schema`);
  const own = fileURLToPath(new URL('mail-account.schema', import.meta.url));
  const certificates = tls && [
    `TLSCACertificateFile ${tls.caFile}`,
    `TLSCertificateFile ${tls.certFile}`,
    `TLSCertificateKeyFile ${tls.keyFile}`,
  ];
  const lines = [
    ...[...schemas, own].map((file) => `include ${file}`),
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    `pidfile ${join(folder, 'slapd.pid')}`,
    ...(certificates ?? []),
    'database mdb',
    'suffix dc=corp,dc=example',
    `directory ${join(folder, 'db')}`,
    'dbnosync',
    'index objectClass,uid,mail,mailAlternateAddress eq',
    'access to attrs=userPassword by anonymous auth by * none',
    'access to * by users read by * none',
  ];
  return `${lines.join('\n')}\n`;
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
  const [first, second] = servers.map((server) => (server.address() as AddressInfo).port) as [number, number];
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [first, second];
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

/** One person as LDIF (RFC 2849); values that are not plain ASCII are encoded. */
function person(rdn: string, attributes: Readonly<Record<string, string | readonly string[]>>): string {
  const line = (name: string, value: string): string =>
    /^[!-~][ -~]*$/.test(value) && !/^[:<]|\s$/.test(value)
      ? `${name}: ${value}`
      : `${name}:: ${Buffer.from(value).toString('base64')}`;
  const all = { objectClass: ['inetOrgPerson', 'mailAccount'], cn: 'x', sn: 'x', ...attributes };
  const values = Object.entries(all).flatMap(([name, value]) => [value].flat().map((one) => line(name, one)));
  return [line('dn', `${rdn},ou=people,dc=corp,dc=example`), ...values].join('\n');
}

/** The people of the directory tests: alice, bob, a retired account, and names and addresses that are hard to get right. */
export const peopleLdif = `${[
  'dn: dc=corp,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: Corp\ndc: corp',
  'dn: ou=people,dc=corp,dc=example\nobjectClass: organizationalUnit\nou: people',
  'dn: ou=services,dc=corp,dc=example\nobjectClass: organizationalUnit\nou: services',
  `dn: cn=gatekeeper,ou=services,dc=corp,dc=example
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: gatekeeper
userPassword: pw-gatekeeper`,
  person('uid=alice', {
    uid: 'alice',
    mail: 'alice@corp.example',
    mailAlternateAddress: 'alice.smith@corp.example',
    accountStatus: 'active',
    userPassword: 'pw-alice',
  }),
  person('uid=bob', { uid: 'bob', mail: 'bob@corp.example', userPassword: 'pw-bob' }),
  person('uid=retired', {
    uid: 'retired',
    mail: 'retired@corp.example',
    accountStatus: 'Disabled',
    userPassword: 'pw-retired',
  }),
  person('uid=twin1', { uid: 'twin1', mail: 'twin@corp.example', userPassword: 'pw-twin' }),
  person('uid=twin2', { uid: 'twin2', mail: 'twin@corp.example', userPassword: 'pw-twin' }),
  person('uid=nomail', { uid: 'nomail', userPassword: 'pw-nomail' }),
  person('uid=badmail', {
    uid: 'badmail',
    mail: ['not an address', 'good@corp.example'],
    userPassword: 'pw-badmail',
  }),
  person('uid=comma\\,name', { uid: 'comma,name', mail: 'comma@corp.example', userPassword: 'pw-comma' }),
  person('uid=plus\\+q\\"h\\#\\;a\\<b\\>\\\\', {
    uid: 'plus+q"h#;a<b>\\',
    mail: 'plus@corp.example',
    userPassword: 'pw-plus',
  }),
  person('uid=žluťoučký', { uid: 'žluťoučký', userPassword: 'heslo-ž€😀' }),
  'dn: ou=elsewhere,dc=corp,dc=example\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://127.0.0.1:9/ou=elsewhere,dc=corp,dc=example',
].join('\n\n')}\n`;
