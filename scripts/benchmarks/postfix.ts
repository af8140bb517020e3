import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allReady, type Expected } from '../demo/ports.ts';
import { freePorts } from '../../test/support/ports.ts';
import { asRoot, startDaemon } from '../../test/support/as-root.ts';
import { dovecotConfig, type Passwords, passwdFile, ldap } from './dovecot.ts';
import type { Contestant, Scene, Server } from './server.ts';

/** Where messages end: what main.cf says for that, and what the log says of each. */
interface End {
  readonly settings: Readonly<Record<string, string>>;
  readonly words: string;
}

/** Behind the queue, which every message is written to: what Postfix does before it answers for a message. */
const transport: End = { settings: { default_transport: 'discard:bench' }, words: 'status=sent (bench)' };

/** Before the queue, where Haraka's queue/discard ends them too. Without a message for it the queue manager would seem late. */
const access: End = {
  settings: { smtpd_recipient_restrictions: 'check_recipient_access static:DISCARD', in_flow_delay: '0' },
  words: 'triggers DISCARD action',
};

/** Postfix with Dovecot's SASL, which reads a file with passwords in clear. */
export const postfix: Contestant = {
  name: 'postfix',
  title: 'Postfix, Dovecot passwd-file',
  start: (scene) => startPostfix('postfix', scene, passwdFile, transport),
};

/** The same, with messages that never reach its queue. */
export const postfixUnqueued: Contestant = {
  name: 'postfix-unqueued',
  title: 'Postfix, Dovecot passwd-file, no queue',
  start: (scene) => startPostfix('postfix-unqueued', scene, passwdFile, access),
};

/** The first, with Dovecot asking the directory as Gatekeeper does: search, then bind. */
export const postfixLdap: Contestant = {
  name: 'postfix-ldap',
  title: 'Postfix, Dovecot LDAP',
  start: (scene) => startPostfix('postfix-ldap', scene, ldap, transport),
};

const readyMs = 20_000;

/** An instance of its own with Postfix's own limits. */
async function startPostfix(name: string, scene: Scene, passwords: Passwords, end: End): Promise<Server> {
  const [port] = await freePorts(1);
  const folder = join(scene.folder, name);
  const config = join(folder, 'config');
  for (const each of ['config', 'queue', 'data', 'dovecot'])
    mkdirSync(join(folder, each), { recursive: true });
  writeFileSync(join(config, 'main.cf'), mainCf(folder, end));
  writeFileSync(join(config, 'master.cf'), masterCf(port));
  const chain = join(config, 'chain.pem');
  writeFileSync(chain, scene.certificate.key + scene.certificate.cert, { mode: 0o600 });
  chmodSync(folder, 0o755);
  asRoot('chown', 'postfix', join(folder, 'data'));
  asRoot('postfix', '-c', config, 'check');
  const dovecot = join(folder, 'dovecot/dovecot.conf');
  writeFileSync(
    dovecot,
    dovecotConfig(join(folder, 'dovecot'), join(folder, 'queue/private/auth'), passwords, scene),
  );
  const daemons = [
    startDaemon(['dovecot', '-F', '-c', dovecot], ['dovecot', '-c', dovecot, 'stop']),
    startDaemon(['postfix', '-c', config, 'start-fg'], ['postfix', '-c', config, 'stop']),
  ];
  const stop = async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
  };
  const greets: Expected = { port, manner: 'greets' };
  if (!(await allReady([greets], AbortSignal.timeout(readyMs)))) {
    await stop();
    throw new Error(`${name} does not answer; ${join(folder, 'mail.log')} and dovecot/dovecot.log say why`);
  }
  return {
    port,
    pids: daemons.map(({ pid }) => pid),
    loginOf: ({ addresses: [mail] }) => mail,
    log: { file: join(folder, 'mail.log'), words: end.words },
    stop,
  };
}

function mainCf(folder: string, end: End): string {
  const settings = {
    compatibility_level: '3.6',
    command_directory: '/usr/sbin',
    daemon_directory: '/usr/lib/postfix/sbin',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    maillog_file: join(folder, 'mail.log'),
    maillog_file_prefixes: folder,
    myhostname: 'gw.corp.example',
    mydestination: '',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    alias_maps: '',
    smtpd_tls_chain_files: join(folder, 'config/chain.pem'),
    smtpd_tls_security_level: 'encrypt',
    smtpd_sasl_auth_enable: 'yes',
    smtpd_sasl_type: 'dovecot',
    smtpd_sasl_path: 'private/auth',
    smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
    ...end.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/** The lines of Postfix's own master.cf that a message on its way to `discard` needs, outside of any chroot. */
function masterCf(port: number): string {
  return `127.0.0.1:${port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`;
}
