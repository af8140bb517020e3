import { hashedPassword, ldifLines } from '../../plugins/core/directory/ldif.ts';
import type { Entry } from './people.ts';

const introduction = `# The sample directory of haraka-plugin-gatekeeper, for a real LDAP server.
#
# An OpenLDAP needs config/system/openldap/gatekeeper.schema first (after core, cosine and
# inetorgperson), a database with the suffix dc=corp,dc=example, and rules by
# which cn=gatekeeper,ou=services,dc=corp,dc=example may read ou=people:
#
#   access to attrs=userPassword by anonymous auth by * none
#   access to dn.subtree=ou=people,dc=corp,dc=example
#     by dn.exact=cn=gatekeeper,ou=services,dc=corp,dc=example read by * none
#   access to dn.subtree=ou=groups,dc=corp,dc=example
#     by dn.exact=cn=gatekeeper,ou=services,dc=corp,dc=example read by * none
#
# Load it with slapadd or ldapadd, then run
#   GATEKEEPER_LDAP_URL=ldap://HOST:PORT scripts/start
# Everybody's password is pw- and their uid; the gateway's is pw-gatekeeper.
`;

/** The entries as LDIF, passwords hashed. */
export function ldif(entries: readonly Entry[]): string {
  return [introduction, ...entries.map(record)].join('\n');
}

function record({ dn, attributes }: Entry): string {
  const { userPassword, ...open } = attributes;
  const hashed = userPassword && { userPassword: userPassword.map(hashedPassword) };
  return [...ldifLines(dn, { ...open, ...hashed }), ''].join('\n');
}
