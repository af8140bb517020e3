import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatekeeper, peopleBase } from '../demo/people.ts';
import type { Scene } from './server.ts';

/** Writes what a passdb needs into Dovecot's folder and returns its section of the configuration. */
export type Passwords = (folder: string, scene: Scene) => string;

/** Passwords in clear, as Haraka's auth/flat_file has them. */
export const passwdFile: Passwords = (folder, { accounts }) => {
  const file = join(folder, 'users');
  const users = accounts.map(({ addresses: [mail], password }) => `${mail}:{PLAIN}${password}\n`);
  writeFileSync(file, users.join(''), { mode: 0o644 });
  return `passdb {\n  driver = passwd-file\n  args = ${file}\n}\n`;
};

/** A search as the service account, and a bind as the user. */
export const ldap: Passwords = (folder, { directory }) => {
  const [file, ca] = [join(folder, 'ldap.conf'), join(folder, 'ca.pem')];
  writeFileSync(ca, directory.ca);
  const settings = {
    uris: directory.url,
    tls_ca_cert_file: ca,
    tls_require_cert: 'hard',
    dn: gatekeeper.dn,
    dnpass: gatekeeper.password,
    base: peopleBase,
    auth_bind: 'yes',
    pass_filter: '(&(objectClass=inetOrgPerson)(mail=%u))',
    pass_attrs: 'mail=user',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  return `passdb {\n  driver = ldap\n  args = ${file}\n}\n`;
};

/** A Dovecot that does nothing but SASL, on a socket for Postfix. */
export function dovecotConfig(folder: string, socket: string, passwords: Passwords, scene: Scene): string {
  return `base_dir = ${join(folder, 'run')}
state_dir = ${join(folder, 'state')}
log_path = ${join(folder, 'dovecot.log')}
protocols =
ssl = no
auth_mechanisms = plain login
${passwords(folder, scene)}userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
service auth {
  unix_listener ${socket} {
    mode = 0660
    user = postfix
    group = postfix
  }
}
`;
}
