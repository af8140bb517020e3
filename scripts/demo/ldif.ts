import { createHash, randomBytes } from 'node:crypto';
import type { Entry } from './people.ts';

const introduction = `# The sample directory of haraka-plugin-gatekeeper, for a real LDAP server.
#
# An OpenLDAP needs scripts/demo/mail.schema first (after core, cosine and
# inetorgperson), a database with the suffix dc=corp,dc=example, and rules by
# which cn=gatekeeper,ou=services,dc=corp,dc=example may read ou=people:
#
#   access to attrs=userPassword by anonymous auth by * none
#   access to dn.subtree=ou=people,dc=corp,dc=example
#     by dn.exact=cn=gatekeeper,ou=services,dc=corp,dc=example read by * none
#
# Load it with slapadd or ldapadd, then run
#   GATEKEEPER_LDAP_URL=ldap://HOST:PORT scripts/start
# Everybody's password is pw- and their uid; the gateway's is pw-gatekeeper.
`;

/**
 * The entries as LDIF (RFC 2849), passwords hashed with a new salt each time. Without the line `version: 1`, which slapadd
 * refuses and slapcat does not write either.
 */
export function ldif(entries: readonly Entry[]): string {
  return [introduction, ...entries.map(record)].join('\n');
}

function record({ dn, attributes }: Entry): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    values.map((value) => line(name, name === 'userPassword' ? ssha(value) : value)),
  );
  return [line('dn', dn), ...lines, ''].join('\n');
}

/** RFC 2849's SAFE-STRING, less control characters; its note 8: a space at the end is encoded too. */
function line(name: string, value: string): string {
  const isSafe = /^[!-9;=-~](?:[ -~]*[!-~])?$/.test(value);
  return isSafe ? `${name}: ${value}` : `${name}:: ${Buffer.from(value).toString('base64')}`;
}

function ssha(password: string): string {
  const salt = randomBytes(8);
  const digest = createHash('sha1').update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`;
}
