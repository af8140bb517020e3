import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { Client } from 'ldapts';
import { Deadline } from '../../plugins/core/deadline.ts';
import type { Directory } from '../../plugins/core/directory/directory.ts';
import { OperationTime } from '../../plugins/core/directory/operation.ts';
import type { DirectorySettings } from '../../plugins/core/directory/settings.ts';
import { Secret } from '../../plugins/core/secret.ts';
import type { AuthTask, Kind, Security } from './auth-scene.ts';

/** Logs in for so many milliseconds, so many at once; how many logins there were. Rejects when one fails. */
type Contest = (task: AuthTask, kind: Kind, crowd: number, milliseconds: number) => Promise<number>;

interface AuthContestant {
  readonly title: string;
  readonly contest: Contest;
  readonly takesPart: (security: Security, kind: Kind) => boolean;
}

const always = () => true;

/** Each is in a process of its own; connections stay open from one turn to the next, where they do at all. */
export const authContestants = {
  libldap: { title: 'libldap, in C', contest: libldap, takesPart: always },
  gatekeeper: { title: 'Gatekeeper', contest: gatekeeper, takesPart: always },
  remembered: {
    title: 'Gatekeeper, remembered',
    contest: remembered,
    takesPart: (_security, kind) => kind === 'search, then bind',
  },
  ldapts: { title: 'ldapts', contest: ldapts, takesPart: always },
  'auth-ldap': {
    title: 'haraka-plugin-auth-ldap',
    contest: authLdap,
    takesPart: (security, kind) => kind === 'bind' && security !== 'StartTLS',
  },
} as const satisfies Record<string, AuthContestant>;

export type AuthContestantName = keyof typeof authContestants;

async function libldap(task: AuthTask, kind: Kind, crowd: number, milliseconds: number): Promise<number> {
  const { url, caFile, startTls, serviceDn, servicePassword, base, dn, password } = task;
  const target = [kind === 'bind' ? 'bind' : 'search', url, caFile, startTls ? 'yes' : 'no'];
  const service = [serviceDn, servicePassword, base, filterFor(task.login)];
  const args = [...target, ...service, dn, password, String(crowd), String(milliseconds)];
  const { stdout } = await promisify(execFile)(task.libldap, args);
  return Number(stdout);
}

function filterFor(login: string): string {
  return `(&(objectClass=inetOrgPerson)(mail=${login}))`;
}

/** Counts what `login` does until the time is over. */
async function count(crowd: number, milliseconds: number, login: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + milliseconds;
  let logins = 0;
  const walk = async (): Promise<void> => {
    for (; performance.now() < end; logins += 1) await login();
  };
  await Promise.all(Array.from({ length: crowd }, walk));
  return logins;
}

/** What is published is measured, not what tsx makes of the sources. */
async function published() {
  const folder = join(import.meta.dirname, '../../dist/core');
  const load = async (file: string) => (await import(join(folder, file))) as unknown;
  return {
    ...((await load('directory/ldap.js')) as typeof import('../../plugins/core/directory/ldap.ts')),
    ...((await load('directory/pool.js')) as typeof import('../../plugins/core/directory/pool.ts')),
    ...((await load(
      'directory/service-account.js',
    )) as typeof import('../../plugins/core/directory/service-account.ts')),
    ...((await load('directory/servers.js')) as typeof import('../../plugins/core/directory/servers.ts')),
    ...((await load('directory/endpoint.js')) as typeof import('../../plugins/core/directory/endpoint.ts')),
    ...((await load('directory/settings.js')) as typeof import('../../plugins/core/directory/settings.ts')),
    ...((await load(
      'directory/remembered.js',
    )) as typeof import('../../plugins/core/directory/remembered.ts')),
  };
}

type Published = Awaited<ReturnType<typeof published>>;

/** Makes something once for each way to the directory. */
function onceFor<T>(make: (task: AuthTask, package_: Published, crowd: number) => T) {
  const made = new Map<string, T>();
  return async (task: AuthTask, crowd: number): Promise<T> => {
    const key = `${task.url} ${task.startTls} ${crowd}`;
    const found = made.get(key) ?? make(task, await published(), crowd);
    made.set(key, found);
    return found;
  };
}

function settingsFor({ directorySettings }: Published, task: AuthTask, crowd: number): DirectorySettings {
  return directorySettings.parse({
    urls: [task.url],
    start_tls: task.startTls,
    bind_dn: task.serviceDn,
    base: task.base,
    connections: crowd,
  });
}

function secretsOf({ caFile, servicePassword }: AuthTask) {
  return { bindPassword: Secret.fromText(servicePassword), ca: readFileSync(caFile, 'utf8') };
}

const poolOf = onceFor((task, package_, crowd) => {
  const endpoint = package_.parseEndpoint(task.url, settingsFor(package_, task, crowd));
  const server = new package_.Servers([endpoint], {
    now: () => performance.now(),
    random: Math.random,
  }).choose();
  const { bindPassword, ca } = secretsOf(task);
  const account = new package_.ServiceAccount({
    ...{ bindDn: task.serviceDn, bindPassword },
    ...{ now: () => performance.now(), log: () => undefined },
  });
  const pool = new package_.Pool({
    ...{ account, trust: createSecureContext({ ca }) },
    ...{ idleMilliseconds: 60_000, connections: crowd },
  });
  return { pool, server };
});

const directoryOf = onceFor((task, package_, crowd) =>
  package_.createLdapDirectory(settingsFor(package_, task, crowd), secretsOf(task)),
);

const memoryOf = onceFor((task, package_, crowd) => {
  const directory = package_.createLdapDirectory(settingsFor(package_, task, crowd), secretsOf(task));
  const times = { acceptedMs: 3_600_000, refusedMs: 0, staleMs: 0, entries: 1000 };
  return package_.remember(directory, { ...times, now: () => performance.now(), onStale: () => undefined });
});

async function gatekeeper(task: AuthTask, kind: Kind, crowd: number, milliseconds: number): Promise<number> {
  if (kind === 'search, then bind') return verify(await directoryOf(task, crowd), task, crowd, milliseconds);
  const { pool, server } = await poolOf(task, crowd);
  return count(crowd, milliseconds, async () => {
    const deadline = new Deadline(10_000, () => new Error('too late'));
    const time = new OperationTime(5000, deadline);
    const proof = await pool.bind(server, task.dn, Secret.fromText(task.password), time);
    deadline.meet();
    if (proof !== 'proven') throw new Error('a right password was refused');
  });
}

async function remembered(task: AuthTask, _kind: Kind, crowd: number, milliseconds: number): Promise<number> {
  return verify(await memoryOf(task, crowd), task, crowd, milliseconds);
}

async function verify(
  directory: Pick<Directory, 'verify'>,
  task: AuthTask,
  crowd: number,
  milliseconds: number,
): Promise<number> {
  return count(crowd, milliseconds, async () => {
    const { kind } = await directory.verify(task.login, Secret.fromText(task.password));
    if (kind !== 'account') throw new Error('a right password was refused');
  });
}

/** As many connections as there are logins at once: its binds must not overlap on one (see docs/decisions/own-ldap-client.md). */
async function ldapts(task: AuthTask, kind: Kind, crowd: number, milliseconds: number): Promise<number> {
  const dial = async (): Promise<Client> => {
    const ca = readFileSync(task.caFile);
    const client = new Client({
      url: task.url,
      ...(task.url.startsWith('ldaps:') && { tlsOptions: { ca } }),
    });
    if (task.startTls) await client.startTLS({ ca });
    return client;
  };
  const clients = await Promise.all(Array.from({ length: crowd }, dial));
  const searchers = await Promise.all(Array.from({ length: kind === 'bind' ? 0 : crowd }, dial));
  for (const searcher of searchers) await searcher.bind(task.serviceDn, task.servicePassword);
  const logins = await count(crowd, milliseconds, async () => {
    // Each walk takes the client that was put back last.
    const client = clients.pop();
    const searcher = searchers.pop();
    if (client === undefined) throw new Error('more logins at once than clients');
    const dn = searcher === undefined ? task.dn : await dnFoundBy(searcher, task);
    await client.bind(dn, task.password);
    clients.push(client);
    if (searcher !== undefined) searchers.push(searcher);
  });
  for (const client of [...clients, ...searchers]) await client.unbind();
  return logins;
}

async function dnFoundBy(searcher: Client, { base, login }: AuthTask): Promise<string> {
  const attributes = ['mail', 'mailAlternateAddress', 'accountStatus'];
  const { searchEntries } = await searcher.search(base, {
    filter: filterFor(login),
    attributes,
    sizeLimit: 2,
  });
  return searchEntries[0]?.dn ?? '';
}

/** As far as it is used here; it is not typed. */
interface AuthLdap {
  cfg: object;
  check_plain_passwd(
    connection: object,
    user: string,
    password: string,
    done: (isRight: boolean) => void,
  ): void;
}

/** A connection for each bind; each login has a plugin of its own, because all of one share a variable. */
async function authLdap(task: AuthTask, _kind: Kind, crowd: number, milliseconds: number): Promise<number> {
  const plugin = createRequire(import.meta.url)('haraka-plugin-auth-ldap') as AuthLdap;
  const cfg = { core: { server: task.url, rejectUnauthorized: false }, dns: { dn: task.dn } };
  const connection = { loginfo: () => undefined };
  return count(crowd, milliseconds, async () => {
    const own = Object.assign(Object.create(plugin) as AuthLdap, { cfg });
    const isRight = await new Promise<boolean>((resolve) => {
      own.check_plain_passwd(connection, task.login, task.password, resolve);
    });
    if (!isRight) throw new Error('a right password was refused');
  });
}
