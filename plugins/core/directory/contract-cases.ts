import type { Refusal } from './directory.ts';

/** Somebody whom a directory or a source has to know for the contract. */
export interface ContractPerson {
  /** By what it logs in: its first address, as a client types it. */
  readonly login: string;
  /** Eight characters at least, with a small letter among them; nobody else's. */
  readonly password: string;
}

export interface ContractPeople {
  readonly alice: ContractPerson;
  readonly bob: ContractPerson;
  /** May not log in, although the password is right. */
  readonly disabled: ContractPerson;
}

/** What a login comes to: a cause, or whom it is. */
export interface ContractCase {
  readonly it: string;
  readonly login: string;
  readonly password: string;
  readonly is: Refusal | keyof ContractPeople;
}

const longest = 'é'.repeat(128);

/** What becomes of passwords and logins, wherever accounts are. */
export function loginCases({ alice, bob, disabled }: ContractPeople): readonly ContractCase[] {
  const { login, password } = alice;
  const stranger = strangerTo(alice);
  return [
    { it: 'knows the right password', login, password, is: 'alice' },
    { it: 'refuses a wrong one', login, password: bob.password, is: 'wrong-password' },
    { it: 'refuses a longer one', login, password: `${password} `, is: 'wrong-password' },
    { it: 'refuses a shorter one', login, password: password.slice(0, -1), is: 'wrong-password' },
    { it: 'tells case apart in passwords', login, password: password.toUpperCase(), is: 'wrong-password' },
    { it: 'does not know everybody', login: stranger, password, is: 'no-such-account' },
    { it: 'refuses no password', login, password: '', is: 'empty-password' },
    { it: 'refuses a disabled account', ...disabled, is: 'account-disabled' },
    {
      it: 'tells strangers nothing about it',
      login: disabled.login,
      password: 'guess',
      is: 'wrong-password',
    },
    { it: 'takes an asterisk for a letter', login: '*', password, is: 'no-such-account' },
    { it: 'takes part of a name for another name', login: 'alice*', password, is: 'no-such-account' },
    { it: 'takes no NUL', login: `${login}\0`, password, is: 'malformed-login' },
    { it: 'takes no NUL in a password', login, password: `${password}\0`, is: 'malformed-login' },
    { it: 'takes no line end', login: `${login}\r\n`, password, is: 'malformed-login' },
    { it: 'takes no half letter', login: `a\ud800${login}`, password, is: 'malformed-login' },
    { it: 'takes no empty login', login: '', password, is: 'malformed-login' },
    { it: 'takes a login of 256 octets', login: longest, password, is: 'no-such-account' },
    { it: 'takes no longer one', login: `${longest}x`, password, is: 'malformed-login' },
  ];
}

/** What is found without a password. */
export function findCases({ alice, disabled }: ContractPeople): readonly Omit<ContractCase, 'password'>[] {
  return [
    { it: 'finds an account without its password', login: alice.login, is: 'alice' },
    { it: 'finds nobody who is not there', login: strangerTo(alice), is: 'no-such-account' },
    { it: 'finds no account by an asterisk', login: '*', is: 'no-such-account' },
    { it: 'says that an account is disabled', login: disabled.login, is: 'account-disabled' },
    { it: 'does not search for a line end', login: `${alice.login}\r\n`, is: 'malformed-login' },
    { it: 'does not search for an empty login', login: '', is: 'malformed-login' },
    { it: 'does not search for a long login', login: `${longest}x`, is: 'malformed-login' },
  ];
}

function strangerTo({ login }: ContractPerson): string {
  return `mallory.${login}`;
}

/** What would be more than a name to whatever it is put into unescaped; <A> and <B> stand for the logins of alice and bob. */
const hostile: Readonly<Record<string, readonly string[]>> = {
  sql: [
    "' OR '1'='1",
    "' OR 1=1 -- ",
    "<A>' -- ",
    "<A>'/*",
    '" OR ""="',
    "x' UNION SELECT * FROM accounts -- ",
  ],
  patterns: ["<A>'; DROP TABLE accounts; -- ", '<A>\\', '<A>%', '%', '_', '%@%', '.*', '^.*$', '(<A>|x)'],
  ldap: ['*)(uid=*', '<A>)(objectClass=*', 'uid=alice,ou=people,dc=corp,dc=example'],
  paths: ['../<A>', '<A>/../<B>', '<A>?login=<B>', '<A>&login=<B>', '<A>#', '<A>%00', '%2e%2e/<A>'],
  shells: ['$(echo <A>)', '`echo <A>`', '<A>; true', '<A> | true', '{{<A>}}', '${<A>}'],
  json: ['{"$ne":null}', '{"$gt":""}', '[object Object]', '__proto__', 'constructor', 'toString'],
  lists: ['<A>,<B>', '<A> <B>', 'null', 'undefined', '0', '1', 'true', 'NaN'],
};

/** Logins that nobody has, and passwords that are wrong, although much that is not written with care takes them. */
export function injections({ alice, bob }: ContractPeople): readonly string[] {
  const texts = Object.values(hostile).flat();
  const escaped = `\\${alice.login.charCodeAt(0).toString(16)}${alice.login.slice(1)}`;
  return [escaped, ...texts.map((text) => text.replaceAll('<A>', alice.login).replaceAll('<B>', bob.login))];
}

/** Ways to write a login that a server may take for it, or for nobody. */
export function spellings(login: string): readonly string[] {
  const at = login.lastIndexOf('@');
  const [local, domain] = [login.slice(0, at), login.slice(at + 1)];
  return [
    ...[login.toUpperCase(), ` ${login}`, `${login} `, ` ${login} `, `${login}.`, login.replace('@', '＠')],
    ...[`${local}@${domain.toUpperCase()}`, `"${local}"@${domain}`, `${local}\u00ad@${domain}`, local],
    ...[login.normalize('NFKD'), `\ufeff${login}`, `${local} @ ${domain}`, `${local}+tag@${domain}`],
  ];
}
