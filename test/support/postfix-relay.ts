import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asRoot, startDaemon } from './as-root.ts';
import { eventually } from './gateway.ts';

/** Where a mail server hands its mail, and as whom. */
export interface Smarthost {
  readonly port: number;
  readonly implicitTls: boolean;
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
  /** What it shows in place of a login; with its key, in PEM. */
  readonly certificateFile?: string;
  readonly folder: string;
  /** Where it takes mail of anybody on this machine; it listens nowhere without. */
  readonly listens?: number;
}

interface Letter {
  readonly from: string;
  readonly to: string;
  readonly file: string;
}

export interface PostfixRelay {
  /** Resolves when the smarthost has taken the message, rejects with the log when it has not. */
  readonly send: (letter: Letter) => Promise<string>;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** A Postfix of our own that relays everything to the smarthost; needs root, or sudo. */
export function startPostfixRelay(smarthost: Smarthost): PostfixRelay {
  const folder = join(smarthost.folder, 'postfix');
  const config = join(folder, 'config');
  rmSync(folder, { recursive: true, force: true });
  for (const each of ['config', 'queue', 'data']) mkdirSync(join(folder, each), { recursive: true });
  chmodSync(smarthost.folder, 0o755);
  writeFileSync(join(config, 'main.cf'), mainCf(folder, smarthost));
  writeFileSync(join(config, 'master.cf'), masterCf(smarthost.listens));
  asRoot('chown', 'postfix', join(folder, 'data'));
  asRoot('postfix', '-c', config, 'check');
  const daemon = startDaemon(['postfix', '-c', config, 'start-fg'], ['postfix', '-c', config, 'stop']);
  const log = (): string => readFileSync(join(folder, 'mail.log'), 'utf8');
  return {
    send: async ({ from, to, file }: Letter): Promise<string> => {
      const submit = 'exec sendmail -C "$1" -f "$2" "$3" < "$4"';
      await promisify(execFile)('sh', ['-c', submit, 'sh', config, from, to, file]);
      const told = await eventually(
        `what became of ${to}`,
        () => /^.*status=.*$/m.exec(logOrNothing(log))?.[0],
        20_000,
      );
      if (!told.includes('status=sent')) throw new Error(log());
      return told;
    },
    log: () => logOrNothing(log),
    stop: () => daemon.stop(),
  };
}

/** Before it has begun there is no log. */
function logOrNothing(log: () => string): string {
  try {
    return log();
  } catch {
    return '';
  }
}

function mainCf(folder: string, smarthost: Smarthost): string {
  const { port, implicitTls, caFile, user, password, certificateFile } = smarthost;
  const settings = {
    compatibility_level: '3.6',
    command_directory: '/usr/sbin',
    daemon_directory: '/usr/lib/postfix/sbin',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    maillog_file: join(folder, 'mail.log'),
    maillog_file_prefixes: folder,
    myhostname: 'onprem.corp.example',
    myorigin: 'corp.example',
    mydestination: '',
    mynetworks: '127.0.0.0/8',
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    // What is put off is tried again at once, and nobody waits for what is under way.
    ...{ queue_run_delay: '2s', minimal_backoff_time: '2s', in_flow_delay: '0' },
    inet_interfaces: 'loopback-only',
    inet_protocols: 'ipv4',
    alias_maps: '',
    relayhost: `[localhost]:${port}`,
    smtp_dns_support_level: 'disabled',
    smtp_host_lookup: 'native',
    smtp_tls_security_level: 'secure',
    smtp_tls_wrappermode: implicitTls ? 'yes' : 'no',
    smtp_tls_CAfile: caFile,
    ...(certificateFile === undefined
      ? {
          smtp_sasl_auth_enable: 'yes',
          smtp_sasl_password_maps: `static:${user}:${password}`,
          smtp_sasl_security_options: 'noanonymous',
        }
      : { smtp_tls_cert_file: certificateFile }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/** The lines of Postfix's own master.cf that a message to a smarthost needs, outside of any chroot. */
function masterCf(port?: number): string {
  const listener =
    port === undefined ? '' : `127.0.0.1:${port} inet n - n - - smtpd\nanvil unix - - n - 1 anvil\n`;
  return listener + services;
}

const services = `pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;
