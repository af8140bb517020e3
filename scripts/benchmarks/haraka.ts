import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Gateway, type Settings, startGateway } from '../demo/gateway.ts';
import { harakaDir } from '../demo/instance.ts';
import { type Person, peopleBase } from '../demo/people.ts';
import { freePorts } from '../../test/support/ports.ts';
import type { Contestant, Scene, Server } from './server.ts';

export interface Setup {
  readonly plugins: readonly string[];
  /** Plugin files (.js), listed after all others. */
  readonly last?: readonly string[];
  readonly config?: Readonly<Record<string, string>>;
  /** Sections of gatekeeper.yaml. */
  readonly settings?: Settings;
  readonly loginOf?: (account: Person) => string;
  /** For Node.js. */
  readonly execArgv?: readonly string[];
}

/** Haraka's own, which answers AUTH from a file with passwords in clear. */
export const flatFile: Contestant = {
  name: 'haraka',
  title: 'Haraka, auth/flat_file',
  start: (scene) =>
    startHaraka('haraka', scene, {
      plugins: ['tls', 'auth/flat_file', 'rcpt_to.in_host_list', 'queue/discard'],
      config: { 'auth_flat_file.ini': flatFileIni(scene.accounts) },
    }),
};

/**
 * The plugin whose place Gatekeeper takes; certificates of the directory are not verified, as it is shipped. All logins
 * share one variable for their connection to the directory, so that of two at once one fails: clients come one by one.
 */
export const authLdap: Contestant = {
  name: 'auth-ldap',
  title: 'Haraka, haraka-plugin-auth-ldap',
  mostClients: 1,
  start: (scene) =>
    startHaraka('auth-ldap', scene, {
      plugins: ['tls', 'auth-ldap', 'rcpt_to.in_host_list', 'queue/discard'],
      config: { 'auth_ldap.ini': authLdapIni(scene.directory.url) },
      loginOf: ({ uid }) => uid,
    }),
};

export const gatekeeper: Contestant = {
  name: 'gatekeeper',
  title: 'Gatekeeper',
  start: (scene) => startGatekeeper('gatekeeper', scene),
};

/** The same, for a server that cannot serve more either. */
export const gatekeeperAlone: Contestant = {
  name: 'gatekeeper-alone',
  title: 'Gatekeeper, one client at once',
  mostClients: 1,
  start: (scene) => startGatekeeper('gatekeeper-alone', scene),
};

/** Gatekeeper with all its plugins and every event in its file, in a folder of that name. */
export function startGatekeeper(
  name: string,
  scene: Scene,
  execArgv: readonly string[] = [],
): Promise<Server> {
  const plugins = ['audit', 'tls', 'auth', 'sender', 'outbound'].map((each) => `gatekeeper/${each}`);
  return startHaraka(name, scene, {
    plugins: [...plugins, 'tls', 'rcpt_to.in_host_list', 'queue/discard'],
    config: { 'ldap-ca.pem': scene.directory.ca },
    execArgv,
  });
}

/** Messages end in queue/discard, which tells of each. */
async function startHaraka(name: string, scene: Scene, setup: Setup): Promise<Server> {
  const gateway = await startOne(name, scene, setup);
  const { loginOf = mailOf } = setup;
  return {
    port: gateway.ports.submission,
    pids: gateway.process.pid === undefined ? [] : [gateway.process.pid],
    loginOf,
    log: { file: join(gateway.dir, 'haraka.log'), words: 'discarding message' },
    stop: () => gateway.stop(),
  };
}

/** One process, with Haraka's log as it is shipped. */
export async function startOne(name: string, scene: Scene, setup: Setup): Promise<Gateway> {
  const [mx, submission, implicit] = await freePorts(3);
  const { plugins, last, config, settings, execArgv } = setup;
  return startGateway({
    dir: join(scene.folder, name),
    ports: { mx, submission, implicit },
    sinkPort: mx, // nothing is sent on
    directoryUrl: scene.directory.url,
    // Each account sends more than anybody would.
    settings: {
      directory: { ca_file: 'ldap-ca.pem' },
      limits: { recipients_per_hour: 1_000_000_000 },
      ...settings,
    },
    certificate: scene.certificate,
    nodes: 0,
    plugins,
    last,
    config: { 'log.ini': readFileSync(join(harakaDir, 'config/log.ini'), 'utf8'), ...config },
    execArgv,
    env: { YES_REALLY_DO_DISCARD: '1' },
  });
}

function mailOf({ addresses: [mail] }: Person): string {
  return mail;
}

export function flatFileIni(accounts: readonly Person[]): string {
  const users = accounts.map((account) => `${mailOf(account)}=${account.password}`);
  return `[core]\nmethods=PLAIN,LOGIN\n[users]\n${users.join('\n')}\n`;
}

/** Both names that the plugin's own file holds are replaced: what is left of them is tried too, at the same time. */
function authLdapIni(url: string): string {
  const name = `uid=%u,${peopleBase}`;
  return `[core]\nserver=${url}\nrejectUnauthorized=false\n[dns]\ndn1=${name}\ndn2=${name}\n`;
}
