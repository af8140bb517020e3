import type { Account, Refusal } from '../core/directory/directory.ts';
import { formatMailbox } from '../core/mailbox.ts';
import type { Fact } from './output.ts';

interface Field {
  readonly label: string;
  readonly key: string;
  readonly value: (account: Account) => string | readonly string[];
}

/** What is shown of an account, to people under the label, to programs under the key. */
const fields: readonly Field[] = [
  { label: 'account', key: 'id', value: ({ id }) => id },
  { label: 'name', key: 'name', value: ({ name }) => name },
  { label: 'may send as', key: 'addresses', value: ({ addresses }) => addresses.map(formatMailbox) },
];

export function accountFacts(account: Account): Fact[] {
  return fields.map(({ label, value }) => {
    const shown = value(account);
    return [label, shown.length === 0 ? '(nothing)' : shown];
  });
}

export function accountJson(account: Account): Readonly<Record<string, unknown>> {
  return Object.fromEntries(fields.map(({ key, value }) => [key, value(account)]));
}

/** What each cause of a refusal means to whoever manages the accounts. */
export const meanings: Readonly<Record<Refusal, string>> = {
  'no-such-account': 'directory.filter finds nobody below directory.base',
  'wrong-password': 'the directory refuses this password',
  'account-disabled': 'its directory.status_attribute says that it may not log in',
  'empty-password': 'no password was given, and the directory was not asked',
  'malformed-login': 'too long, or with control characters; the directory was not asked',
  'foreign-authzid': 'it asked to act for somebody else',
  'no-scram-verifier': 'its directory.scram_attribute holds no verifier for SCRAM-SHA-256',
  'channel-binding': 'the login was made on another TLS connection than this one: somebody stands in between',
};
