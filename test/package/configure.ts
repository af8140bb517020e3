import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../../scripts/demo/certificates.ts';
import type { Ports } from '../../scripts/demo/instance.ts';
import { gatekeeper, localDomains, peopleBase } from '../../scripts/demo/people.ts';
import { projectDir, type Site } from './operator.ts';

/** What is around the gateway. */
export interface World {
  readonly ports: Ports;
  readonly directoryPort: number;
  readonly sinkPort: number;
  /** For the gateway and for the directory. */
  readonly certificate: Certificate;
  /** PEM; signs for corp.example. */
  readonly signingKey: string;
}

export interface Choice {
  /** Which plugin forwards or queues: Haraka's smtp_forward, or nobody but us. */
  readonly queue: 'smtp_forward' | 'none';
  readonly gatekeeper: boolean;
  /** Further lines of config/plugins, behind ours, and what stands in config/gatekeeper.yaml behind the sample. */
  readonly more?: { readonly plugins: readonly string[]; readonly settings: string };
  /** Canonicalization of the body (RFC 6376 §3.4); the shipped dkim.ini leaves it simple. */
  readonly canonicalBody?: 'relaxed';
}

/** A client at this address may relay, says Haraka's plugin `relay`. */
export const relayingClient = '127.0.0.2';

export const selector = 'nov2026';

/** What an operator adds to config/plugins. */
export const gatekeeperLines = ['audit', 'tls', 'auth', 'sender', 'outbound'].map(
  (name) => `gatekeeper/${name}`,
);

/** Edits the files that `haraka -i` made, and those that the packages ship as samples, as their comments tell. */
export function configure(site: Site, around: World, choice: Choice): void {
  const host = join(site.haraka, '../../lib/node_modules/haraka');
  const shipped = (file: string): string => readFileSync(join(host, file), 'utf8');
  const write = (file: string, content: string, mode = 0o644): void => {
    writeFileSync(join(site.instance, 'config', file), content, { mode });
  };
  const { certificate, ports } = around;
  write('plugins', plugins(shipped('config/plugins'), choice));
  write('smtp.ini', `${edited(shipped('config/smtp.ini'), [[';listen=[::0]:25', listening(ports)]])}\n`);
  write('host_list', `${localDomains.join('\n')}\n`);
  write('me', 'gw.corp.example\n');
  write('tls_key.pem', certificate.key, 0o600);
  write('tls_cert.pem', certificate.cert);
  // Without it `tls` makes its own at the first start, which takes minutes.
  write('dhparams.pem', readFileSync(join(projectDir, 'scripts/demo/dhparams.pem'), 'utf8'));
  write('relay_acl_allow', `${relayingClient}/32\n`);
  write('smtp_forward.ini', smtpForward(shipped('config/smtp_forward.ini'), around.sinkPort));
  writeSigning(site, shipped('node_modules/haraka-plugin-dkim/config/dkim.ini'), around.signingKey, choice);
  writeRoute(site, around.sinkPort);
  if (choice.gatekeeper) writeGatekeeper(site, around, choice.more?.settings);
}

/** In the order of the shipped file `dkim` and `queue/smtp_forward` stand before our lines, which come at the end. */
function plugins(shipped: string, choice: Choice): string {
  const lines = edited(shipped, [
    ['# relay', 'relay'],
    ['# tls', 'tls'],
    ['# dkim', 'dkim'],
    // The domains of this test are not in the DNS.
    ['mail_from.is_resolvable', '# mail_from.is_resolvable'],
    ...(choice.queue === 'none' ? ([['queue/smtp_forward', 'demo-route']] as const) : []),
  ]);
  const ours = choice.gatekeeper ? gatekeeperLines : [];
  return [lines, ...ours, ...(choice.more?.plugins ?? []), ''].join('\n');
}

function listening({ mx, submission, implicit }: Ports): string {
  const listen = [mx, submission, implicit].map((port) => `127.0.0.1:${port}`).join(',');
  return `listen=${listen}\nsmtps_port=${implicit}`;
}

function smtpForward(shipped: string, sinkPort: number): string {
  return edited(shipped, [
    ['host=localhost', 'host=127.0.0.1'],
    ['port=2555', `port=${sinkPort}`],
    ['; enable_outbound=false', 'enable_outbound=true'],
  ]);
}

function writeSigning({ instance }: Site, shipped: string, key: string, { canonicalBody }: Choice): void {
  const ini = edited(shipped, [
    ['[sign]\nenabled = false', '[sign]\nenabled = true'],
    ...(canonicalBody
      ? ([
          ['; body = relaxed  ; allowed: simple, relaxed; default: simple', `body = ${canonicalBody}`],
        ] as const)
      : []),
  ]);
  writeFileSync(join(instance, 'config/dkim.ini'), ini);
  const home = join(instance, 'config/dkim/corp.example');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'private'), key, { mode: 0o600 });
  writeFileSync(join(home, 'selector'), `${selector}\n`);
}

/** For outbound deliveries the sink is the whole world. */
function writeRoute({ instance }: Site, sinkPort: number): void {
  copyFileSync(join(projectDir, 'scripts/demo/route.js'), join(instance, 'plugins/demo-route.js'));
  writeFileSync(join(instance, 'config/demo-route.ini'), `host=127.0.0.1\nport=${sinkPort}\n`);
  writeFileSync(join(instance, 'config/outbound.ini'), 'local_mx_ok=true\n');
}

/** The sample of the installed package, with what has no default filled in. */
function writeGatekeeper({ instance, packageDir }: Site, around: World, more = ''): void {
  const sample = readFileSync(join(packageDir, 'config/gatekeeper.yaml'), 'utf8');
  const { ports, directoryPort, certificate } = around;
  const settings = edited(sample, [
    ['# listeners:\n#   - port: 2525\n#     role: mx', listeners(ports)],
    ['# protected_domains: []', `protected_domains: [${localDomains.join(', ')}]`],
    ['    - ldaps://ldap.example.com', `    - ldaps://127.0.0.1:${directoryPort}`],
    ['  # ca_file: ldap-ca.pem', '  ca_file: ldap-ca.pem'],
    ['  bind_dn: cn=gatekeeper,ou=services,dc=example,dc=com', `  bind_dn: ${gatekeeper.dn}`],
    ['  # bind_password_file: ldap.password', '  bind_password_file: ldap.password'],
    ['  base: ou=people,dc=example,dc=com', `  base: ${peopleBase}`],
  ]);
  writeFileSync(join(instance, 'config/gatekeeper.yaml'), `${settings}\n${more}`);
  writeFileSync(join(instance, 'config/ldap-ca.pem'), certificate.cert);
  writeFileSync(join(instance, 'config/ldap.password'), `${gatekeeper.password}\n`, { mode: 0o600 });
}

function listeners({ mx, implicit, submission }: Ports): string {
  const roles = [
    [mx, 'mx'],
    [implicit, 'submission'],
    [submission, 'submission'],
  ] as const;
  const lines = [
    'listeners:',
    ...roles.flatMap(([port, role]) => [`  - port: ${port}`, `    role: ${role}`]),
  ];
  return lines.join('\n');
}

/** Replaces whole lines; each must be there, and once. */
export function edited(text: string, edits: readonly (readonly [from: string, to: string])[]): string {
  let result = `\n${text}\n`;
  for (const [from, to] of edits) {
    const parts = result.split(`\n${from}\n`);
    if (parts.length !== 2) throw new Error(`the file that ships has ${parts.length - 1} times: ${from}`);
    result = parts.join(`\n${to}\n`);
  }
  return result.slice(1, -1);
}
