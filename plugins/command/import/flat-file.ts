import { hashedPassword, ldifLines } from '../../core/directory/ldif.ts';
import { formatMailbox, parseMailbox } from '../../core/mailbox.ts';
import { Secret } from '../../core/secret.ts';
import { find, findAll, oddities, type Ini } from './ini.ts';
import { unknownDirectory, type Proposal, type User } from './proposal.ts';

/** How Haraka's auth/flat_file declares its keys. */
export const flatFileBooleans = ['+core.constrain_sender'];

/** Proposes settings for `auth_flat_file.ini`, whose users have to move into a directory; `base` is where to. */
export function fromFlatFile(ini: Ini, base: string | undefined): Proposal {
  const why = 'auth/flat_file has no directory: name the one that gets its users';
  const { users, notes } = usersOf(ini);
  return {
    directory: unknownDirectory(why, base),
    users,
    notes: [...oddities(ini), movedUsers, ...notes, ...methodNotes(ini), ...senderNotes(ini), inClear],
  };
}

const movedUsers =
  'The users move into an LDAP directory: --ldif FILE --base DN writes them, with hashed passwords and their names as uid.';

const inClear =
  'Passwords count over TLS only, whoever the client is; auth/flat_file took them in clear from private addresses.';

function methodNotes(ini: Ini): string[] {
  const methods = find(ini, 'core', 'methods')?.value;
  if (typeof methods !== 'string' || !/CRAM-MD5/i.test(methods)) return [];
  return [
    'CRAM-MD5 is not offered, since it needs passwords in clear on the server: clients use PLAIN or LOGIN, over TLS.',
  ];
}

function senderNotes(ini: Ini): string[] {
  const isConstrained = find(ini, 'core', 'constrain_sender')?.value !== false;
  const before = isConstrained
    ? 'any address of the domain in its name (any at all without one)'
    : 'any address';
  return [
    `A user could send as ${before}. Gatekeeper wants MAIL FROM, From and Sender to be an address of the account ` +
      `(mail, mailAlternateAddress); to see first what it would refuse: sender: { mode: observe }.`,
  ];
}

/** The users that can log in, with the password that Haraka compares. LDAP does not tell names apart by case. */
function usersOf(ini: Ini): { users: User[]; notes: string[] } {
  const names = Object.keys(ini.values['users'] ?? {}).filter((name) => !name.startsWith('['));
  const able = findAll(ini, 'users').filter(({ value }) => value !== '' && value !== 0);
  const taken = withoutTwins(able);
  const namesIf = (condition: (name: string) => boolean) => names.filter(condition);
  const isAble = (name: string) => able.some(({ key }) => key === name);
  const isTaken = (name: string) => taken.some(({ key }) => key === name);
  const isText = (name: string) => taken.some(({ key, value }) => key === name && typeof value === 'string');
  return {
    users: taken.map(({ key, value }) => ({ name: key, password: Secret.fromText(String(value)) })),
    notes: [
      about(
        namesIf((name) => !isAble(name)),
        'no password, so no login; left out.',
      ),
      about(
        namesIf((name) => isAble(name) && !isTaken(name)),
        sameName,
      ),
      about(
        namesIf((name) => isTaken(name) && !isText(name)),
        readAsNumber,
      ),
      about(
        namesIf((name) => isTaken(name) && parseMailbox(name) === undefined),
        noAddress,
      ),
    ].flat(),
  };
}

function withoutTwins<T extends { readonly key: string }>(users: readonly T[]): T[] {
  const seen = new Set<string>();
  return users.filter(({ key }) => {
    const isNew = !seen.has(key.toLowerCase());
    seen.add(key.toLowerCase());
    return isNew;
  });
}

function about(names: readonly string[], what: string): string[] {
  return names.length > 0 ? [`${names.join(', ')}: ${what}`] : [];
}

const sameName = 'differs from another name by case only, which LDAP does not tell apart; left out.';
const readAsNumber =
  'Haraka reads the password as a number or list and accepts only what that prints as (0123 is 123); that is what is written.';
const noAddress =
  'the name is no address, so that the account could send nothing: put the address in where the LDIF says FILL-IN.';

/** The users as LDIF, for `ldapadd` or `slapadd`; the entry `base` must be there. */
export function usersLdif(users: readonly User[], base: string): string {
  return [introduction(base), ...users.map((user) => userRecord(user, base))].join('\n');
}

function introduction(base: string): string {
  return `# The users of config/auth_flat_file.ini, for ${base.replace(/[^ -~]/g, '?')}, which must exist.
# Lines with FILL-IN want an address. Load it with
#   ldapadd -x -W -D cn=admin,… -H ldap://… -ZZ -f FILE
`;
}

function userRecord({ name, password }: User, base: string): string {
  const mailbox = parseMailbox(name);
  const attributes = {
    objectClass: ['inetOrgPerson'],
    uid: [name],
    cn: [name],
    sn: [name],
    ...(mailbox && { mail: [formatMailbox(mailbox)] }),
    userPassword: [password.reveal((bytes) => hashedPassword(bytes.toString('utf8')))],
  };
  const missing = mailbox ? [] : [`# mail: ${name}@FILL-IN`];
  return [...ldifLines(`uid=${escapedValue(name)},${base}`, attributes), ...missing, ''].join('\n');
}

/** RFC 4514 §2.4. */
function escapedValue(value: string): string {
  return value.replace(/[,+"\\<>;=]|^[ #]| $/g, (one) => `\\${one}`);
}
