import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { type Certificate, certificateIn } from './certificates.ts';
import { gatekeeper, localDomains, peopleBase } from './people.ts';

const root = resolve(import.meta.dirname, '../..');

/** Where Haraka itself is installed; GATEKEEPER_HARAKA names the folder of another one. */
export const harakaDir = resolve(process.env['GATEKEEPER_HARAKA'] ?? join(root, 'node_modules/haraka'));

/** Where everything lies that a start makes: the certificate, messages, instances. */
export const varDir = join(root, 'var');

/** The ports of one gateway; without `http` its settings name no HTTP port. */
export interface Ports {
  readonly mx: number;
  readonly submission: number;
  readonly implicit: number;
  readonly http?: number | undefined;
}

export interface InstanceOptions {
  /** Made anew: what an earlier instance left there is removed. */
  readonly dir: string;
  readonly ports: Ports;
  readonly directoryUrl: string;
  readonly sinkPort: number;
  /** Port on loopback of the DNS server that is asked; those of this machine where absent. */
  readonly dnsPort?: number | undefined;
  /** Merged over the default settings; a list replaces a list. */
  readonly settings?: Settings | undefined;
  /** Further files of config/, or other content for ours: written last. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** The lines of config/plugins, without `first` and `last`. */
  readonly plugins?: readonly string[] | undefined;
  /** Plugin files (.js), listed before or after all others. */
  readonly first?: readonly string[] | undefined;
  readonly last?: readonly string[] | undefined;
  /** Worker processes; 0 is one process that does everything. */
  readonly nodes?: number | undefined;
  readonly logLevel?: string | undefined;
  /** The built package. */
  readonly packageDir?: string | undefined;
  readonly certificate?: Certificate | undefined;
}

/** Content of gatekeeper.yaml, or of a section in it. */
export type Settings = Readonly<Record<string, unknown>>;

/** An instance that cannot be made as it was asked for. */
export class InstanceError extends Error {
  override readonly name = 'InstanceError';
}

/** Where a client has to come from that begins with a PROXY line (version 1). */
export const proxyAddress = '127.0.0.2';

const routePlugin = 'demo-route';
const marker = '.gatekeeper-demo';

/** The lines that an operator writes, with the demo's route to the sink. */
export const defaultPlugins = [
  'gatekeeper/audit',
  'gatekeeper/tls',
  'tls',
  'gatekeeper/auth',
  'gatekeeper/sender',
  'rcpt_to.in_host_list',
  'gatekeeper/outbound',
  routePlugin,
  'queue/smtp_forward',
] as const;

/** Makes an instance directory as `haraka -i` would, configured as a gateway, and returns its path. */
export function writeInstance(options: InstanceOptions): string {
  const dir = resolve(options.dir);
  clear(dir);
  for (const folder of ['config', 'plugins', 'queue', 'node_modules'])
    mkdirSync(join(dir, folder), { recursive: true });
  symlinkSync(
    resolve(options.packageDir ?? join(root, 'dist')),
    join(dir, 'node_modules/haraka-plugin-gatekeeper'),
  );
  copyPlugins(dir, options);
  const files = { ...configFiles(options), ...options.config };
  for (const [name, content] of Object.entries(files)) {
    const isSecret = /key|password/.test(name);
    mkdirSync(dirname(join(dir, 'config', name)), { recursive: true });
    writeFileSync(join(dir, 'config', name), content, { mode: isSecret ? 0o600 : 0o644 });
  }
  return dir;
}

/** Removes an earlier instance, also half of one, but nothing that does not look like one. */
function clear(dir: string): void {
  const isOurs = !existsSync(dir) || readdirSync(dir).length === 0 || existsSync(join(dir, marker));
  if (!isOurs) throw new InstanceError(`${dir} holds something else than a gateway instance`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, marker), '');
}

function copyPlugins(dir: string, { first = [], last = [] }: InstanceOptions): void {
  const files = [...first, ...last];
  const names = [routePlugin, ...files.map(nameOf)];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InstanceError(`two plugin files have the name ${twice}.js`);
  copyFileSync(join(import.meta.dirname, 'route.js'), join(dir, 'plugins', `${routePlugin}.js`));
  for (const file of files) copyFileSync(file, join(dir, 'plugins', basename(file)));
}

function nameOf(file: string): string {
  if (!file.endsWith('.js')) throw new InstanceError(`${file}: a plugin of Haraka's is a .js file`);
  return basename(file, '.js');
}

function configFiles(options: InstanceOptions): Record<string, string> {
  const { ports, sinkPort, nodes = 0, logLevel = 'info', first = [], last = [] } = options;
  const plugins = [...first.map(nameOf), ...(options.plugins ?? defaultPlugins), ...last.map(nameOf)];
  const listen = [ports.mx, ports.submission, ports.implicit].map((port) => `127.0.0.1:${port}`).join(',');
  const { key, cert } = options.certificate ?? certificateIn(varDir);
  return {
    plugins: lines(plugins),
    'smtp.ini': lines([`listen=${listen}`, `smtps_port=${ports.implicit}`, `nodes=${nodes}`]),
    'connection.ini': connectionIni(),
    'tls.ini': lines(['key=tls_key.pem', 'cert=tls_cert.pem']),
    'tls_key.pem': key,
    'tls_cert.pem': cert,
    'dhparams.pem': readFileSync(join(import.meta.dirname, 'dhparams.pem'), 'utf8'),
    'log.ini': lines(['[main]', `level=${logLevel}`, 'timestamps=true', 'format=default']),
    'outbound.ini': lines(['temp_fail_intervals=5s*12,1m*10', 'local_mx_ok=true']),
    'smtp_forward.ini': lines(['host=127.0.0.1', `port=${sinkPort}`]),
    'demo-route.ini': lines(['host=127.0.0.1', `port=${sinkPort}`]),
    host_list: lines(localDomains),
    me: lines(['gw.corp.example']),
    internalcmd_key: lines([randomBytes(16).toString('hex')]),
    'ldap.password': lines([gatekeeper.password]),
    'gatekeeper.yaml': stringify(merge(defaultSettings(options), options.settings ?? {})),
  };
}

/** Haraka's own, which lets a proxy speak for clients of the world: here all of them are on loopback. */
function connectionIni(): string {
  const shipped = readFileSync(join(harakaDir, 'config/connection.ini'), 'utf8');
  return shipped.replace('hosts[] =', `hosts[] = ${proxyAddress}`);
}

function defaultSettings({ ports, directoryUrl, dnsPort }: InstanceOptions): Settings {
  return {
    listeners: [
      { port: ports.mx, role: 'mx' },
      { port: ports.submission, role: 'submission' },
      { port: ports.implicit, role: 'submission' },
    ],
    protected_domains: localDomains,
    sender: { protected_names: [{ name: 'Carol Chief', addresses: ['carol@corp.example'] }] },
    help_text: 'See https://gw.corp.example/help',
    directory: {
      urls: [directoryUrl],
      start_tls: false,
      bind_dn: gatekeeper.dn,
      bind_password_file: 'ldap.password',
      base: peopleBase,
      send_as_attributes: ['gatekeeperSendAs'],
      on_behalf_attributes: ['gatekeeperOnBehalf'],
      grants_attribute: 'gatekeeperGrant',
      pairs_attribute: 'gatekeeperPair',
    },
    ...(dnsPort !== undefined && { dns: { servers: [`127.0.0.1:${dnsPort}`], timeout_seconds: 0.5 } }),
    ...(ports.http !== undefined && { http: { host: '127.0.0.1', port: ports.http } }),
  };
}

function merge(below: Settings, above: Settings): Settings {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    merged[key] = isSection(under) && isSection(value) ? merge(under, value) : value;
  }
  return merged;
}

function isSection(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lines(list: readonly string[]): string {
  return `${list.join('\n')}\n`;
}
