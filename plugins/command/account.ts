import type { Credential } from '../core/credential.ts';
import { isUnreadable } from '../core/directory/delegated.ts';
import type { Account, Refusal } from '../core/directory/directory.ts';
import { formatMailbox } from '../core/mailbox.ts';
import type { MailServer } from '../core/registrations.ts';
import { formatAddressPattern, type Pair } from '../core/rights.ts';
import type { Fact } from './output.ts';

interface Field {
  readonly label: string;
  readonly key: string;
  /** Absent: there is nothing to say of it. */
  readonly value: (account: Account) => string | readonly string[] | undefined;
  /** For programs, where that is something else. */
  readonly json?: (account: Account) => unknown;
}

/** What is shown of an account, to people under the label, to programs under the key. */
const fields: readonly Field[] = [
  { label: 'account', key: 'id', value: ({ id }) => id },
  { label: 'name', key: 'name', value: ({ name }) => name },
  {
    ...{ label: 'may send as', key: 'addresses' },
    // Pairs take their place.
    value: ({ addresses, delegated }) => (delegated?.pairs.length ? undefined : addresses.map(formatMailbox)),
    json: ({ addresses }) => addresses.map(formatMailbox),
  },
  {
    ...{ label: 'any address of', key: 'domains' },
    value: ({ delegated }) => whereAny(delegated?.domains),
  },
  {
    ...{ label: 'on behalf of', key: 'on_behalf' },
    value: ({ delegated }) => whereAny(delegated?.onBehalf)?.map(formatMailbox),
  },
  { label: 'grants', key: 'grants', value: ({ delegated }) => whereAny(delegated?.grants) },
  {
    ...{ label: 'only in pairs', key: 'pairs' },
    value: ({ delegated }) => whereAny(delegated?.pairs)?.map(pairInWords),
    json: ({ delegated }) => whereAny(delegated?.pairs)?.map(pairForPrograms),
  },
  { label: 'groups', key: 'groups', value: ({ groups }) => groups },
  {
    ...{ label: 'app passwords', key: 'app_passwords' },
    value: ({ credentials }) => credentials?.map(inWords),
    json: ({ credentials }) => credentials,
  },
];

/** Most accounts have none: they are not told of each kind of right that they lack. */
function whereAny<T>(rights: readonly T[] | undefined): readonly T[] | undefined {
  return rights?.length === 0 ? undefined : rights;
}

function pairInWords(pair: Pair): string {
  if (isUnreadable(pair)) return '(none that can be read: it may write nothing)';
  return `${formatAddressPattern(pair.envelope)} in MAIL FROM with ${formatAddressPattern(pair.header)} in From`;
}

/** As the attribute has it. */
function pairForPrograms({ envelope, header }: Pair): string {
  return `${formatAddressPattern(envelope)} ${formatAddressPattern(header)}`;
}

/** What is known of an application password, in one line. */
export function inWords({ name, networks, expires }: Credential): string {
  const from = networks === undefined ? '' : `, from ${networks.join(' or ')} only`;
  return `${name}${from}${expires === undefined ? '' : `, until ${expires}`}`;
}

export function accountFacts(account: Account): Fact[] {
  return fields.flatMap(({ label, value }): Fact[] => {
    const shown = value(account);
    return shown === undefined ? [] : [[label, shown.length === 0 ? '(nothing)' : shown]];
  });
}

export function accountJson(account: Account): Readonly<Record<string, unknown>> {
  const known = fields.map(({ key, value, json = value }) => [key, json(account)] as const);
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

/** What is known of an account as a mail server. */
export function serverFacts(server: MailServer | undefined): Fact[] {
  if (!server) return [];
  const { name, domains, addresses, forward_foreign, expires } = server;
  return [
    ['mail server', expires === undefined ? name : `${name}, until ${expires}`],
    ['may send for', domains.length === 0 ? '(no domain)' : domains],
    ...(addresses.length === 0 ? [] : [['logs in from', addresses] as const]),
    ...(forward_foreign === 'off' ? [] : [['forward_foreign', forward_foreign] as const]),
  ];
}

/** What each cause of a refusal means to whoever manages the accounts. */
export const meanings: Readonly<Record<Refusal, string>> = {
  'no-such-account': 'the directory has nobody for this login, or does not show it to directory.bind_dn',
  'wrong-password': 'the directory refuses this password',
  'account-disabled': 'the directory says that it may not log in',
  'account-locked': 'the directory has locked it, as after too many wrong passwords',
  'account-expired': 'the directory says that its time is over',
  'logon-restricted': 'the directory lets it log in at other times or places only',
  'password-expired': 'the directory wants a new password first',
  'password-must-change': 'its password was set by somebody else, and must be changed first',
  'not-in-required-group': 'it is in none of directory.required_groups',
  'in-forbidden-group': 'it is in one of directory.forbidden_groups',
  'app-password-expired': 'it is an application password whose last day is over',
  'app-password-elsewhere':
    'it is an application password that does not count for the address of this client',
  'account-suspended': 'it looked taken over, or somebody has suspended it: gatekeeper suspended says why',
  'mail-server-elsewhere':
    'its entry of mail_servers names the addresses that it logs in from, and this is none of them',
  'no-app-password': 'only application passwords count, and it has none in directory.app_password_attribute',
  'malformed-password': 'directory.password_preparation cannot prepare it; the directory was not asked',
  'empty-password': 'no password was given, and the directory was not asked',
  'malformed-login': 'too long, or with control characters; the directory was not asked',
  'foreign-authzid': 'it asked to act for somebody else',
  'no-scram-verifier': 'its directory.scram_attribute holds no verifier for SCRAM-SHA-256',
  'channel-binding': 'the login was made on another TLS connection than this one: somebody stands in between',
  'token-invalid': 'the token is none of the issuer in oauth, or not for this gateway',
  'token-expired': 'the time of the token is over',
  'token-scope': 'the token lacks one of oauth.required_scopes',
  'certificate-fault': 'its client certificate does not count, for what is said here',
  'certificate-ambiguous': 'several accounts have this client certificate: nobody knows which is meant',
  'token-without-login': 'the token has no oauth.login_claim by which its account could be found',
};
